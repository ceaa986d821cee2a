"""How well each class is recognised: the spread over all of them, the best and the worst."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import confusion_matrix

from zoo.report.canvas import ACCENT, VAL, new_figure, save, style


def class_table(
    true: np.ndarray, predicted: np.ndarray, class_names: Sequence[str], count: int
) -> list[dict[str, object]]:
    """Rows of the `count` best and the `count` worst classes, best first; all if they are fewer.

    A row says how many images of the class are right, and what most of the others are taken for.
    Classes without images have none.

    Args:
        true: labels (n,).
        predicted: (n,), what a model takes the images for.
        class_names: one per class.
        count: how many of either kind.
    """
    counts = confusion_matrix(true, predicted, labels=range(len(class_names)))
    accuracy, order = _sorted(counts)
    shown = [*order[:count], *order[max(count, len(order) - count) :]]
    rows = []
    for place in shown:
        mistakes = counts[place].copy()
        mistakes[place] = 0
        other = mistakes.argmax()
        total, taken = counts[place].sum(), f"{mistakes[other]}: {class_names[other]}"
        rows.append(
            {
                "class": class_names[place],
                "rank": list(order).index(place) + 1,
                "accuracy": f"{accuracy[place]:.0%}",
                "images": total,
                "mostly taken for": taken if mistakes[other] else "",
            }
        )
    return rows


def class_accuracies(
    path: str | Path, true: np.ndarray, predicted: np.ndarray, classes: int
) -> Path:
    """The accuracy of each class, best to worst, and their mean; the path of the picture."""
    accuracy, order = _sorted(confusion_matrix(true, predicted, labels=range(classes)))
    heights = accuracy[order]
    with style():
        figure, [axis] = new_figure(10, 2.8)
        edges = np.arange(len(heights) + 1) + 0.5
        axis.stairs(heights, edges, fill=True, color=VAL, alpha=0.25)
        axis.stairs(heights, edges, color=VAL, linewidth=1.5)
        axis.axhline(
            heights.mean(), color=ACCENT, linestyle="--", label=f"mean {heights.mean():.1%}"
        )
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axis.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.02), xlabel="classes, best to worst")
        axis.set(ylabel="accuracy")
        axis.legend(loc="upper right")
        return save(figure, path)


def _sorted(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The accuracy of each class, and the classes that have images, best first."""
    totals = counts.sum(axis=1)
    accuracy = np.diag(counts) / np.maximum(totals, 1)
    order = np.argsort(-accuracy, kind="stable")
    return accuracy, order[totals[order] > 0]
