"""The operations of learned policies, with the ranges of AutoAugment's table for all of them.

Each takes a Pillow image and a magnitude from 0 to 1; those in SIGNED also go the other way, from
-1. The ranges are the AutoAugment paper's (Cubuk, 2019, table 6): shear 0.3, translation 150 of
331 pixels, 30 degrees, 8 down to 4 bits, a threshold from 256 down to 0. Colour, contrast,
brightness and sharpness go from 0.1 to 1.9 times what they are, so that in the middle nothing
happens. Cutout reaches 20 of 32 pixels, as in the authors' code.
"""

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from zoo import checks
from zoo.datasets.transforms.pixels import check_pixels, per_channel, square

SIGNED = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")


def operate(image: np.ndarray, name: str, magnitude: float, fill=0, at=(0.5, 0.5)) -> np.ndarray:
    """One operation on a uint8 image (h, w, 1 or 3): an array of the same shape.

    Args:
        image: is left as it is.
        name: one of `OPERATIONS`.
        magnitude: 0 to 1; for the operations in SIGNED from -1.
        fill: the colour of the free space, one value or one per channel, 0 to 255.
        at: where Cutout has its centre, in height and width, 0 to 1.

    Raises:
        ValueError: if there is no such operation, the image is not uint8, or a number is outside
            its range.
    """
    channels = check_pixels(image).shape[-1]
    checks.one_of("name", name, tuple(OPERATIONS))
    least = -1 if name in SIGNED else 0
    checks.number(f"{name}: magnitude", magnitude, least=least, most=1)
    levels = checks.several_numbers("fill", fill, (1, 3), least=0, most=255)
    levels = per_channel(tuple(round(level) for level in levels), channels)
    at = checks.several_numbers("at", at, (2,), least=0, most=1)
    return to_array(OPERATIONS[name](to_pillow(image), magnitude, levels, at))


def to_pillow(image: np.ndarray) -> Image.Image:
    """A uint8 image (h, w, 1 or 3)."""
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def to_array(image: Image.Image) -> np.ndarray:
    """The uint8 array (h, w, 1 or 3) of a Pillow image."""
    return np.array(image).reshape(*image.size[::-1], -1)


def _values(change):
    """An operation on the values alone."""
    return lambda image, m, fill, at: change(image, m)


def _pillow_color(image, fill):
    return fill if image.mode == "RGB" else fill[0]


def _moving(source):
    """An affine one; `source(m, w, h)` is Pillow's matrix, from a pixel to where it comes from."""

    def move(image, m, fill, at):
        matrix, bilinear = source(m, *image.size), Image.Resampling.BILINEAR
        color = _pillow_color(image, fill)
        return image.transform(
            image.size, Image.Transform.AFFINE, matrix, bilinear, fillcolor=color
        )

    return move


def _rotate(image, m, fill, at):
    color = _pillow_color(image, fill)
    return image.rotate(30 * m, Image.Resampling.BILINEAR, fillcolor=color)


def _cutout(image, m, fill, at):
    pixels = to_array(image)
    height, width, _ = pixels.shape
    size = round(20 / 32 * m * min(height, width))
    pixels[square(int(at[0] * height), int(at[1] * width), size)] = fill
    return to_pillow(pixels)


def _enhance(kind):
    return _values(lambda image, m: kind(image).enhance(0.1 + 1.8 * m))


OPERATIONS = {
    "Identity": _values(lambda image, m: image),
    "AutoContrast": _values(lambda image, m: ImageOps.autocontrast(image)),
    "Equalize": _values(lambda image, m: ImageOps.equalize(image)),
    "Invert": _values(lambda image, m: ImageOps.invert(image)),
    "Posterize": _values(lambda image, m: ImageOps.posterize(image, 8 - round(4 * m))),
    "Solarize": _values(lambda image, m: ImageOps.solarize(image, 256 * (1 - m))),
    "Color": _enhance(ImageEnhance.Color),
    "Contrast": _enhance(ImageEnhance.Contrast),
    "Brightness": _enhance(ImageEnhance.Brightness),
    "Sharpness": _enhance(ImageEnhance.Sharpness),
    "Rotate": _rotate,
    "ShearX": _moving(lambda m, w, h: (1, 0.3 * m, 0, 0, 1, 0)),
    "ShearY": _moving(lambda m, w, h: (1, 0, 0, 0.3 * m, 1, 0)),
    "TranslateX": _moving(lambda m, w, h: (1, 0, 150 / 331 * m * w, 0, 1, 0)),
    "TranslateY": _moving(lambda m, w, h: (1, 0, 0, 0, 1, 150 / 331 * m * h)),
    "Cutout": _cutout,
}
