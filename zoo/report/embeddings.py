"""Figures of points in a space; each function writes a picture and returns its path."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from matplotlib.colors import to_rgb

from zoo.report.canvas import ACCENT, COLORS, VAL, new_figure, save, style

CANVAS, MARKER = 960, 28  # pixels of a map and of an image on it


def maps(
    path: str | Path, panels: Mapping[str, np.ndarray], images: np.ndarray, labels: np.ndarray
) -> Path:
    """Points (n, 2) side by side, each the image itself, small, in the colour of its class.

    Args:
        panels: title -> points.
        images: (n, h, w, 1) uint8, bright on dark: what is dark is left out.
        labels: (n,) class of each point.
    """
    with style(axes__grid=False):
        figure, axes = new_figure(10, 5.4, columns=len(panels))
        for axis, (title, points) in zip(axes, panels.items(), strict=True):
            axis.imshow(_markers(points, images, labels), interpolation="nearest")
            axis.set(title=title)
            axis.set_xticks([])
            axis.set_yticks([])
        return save(figure, path)


def _markers(points: np.ndarray, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(CANVAS, CANVAS, 3) of 0 to 1: the images at their points, the last above the others."""
    canvas = np.ones((CANVAS, CANVAS, 3))
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    across, down = (np.array([0, 1]) + (points - low) / span * [1, -1]).T * (CANVAS - MARKER)
    for image, label, left, top in zip(images, labels, across, down, strict=True):
        small = cv2.resize(image, (MARKER, MARKER), interpolation=cv2.INTER_AREA)
        share = small.reshape(MARKER, MARKER, 1) / 255
        color = np.array(to_rgb(COLORS[label % len(COLORS)]))
        window = canvas[int(top) : int(top) + MARKER, int(left) : int(left) + MARKER]
        window[:] = (1 - share) * window + share * color
    return canvas


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
