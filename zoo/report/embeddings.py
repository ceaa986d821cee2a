"""Figures of points in a space; each function writes a picture and returns its path."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.report.canvas import ACCENT, COLORS, VAL, new_figure, save, style


def maps(
    path: str | Path, panels: Mapping[str, np.ndarray], labels: np.ndarray, names: Sequence[str]
) -> Path:
    """Points (n, 2) side by side, each written as the name of its class, in its colour.

    Args:
        panels: title -> points.
        labels: (n,) class of each point.
        names: one per class, the shorter the better.
    """
    with style(axes__grid=False):
        figure, axes = new_figure(10, 5.2, columns=len(panels))
        for axis, (title, points) in zip(axes, panels.items(), strict=True):
            for (x, y), label in zip(points, labels, strict=True):
                color = COLORS[label % len(COLORS)]
                axis.text(x, y, names[label], color=color, fontsize=7, ha="center", va="center")
            margin = 0.03 * np.ptp(points, axis=0)
            low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
            axis.set(title=title, xlim=(low[0], high[0]), ylim=(low[1], high[1]))
            axis.set_xticks([])
            axis.set_yticks([])
        return save(figure, path)


def query(
    path: str | Path, weights: np.ndarray, sums: np.ndarray, answers: np.ndarray, question: str
) -> Path:
    """A learned query number by number, and what it answers: the sums for yes and for no.

    Args:
        weights: (d,) the query.
        sums: (n,) of the embeddings multiplied by it.
        answers: (n,) whether the true answer is yes.
        question: what was asked.
    """
    with style():
        figure, (bars, histogram) = new_figure(10, 3.4, columns=2)
        positions = np.arange(1, len(weights) + 1)
        bars.bar(positions, weights, color=np.where(weights == 0, "none", VAL))
        bars.axhline(0, color="black", linewidth=0.6)
        kept = np.count_nonzero(weights)
        bars.set(title=f"The query: {kept} of {len(weights)} numbers kept", xlabel="number")
        edges = np.linspace(sums.min(), sums.max(), 50)
        for name, chosen, color in (("yes", answers, VAL), ("no", ~answers, ACCENT)):
            histogram.hist(sums[chosen], edges, color=color, alpha=0.7, label=name)
        histogram.set(title=question, xlabel="sum of what is kept", ylabel="images")
        histogram.legend()
        return save(figure, path)
