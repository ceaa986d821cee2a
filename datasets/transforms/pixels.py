"""Pixels: the images that the transforms take, and the colours that fill a hole."""

import numpy as np

from zoo import checks


def check_pixels(image) -> np.ndarray:
    """The image itself, if it is uint8 of shape (height, width, 1 or 3).

    Raises:
        ValueError: if it is anything else.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f"an image must be a uint8 array, not a {type(image).__name__}")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] not in (1, 3):
        raise ValueError(
            f"an image must be uint8 of shape (height, width, 1 or 3), not {image.dtype} of shape "
            f"{image.shape}"
        )
    return image


def fill_levels(fill) -> tuple[int, ...]:
    """A colour with values 0 to 1, one for all channels or one per channel, in values 0 to 255.

    Raises:
        ValueError: if it is not one number or three, from 0 to 1, as `dataset.mean` is.
    """
    values = checks.several_numbers("fill", fill, (1, 3), least=0, most=1)
    return tuple(round(255 * value) for value in values)


def per_channel(fill: tuple[int, ...], channels: int) -> tuple[int, ...]:
    """One value of the colour for each channel of an image.

    Raises:
        ValueError: if the colour is of another number of channels.
    """
    if len(fill) not in (1, channels):
        raise ValueError(
            f"a fill of {len(fill)} values does not suit an image of {channels} "
            f"channel{'' if channels == 1 else 's'}; give one value, or one per channel"
        )
    return fill if len(fill) == channels else fill * channels


def square(y: int, x: int, size: int) -> tuple[slice, slice]:
    """The rows and columns of a square centred on pixel (y, x), as far as the image reaches."""
    top, left = y - size // 2, x - size // 2
    return slice(max(top, 0), max(top + size, 0)), slice(max(left, 0), max(left + size, 0))
