"""Figures of images and texts in one space; each function writes a picture and returns its path."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from zoo.report.canvas import ACCENT, FAINT, INK, VAL, save, style

MOST_NUMBERED = 16  # pairs whose cosines are written into the cells
LINE = 34  # characters of a caption per line


def similarity_matrix(
    path: str | Path, images: Sequence[np.ndarray], captions: Sequence[str], cosines: np.ndarray
) -> Path:
    """The cosine of every caption (row) with every image (column); the pairs are framed.

    Args:
        images: uint8 (h, w, 1 or 3), n of them.
        captions: n of them.
        cosines: (n, n), of text i and image j.
    """
    count = len(images)
    cell = 0.62
    names, top = 2.6, cell  # inches left of the matrix and above it
    width, height = names + cell * count + 0.1, top + cell * count + 0.1
    with style(axes__grid=False):
        figure = Figure(figsize=(width, height), dpi=120)
        matrix = figure.add_axes(
            (names / width, 0.05 / height, cell * count / width, cell * count / height)
        )
        low, high = float(cosines.min()), float(cosines.max())
        matrix.imshow(cosines, cmap="Blues", vmin=low, vmax=high, aspect="auto")
        matrix.set_yticks(range(count), [textwrap.fill(text, LINE) for text in captions])
        matrix.tick_params(length=0, labelsize=8)
        matrix.set_xticks([])
        for i in range(count):
            corner = (i - 0.5, i - 0.5)
            matrix.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=ACCENT, linewidth=1.6))
            picture = figure.add_axes(
                (
                    (names + cell * (i + 0.04)) / width,
                    1 - (top - 0.03) / height,
                    cell * 0.92 / width,
                    cell * 0.92 / height,
                )
            )
            picture.imshow(np.squeeze(images[i]), cmap="gray", vmin=0, vmax=255)
            picture.set_axis_off()
        if count <= MOST_NUMBERED:
            middle = (low + high) / 2
            for (row, column), value in np.ndenumerate(cosines):
                color = "white" if value > middle else INK
                text = f"{value:.2f}".replace("-", "−")
                matrix.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
        for spine in matrix.spines.values():
            spine.set(visible=True, color=FAINT)
        return save(figure, path)


def retrieved(
    path: str | Path,
    queries: Sequence[str],
    images: Sequence[Sequence[np.ndarray]],
    right: Sequence[Sequence[bool]],
) -> Path:
    """The images found for each text, one row per text, the most alike first.

    Args:
        queries: the texts.
        images: for each as many uint8 (h, w, 1 or 3).
        right: whether each has an equal caption: framed in blue, the others in orange.
    """
    rows, columns = len(queries), max(map(len, images))
    side, names = 1.1, 2.9
    width, height = names + side * columns, side * rows
    with style(axes__grid=False):
        figure = Figure(figsize=(width, height), dpi=120)
        for row, (query, found, good) in enumerate(zip(queries, images, right, strict=True)):
            bottom = 1 - (row + 0.95) * side / height
            figure.text(
                (names - 0.15) / width,
                bottom + 0.45 * side / height,
                textwrap.fill(query, LINE),
                ha="right",
                va="center",
                fontsize=9,
            )
            for column, (image, is_right) in enumerate(zip(found, good, strict=True)):
                axis = figure.add_axes(
                    (
                        (names + side * (column + 0.05)) / width,
                        bottom,
                        0.9 * side / width,
                        0.9 * side / height,
                    )
                )
                axis.imshow(np.squeeze(image), cmap="gray", vmin=0, vmax=255)
                axis.set(xticks=[], yticks=[])
                for spine in axis.spines.values():
                    spine.set(visible=True, color=VAL if is_right else ACCENT, linewidth=2.4)
        return save(figure, path)
