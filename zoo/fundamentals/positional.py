"""Sinusoidal positional encodings: the position of a vector, written as waves.

A fully connected layer that is applied to each vector of a sequence, or to each pixel of an image
that was flattened, does not know the position. Adding an encoding of the position tells it:

    PE(position, 2i)     = sin(position / 10000^(2i / width))
    PE(position, 2i + 1) = cos(position / 10000^(2i / width))

Two columns are like the hand of a clock: the first hand turns once in 6.3 positions, each further
one more slowly, the last hardly at all. Moving by k positions turns each hand by an angle that
depends on k alone, which is a linear map. So the dot product of two encodings depends only on their
distance.

Source: The School of AI, EVA session 3; Vaswani et al., Attention is all you need (2017), 3.5.
"""

import numpy as np

from zoo import checks


def frequencies(width: int) -> np.ndarray:
    """How far each hand turns per position, (width / 2,) radians, from 1 down.

    Raises:
        ValueError: if the width is not an even whole number of 2 or more.
    """
    checks.whole_number("width", width, least=2)
    if width % 2:
        raise ValueError(f"width={width!r} must be even: a sine and a cosine per frequency")
    return 10000.0 ** (-np.arange(0, width, 2) / width)


def sinusoidal(positions: int, width: int) -> np.ndarray:
    """The encodings of the positions 0, 1, 2, ...: (positions, width), float64 in [-1, 1].

    Raises:
        ValueError: if the number of positions is not a whole number of 1 or more, or as in
            `frequencies`.
    """
    checks.whole_number("positions", positions, least=1)
    angles = np.outer(np.arange(positions), frequencies(width))  # (positions, width / 2)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(positions, width)


def sinusoidal_2d(rows: int, columns: int, width: int) -> np.ndarray:
    """Encodings of the places of a grid, (rows, columns, width): half for the row, half the column.

    As vision transformers have them where positions are not learned (He et al., Masked autoencoders
    are scalable vision learners, arXiv:2111.06377). The dot product of two depends on how far apart
    they are down and across, each by itself: the places of a row are alike, and those of a column.

    Raises:
        ValueError: if the width is not a multiple of 4, or as in `sinusoidal`.
    """
    checks.whole_number("width", width, least=4)
    if width % 4:
        raise ValueError(
            f"width={width!r} must be a multiple of 4: two halves of sines and cosines"
        )
    down = sinusoidal(rows, width // 2)[:, None]
    across = sinusoidal(columns, width // 2)[None]
    shape = (rows, columns, width // 2)
    return np.concatenate([np.broadcast_to(down, shape), np.broadcast_to(across, shape)], axis=-1)


def similarity(encoding: np.ndarray) -> np.ndarray:
    """(rows, columns, rows, columns): the cosine of every two encodings (rows, columns, width).

    An encoding of zeros has the cosine 0 with all.
    """
    lengths = np.linalg.norm(encoding, axis=-1, keepdims=True)
    unit = np.divide(encoding, lengths, out=np.zeros_like(encoding), where=lengths > 0)
    return np.einsum("ijd,kld->ijkl", unit, unit)
