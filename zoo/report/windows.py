"""Where a classifier looked in an image, and what it said there."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from zoo.report.canvas import ACCENT, COLORS, save, style


def looked_at(path: str | Path, image: np.ndarray, boxes: Mapping[str, np.ndarray]) -> Path:
    """The image once for each set of boxes, with how many there are; the path of the picture.

    Of the first set, which lies on a grid, the middles are dots, and of each size the box nearest
    to the image's middle is drawn. Of the others all are; more than ten as thin lines.

    Args:
        path: of the picture.
        image: uint8 (h, w, 1 or 3).
        boxes: what they are -> (n, 4), xyxy in pixels.
    """
    height, width = image.shape[:2]
    with style(axes__grid=False, axes__titlesize=10):
        figure, axes = _row(len(boxes), height / width)
        for number, (axis, (name, found)) in enumerate(zip(axes, boxes.items(), strict=True)):
            axis.imshow(image.squeeze(), cmap="gray")
            if number == 0:
                middles = (found[:, :2] + found[:, 2:]) / 2
                axis.plot(*middles.T, ".", color="white", markersize=2.5, markeredgewidth=0)
            drawn = _nearest_to_the_middle(found, width, height) if number == 0 else found
            few = len(drawn) <= len(COLORS)
            for k, box in enumerate(drawn):
                color, line = (COLORS[k], 2.0) if few else (ACCENT, 0.7)
                axis.add_patch(_outline(box, edgecolor=color, linewidth=line))
            axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
            axis.set_title(f"{len(found):,} {name}")
        return save(figure, path)


def score_maps(
    path: str | Path,
    image_shape: tuple[int, ...],
    boxes: np.ndarray,
    scores: np.ndarray,
    objects: np.ndarray,
) -> Path:
    """Scores of windows at their middles, one map for each size of window.

    Args:
        path: of the picture.
        image_shape: (height, width, ...).
        boxes: (n, 4), the windows, of each size on a grid, row by row.
        scores: (n,), from 0 to 1.
        objects: (k, 4), true boxes, drawn over each map.
    """
    height, width = image_shape[:2]
    sides = np.round(boxes[:, 2] - boxes[:, 0], 3)
    with style(axes__grid=False, axes__titlesize=10):
        sizes = np.unique(sides)
        figure, axes = _row(len(sizes), height / width)
        for axis, side in zip(axes, sizes, strict=True):
            chosen = boxes[sides == side]
            rows = len(np.unique(chosen[:, 1]))
            left, bottom, right, top = side / 2, height - side / 2, width - side / 2, side / 2
            shown = axis.imshow(
                scores[sides == side].reshape(rows, -1),
                cmap="magma",
                vmin=0,
                vmax=1,
                extent=(left, right, bottom, top),
            )
            axis.set_facecolor("black")
            for box in objects:
                axis.add_patch(_outline(box, edgecolor="white", linewidth=1.2, linestyle="--"))
            axis.set(xlim=(0, width), ylim=(height, 0), title=f"windows of {side:.0f} pixels")
        figure.colorbar(shown, ax=list(axes), shrink=0.8, pad=0.01, label="probability")
        return save(figure, path)


def _row(columns: int, tall: float):
    """A figure of pictures side by side, without axes."""
    figure = Figure(figsize=(12, 12 / columns * tall + 0.3), dpi=120, layout="constrained")
    axes = np.ravel(figure.subplots(1, columns))
    for axis in axes:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    return figure, axes


def _nearest_to_the_middle(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """One box of each width."""
    sides = np.round(boxes[:, 2] - boxes[:, 0], 3)
    away = np.hypot(*((boxes[:, :2] + boxes[:, 2:] - [width, height]).T))
    rows = [np.flatnonzero(sides == side) for side in np.unique(sides)]
    return np.array([boxes[group[away[group].argmin()]] for group in rows])


def _outline(box, **look) -> Rectangle:
    left, top, right, bottom = box
    return Rectangle((left, top), right - left, bottom - top, fill=False, **look)
