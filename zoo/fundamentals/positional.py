"""Sinusoidal positional encodings: where a vector stands, written as waves.

A fully connected layer that is laid on each vector of a sequence, on each pixel of an image that
was flattened, does not know where it stood. An encoding of the position, added to it, tells:

    PE(position, 2i)     = sin(position / 10000^(2i / width))
    PE(position, 2i + 1) = cos(position / 10000^(2i / width))

Two columns are one hand of a clock; the first hand turns once in 6.3 positions, each further one
slower, the last nearly not at all. To go k positions on is to turn each hand by an angle that
depends on k alone, a linear map. So the dot product of two encodings depends on their distance.

Source: The School of AI, EVA session 3; Vaswani et al., Attention is all you need (2017), 3.5.
"""

import numpy as np


def frequencies(width: int) -> np.ndarray:
    """How far each hand turns in a position, (width / 2,) radians, from 1 down.

    Raises:
        ValueError: a width that is not an even integer of 2 or more.
    """
    if not _is_count(width) or width % 2:
        raise ValueError(f"width {width!r} must be an even integer, 2 or more: a sine, a cosine")
    return 10000.0 ** (-np.arange(0, width, 2) / width)


def sinusoidal(positions: int, width: int) -> np.ndarray:
    """The encodings of the positions 0, 1, 2, ...: (positions, width), float64 in [-1, 1].

    Raises:
        ValueError: positions not an integer of 1 or more, or a width that `frequencies` refuses.
    """
    if not _is_count(positions):
        raise ValueError(f"positions {positions!r} must be an integer, 1 or more")
    angles = np.outer(np.arange(positions), frequencies(width))  # (positions, width / 2)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(positions, width)


def _is_count(value) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 1
