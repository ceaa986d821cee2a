"""Figures of anchors; each function writes a picture and returns its path."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle

from zoo.report.canvas import ACCENT, COLORS, FAINT, new_figure, save, style


def scatter(path: str | Path, sizes: np.ndarray, anchors: Mapping[str, np.ndarray]) -> Path:
    """Boxes (n, 2) as points, width over height, and several sets of anchors over them."""
    with style():
        figure, axes = new_figure(10, 4.6, columns=len(anchors))
        for axis, (title, shapes) in zip(axes, anchors.items(), strict=True):
            axis.plot(*np.transpose(sizes), ".", color=FAINT, markersize=3, zorder=1)
            axis.plot(*np.transpose(shapes), "X", color=ACCENT, markersize=9, zorder=2)
            axis.set(title=title, xlabel="width, of the image", ylabel="height, of the image")
            axis.set(xlim=(0, None), ylim=(0, None))
        return save(figure, path)


def over_image(path: str | Path, image: np.ndarray, anchors: Mapping[str, Sequence]) -> Path:
    """Sets of anchors (k, 2), fractions of the image, each drawn around its middle.

    Args:
        image: uint8 (h, w, 1 or 3).
        anchors: title -> anchors.
    """
    height, width = image.shape[:2]
    with style(axes__grid=False):
        figure, axes = new_figure(
            10, 10 / len(anchors) * height / width + 0.4, columns=len(anchors)
        )
        for axis, (title, shapes) in zip(axes, anchors.items(), strict=True):
            axis.imshow(image.squeeze(), cmap="gray")
            axis.set_title(title)
            axis.set_axis_off()
            for (w, h), color in zip(shapes, COLORS * len(shapes), strict=False):
                corner = (width * (1 - w) / 2, height * (1 - h) / 2)
                box = Rectangle(corner, width * w, height * h, fill=False, color=color, lw=2)
                axis.add_patch(box)
        return save(figure, path)
