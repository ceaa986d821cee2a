"""What a spatial transformer looked at; a function writes a picture and returns its path."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.report.canvas import ACCENT, FAINT, VAL, new_figure, save, style


def looked_at(
    path: str | Path,
    images: np.ndarray,
    names: Sequence[str],
    frames: np.ndarray,
    sampled: np.ndarray,
    captions: Sequence[str],
    columns: int = 8,
) -> Path:
    """Images with the frame that was looked at, and below each what was seen in it.

    Args:
        images: (n, h, w, channels), 0 to 255, as they came.
        names: (n,) above them.
        frames: (n, 4, 2), x and y of the corners, from -1 to 1 across and down the image, in the
            order in which they lie around what was seen: the first edge is its upper one.
        sampled: (n, h, w, channels), 0 to 255.
        captions: (n,) below them.
    """
    lines = -(-len(images) // columns)
    sides = images.shape[2], images.shape[1]
    with style(axes__grid=False, axes__titlesize=9, axes__labelsize=9):
        figure, axes = new_figure(10, 2 * lines * (10 / columns + 0.25), 2 * lines, columns)
        for axis in axes:
            axis.set_axis_off()
        for i, (image, seen) in enumerate(zip(images, sampled, strict=True)):
            line, column = divmod(i, columns)
            above, below = (axes[(2 * line + row) * columns + column] for row in (0, 1))
            for axis, pixels in ((above, image), (below, seen)):
                pixels = np.clip(np.round(pixels), 0, 255).astype("uint8").squeeze()
                axis.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
                axis.set_axis_on()
                axis.set_xticks([])
                axis.set_yticks([])
                for spine in axis.spines.values():
                    spine.set(visible=True, color=FAINT)
            view = above.get_xlim(), above.get_ylim()
            x, y = ((frames[i] + 1) / 2 * sides - 0.5).T  # the centre of the first pixel is 0
            above.plot([*x[1:], x[0]], [*y[1:], y[0]], color=VAL, lw=1.2)
            above.plot(x[:2], y[:2], color=ACCENT, lw=1.6)
            above.set(title=names[i], xlim=view[0], ylim=view[1])
            below.set(xlabel=captions[i])
        return save(figure, path)
