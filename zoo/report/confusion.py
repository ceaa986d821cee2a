"""How often each class is taken for each other one, for ten classes or a thousand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import confusion_matrix

from zoo.report.canvas import INK, new_figure, save, shortened, style

MOST_NUMBERED, MOST_NAMED = 20, 40  # classes whose cells have numbers, whose rows have names
MOST_CELLS = 100  # along a side of a matrix without names; above, neighbours share a cell
PAIRS = 24  # that are listed beside such a matrix


def confusion(
    path: str | Path, true: np.ndarray, predicted: np.ndarray, class_names: Sequence[str]
) -> Path:
    """Rows are true classes, columns predicted ones, cells per cent of the row.

    Up to 20 classes have their numbers written in; over 40 are drawn without names, beside a list
    of the pairs that are confused most.

    Args:
        true, predicted: integer labels (n,).
    """
    counts = confusion_matrix(true, predicted, labels=range(len(class_names)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with style(axes__grid=False):
        if len(class_names) > MOST_NAMED:
            figure = _large(counts, shares, class_names)
        else:
            figure = _small(shares, class_names)
        return save(figure, path)


def _small(shares: np.ndarray, class_names: Sequence[str]):
    """A matrix with the names of its classes, up to 20 with numbers."""
    side = 2 + 0.42 * len(class_names)
    figure, (axis,) = new_figure(side, side)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [shortened(name) for name in class_names]
    axis.set_xticks(range(len(names)), names, rotation="vertical")
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="predicted", ylabel="true")
    if len(names) <= MOST_NUMBERED:
        for (row, column), share in np.ndenumerate(shares):
            text = f"{share:.0%}".removesuffix("%")
            if text != "0":
                color = "white" if share > 0.5 else INK
                axis.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
    return figure


def _large(counts: np.ndarray, shares: np.ndarray, class_names: Sequence[str]):
    """A matrix of coarse cells, and the most frequent mistakes by name."""
    classes = len(class_names)
    per_cell = -(-classes // MOST_CELLS)
    figure, (matrix, pairs) = new_figure(10, 5.6, columns=2)
    starts = np.arange(0, classes, per_cell)
    summed = np.add.reduceat(np.add.reduceat(shares, starts, axis=0), starts, axis=1)
    cells = summed / np.diff([*starts, classes])[:, None]  # mean of the rows, sum of the columns
    # The square root lets rare confusions show beside a diagonal near 1.
    matrix.imshow(np.sqrt(cells), cmap="Blues", vmin=0, vmax=1, extent=(0, classes, classes, 0))
    title = f"{classes} classes" + (f", {per_cell} per cell" if per_cell > 1 else "")
    matrix.set(title=title)
    matrix.set(xlabel="number of the predicted class", ylabel="number of the true class")

    mistakes = counts - np.diag(np.diag(counts))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:PAIRS]
    lines = [
        f"{mistakes[i, j]} of {counts[i].sum()}   "
        f"{shortened(class_names[i])} → {shortened(class_names[j])}"
        for i, j in zip(*np.unravel_index(order, mistakes.shape), strict=True)
        if mistakes[i, j]
    ]
    pairs.set_axis_off()
    pairs.set_title("Most frequent: true → predicted")
    pairs.text(0, 0.98, "\n".join(lines) or "none", va="top", fontsize=9, linespacing=1.45)
    return figure
