"""Images and matrices in a grid; each function writes a picture and returns its path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from zoo.report.canvas import FAINT, INK, new_figure, save, style


@dataclass(frozen=True)
class Picture:
    """An image (h, w) or (h, w, 3) under its title; `numbers` writes the values into the cells."""

    title: str
    image: np.ndarray
    colors: str = "gray"
    limits: tuple[float, float] | None = None  # values of the darkest and the lightest colour
    numbers: str = ""  # a format such as ".0f"; only for small matrices
    caption: str = ""
    rows: Sequence[str] = ()  # names beside the rows of a matrix
    columns: Sequence[str] = ()  # and below its columns
    label: str = ""  # on the left, upright: the name of the row of pictures that begins here


def pictures(
    path: str | Path, panels: Sequence[Picture], columns: int = 4, side: float | None = None
) -> Path:
    """Images side by side, each under its title; `side` is the height of one in inches."""
    rows = -(-len(panels) // columns)
    side = 10 / columns if side is None else side
    with style(axes__grid=False, axes__titlesize=10):
        figure, axes = new_figure(10, (side + 0.3) * rows, rows=rows, columns=columns)
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        for axis, panel in zip(axes, panels, strict=False):
            _show(axis, panel)
        return save(figure, path)


def matrices(
    path: str | Path,
    panels: Mapping[str, np.ndarray],
    rows: Sequence[object],
    columns: Sequence[object],
    caption: str = "",
    side: float = 4.1,
) -> Path:
    """Matrices of the same rows and columns side by side, values from 0 on written in the cells.

    `side` is the height of one in inches; a NaN leaves its cell empty.
    """
    names = {"rows": [*map(str, rows)], "columns": [*map(str, columns)], "caption": caption}
    cells = [
        Picture(title, values, "Blues", (0, np.nanmax(values)), ".0f", **names)
        for title, values in panels.items()
    ]
    return pictures(path, cells, columns=len(cells), side=side)


def strips(
    path: str | Path, rows: Mapping[str, Sequence[tuple[np.ndarray, str]]], columns: int = 7
) -> Path:
    """Images (h, w, 1 or 3) of 0 to 255 with captions, in rows under titles as long as a row."""
    lines = [
        (title if start == 0 else "", row[start : start + columns])
        for title, row in rows.items()
        for start in range(0, len(row), columns)
    ]
    gap, heights = 0.08, []
    for title, line in lines:
        caption_lines = max(len(caption.splitlines()) for _, caption in line)
        heights.append(10 / columns + 0.05 + (0.27 if title else 0) + 0.18 * caption_lines)
    height = sum(heights) * (1 + gap) + 0.1
    with style(axes__grid=False, axes__labelsize=9):
        figure = Figure(figsize=(10, height), dpi=120, layout="constrained")
        parts = np.ravel(figure.subfigures(len(lines), height_ratios=heights, hspace=gap))
        for part, (title, line) in zip(parts, lines, strict=True):
            if title:
                part.suptitle(title, x=0.005, ha="left", fontsize=10, fontweight="bold")
            axes = np.ravel(part.subplots(1, columns))
            for axis in axes[len(line) :]:
                axis.set_axis_off()
            for axis, (image, caption) in zip(axes, line, strict=False):
                pixels = np.clip(np.round(image), 0, 255).astype("uint8").squeeze()
                _show(axis, Picture("", pixels, limits=(0, 255), caption=caption))
        return save(figure, path)


def _show(axis, panel: Picture) -> None:
    """One picture with its title, caption, names and numbers."""
    low, high = panel.limits or (None, None)
    axis.imshow(panel.image, cmap=panel.colors, vmin=low, vmax=high, interpolation="nearest")
    axis.set(title=panel.title, xlabel=panel.caption, ylabel=panel.label)
    upright = 90 if max(map(len, panel.columns), default=0) > 2 else 0
    axis.set_xticks(range(len(panel.columns)), panel.columns, fontsize=8.5, rotation=upright)
    axis.set_yticks(range(len(panel.rows)), panel.rows)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set(visible=True, color=FAINT)
    if panel.numbers:
        _write_numbers(axis, panel)


def _write_numbers(axis, panel: Picture) -> None:
    """The values in their cells, light on dark and dark on light; no text for NaN."""
    image = axis.get_images()[0]
    for (y, x), value in np.ndenumerate(panel.image):
        if np.isnan(value):
            continue
        red, green, blue, _ = image.cmap(image.norm(value))
        dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        text = format(value, panel.numbers)
        axis.text(x, y, text, ha="center", va="center", color="white" if dark else INK, fontsize=9)
