"""Boxes with class names and scores drawn on images, true ones beside predicted ones."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from zoo import checks
from zoo.report.canvas import COLORS, FAINT, save, shortened, style

NAMED = 12  # boxes of an image that are labelled by name: of more only the legend tells


def boxes_figure(
    images: Sequence[np.ndarray],
    boxes: Sequence[np.ndarray],
    classes: Sequence[np.ndarray],
    scores: Sequence[np.ndarray] | None = None,
    *,
    class_names: Sequence[str],
    true_boxes: Sequence[np.ndarray] | None = None,
    titles: Sequence[str] = (),
    outlines: Sequence[Sequence] | None = None,
    columns: int = 4,
    path: str | Path | None = None,
):
    """Images in a grid, each with its boxes; a class has one colour on all of them.

    Args:
        images: uint8 (h, w, 1 or 3), of any sizes.
        boxes: per image (k, 4), x1, y1, x2, y2 in pixels; drawn in full lines.
        classes: per image (k,) indices of `class_names`; -1 is a row of padding, not drawn.
        scores: per image (k,), written behind the names.
        class_names: all of them.
        true_boxes: per image (m, 4), drawn dashed and white beneath the others.
        titles: one per image.
        outlines: per image and box polygons [[x1, y1, x2, y2, ...], ...] or None, drawn white.
        columns: images side by side.
        path: where to save the picture.

    Returns:
        The path, or matplotlib's figure if there is none.

    Raises:
        ValueError: if there is not one entry per image, or not one class and score per box.
    """
    columns = checks.whole_number("columns", columns, least=1)
    entries = {
        "boxes": boxes,
        "classes": classes,
        "scores": scores,
        "true_boxes": true_boxes,
        "outlines": outlines,
        "titles": titles or None,
    }
    for name, values in entries.items():
        if values is not None and len(values) != len(images):
            raise ValueError(f"{len(images)} images need as many {name}, not {len(values)}")
    columns = max(1, min(columns, len(images)))
    rows = max(1, -(-len(images) // columns))
    side = 12 / columns
    shapes = [np.shape(image)[:2] for image in images]
    tall = max((height / width for height, width in shapes), default=1)
    with style(axes__grid=False, axes__titlesize=10, axes__titleweight="normal"):
        title_room = 0.28 if titles else 0.08
        height = rows * (side * tall + title_room) + 0.4
        figure = Figure(figsize=(12, height), dpi=120, layout="constrained")
        axes = np.ravel(figure.subplots(rows, columns))
        for axis in axes[len(images) :]:
            axis.set_axis_off()
        present = set()
        for k, (axis, image) in enumerate(zip(axes, images, strict=False)):
            axis.imshow(np.squeeze(image), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axis.set(xticks=[], yticks=[], title=titles[k] if titles else "")
            for spine in axis.spines.values():
                spine.set(visible=True, color=FAINT)
            for box in [] if true_boxes is None else np.reshape(true_boxes[k], (-1, 4)):
                axis.add_patch(_rectangle(box, "white", "--", 2.6))
            part = None if scores is None else scores[k]
            drawn = None if outlines is None else outlines[k]
            present |= _draw(axis, boxes[k], classes[k], part, drawn, class_names)
        _legend(figure, sorted(present), class_names, true_boxes is not None)
        return figure if path is None else save(figure, path)


def _draw(axis, boxes, classes, scores, outlines, class_names) -> set[int]:
    """The boxes of one image; the classes that it has."""
    boxes, classes = np.reshape(boxes, (-1, 4)), np.asarray(classes, int)
    if len(classes) != len(boxes) or (scores is not None and len(scores) != len(boxes)):
        raise ValueError(
            f"{len(boxes)} boxes need as many classes and scores, not {len(classes)} and "
            f"{'none' if scores is None else len(scores)}"
        )
    real = np.flatnonzero(classes >= 0)
    if len(real) and classes.max() >= len(class_names):
        raise ValueError(f"class {classes.max()} has no name; there are {len(class_names)}")
    for k in real:
        color = COLORS[classes[k] % len(COLORS)]
        for outline in (outlines[k] or ()) if outlines is not None else ():
            corners = np.reshape(outline, (-1, 2)) - 0.5
            axis.add_patch(Polygon(corners, fill=False, edgecolor="white", linewidth=1.2))
        axis.add_patch(_rectangle(boxes[k], color, "-", 1.8))
        score = "" if scores is None else f" {scores[k]:.2f}"
        name = shortened(class_names[classes[k]], 14) if len(real) <= NAMED else ""
        if name or (score and len(real) <= 2 * NAMED):
            inside = boxes[k][1] < 0.06 * axis.get_ylim()[0]
            axis.text(
                boxes[k][0],
                boxes[k][1] if not inside else max(boxes[k][1], 0),
                (name + score).strip(),
                color="white",
                fontsize=7.5,
                va="top" if inside else "bottom",
                ha="left",
                clip_on=True,
                bbox={"facecolor": color, "edgecolor": "none", "pad": 1.2},
            )
    return {int(classes[k]) for k in real}


def _rectangle(box, color: str, line: str, width: float) -> Rectangle:
    """The outline of a box; pixel 0 of a picture reaches from -0.5 to 0.5."""
    x1, y1, x2, y2 = np.asarray(box, float) - 0.5
    shadow = [effects.withStroke(linewidth=width + 1.4, foreground="#1f243099")]
    return Rectangle(
        (x1, y1),
        x2 - x1,
        y2 - y1,
        fill=False,
        edgecolor=color,
        linestyle=line,
        linewidth=width,
        path_effects=shadow,
    )


def _legend(figure, present: Sequence[int], class_names, with_truth: bool) -> None:
    handles = [
        Rectangle(
            (0, 0),
            1,
            1,
            fill=False,
            edgecolor=COLORS[k % len(COLORS)],
            linewidth=2,
            label=shortened(class_names[k]),
        )
        for k in present[:10]
    ]
    if with_truth:
        handles.append(
            Rectangle(
                (0, 0),
                1,
                1,
                facecolor="#8a94a6",
                edgecolor="white",
                linestyle="--",
                linewidth=2,
                label="true box",
            )
        )
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=6, fontsize=9)
