"""What a classifier says of images: each beside its most probable classes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from zoo.report.canvas import COLORS, shortened, style

BAR = 0.34  # inches


def class_bars(
    images: Sequence[np.ndarray], names: Sequence[Sequence[str]], values: Sequence[np.ndarray]
) -> Figure:
    """One row per image: the picture, and bars of its classes' probabilities, the highest on top.

    Args:
        images: uint8 (h, w, 1 or 3), of any sizes.
        names: per image those of the classes that are shown.
        values: per image their probabilities.
    """
    height = max(1.6, BAR * max(map(len, names)) + 0.5)
    with style(axes__grid=False):
        figure = Figure(figsize=(7, height * len(images)), dpi=120, layout="constrained")
        axes = figure.subplots(len(images), 2, squeeze=False, width_ratios=(1, 2))
        for (left, right), image, classes, shares in zip(axes, images, names, values, strict=True):
            left.imshow(np.squeeze(image), cmap="gray", vmin=0, vmax=255)
            left.set_axis_off()
            places = np.arange(len(classes))[::-1]
            right.barh(places, shares, color=COLORS[0], height=0.6)
            right.set_yticks(places, [shortened(name) for name in classes])
            for place, share in zip(places, shares, strict=True):
                right.text(share + 0.01, place, f"{share:.1%}", va="center", fontsize=9)
            right.set(xlim=(0, 1.12), xticks=[])
            right.spines["bottom"].set_visible(False)
    return figure
