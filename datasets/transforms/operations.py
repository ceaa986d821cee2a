"""The operations of learned policies, with the ranges of AutoAugment's table for all of them.

Each takes a Pillow image and a magnitude from 0 to 1; those in SIGNED also go the other way, from
-1. The ranges are the AutoAugment paper's (Cubuk, 2019, table 6): shear 0.3, translation 150 of
331 pixels, 30 degrees, 8 down to 4 bits, a threshold from 256 down to 0. Colour, contrast,
brightness and sharpness go from 0.1 to 1.9 times what they are, so that in the middle nothing
happens. Cutout reaches 20 of 32 pixels, as in the authors' code.
"""

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from zoo.datasets.transforms.single import square

SIGNED = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")


def operate(image: np.ndarray, name: str, magnitude: float, fill=(0, 0, 0), at=(0.5, 0.5)):
    """One operation on a uint8 image (h, w, 1 or 3): an array of the same shape.

    `magnitude` is from 0 to 1, of the operations in SIGNED from -1.

    `fill` is the colour, a value a channel up to 255, of what comes free; `at` where in the height
    and width, 0 to 1, Cutout has its middle.

    Raises:
        ValueError: no operation of that name, or a magnitude outside its range.
    """
    if name not in OPERATIONS:
        raise ValueError(f"no operation {name!r}; there are {', '.join(OPERATIONS)}")
    least = -1 if name in SIGNED else 0
    if not least <= magnitude <= 1:
        raise ValueError(f"magnitude={magnitude} of {name} must be from {least} to 1")
    return to_array(OPERATIONS[name](to_pillow(image), magnitude, fill, at))


def to_pillow(image: np.ndarray) -> Image.Image:
    """A uint8 image (h, w, 1 or 3)."""
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def to_array(image: Image.Image) -> np.ndarray:
    """The uint8 array (h, w, 1 or 3) of a Pillow image."""
    return np.array(image).reshape(*image.size[::-1], -1)


def _values(change):
    """An operation on the values alone."""
    return lambda image, m, fill, at: change(image, m)


def _moving(source):
    """An affine one; `source(m, w, h)` is Pillow's matrix, from a pixel to where it comes from."""

    def move(image, m, fill, at):
        matrix, how = source(m, *image.size), Image.Resampling.BILINEAR
        fill = fill if image.mode == "RGB" else fill[0]
        return image.transform(image.size, Image.Transform.AFFINE, matrix, how, fillcolor=fill)

    return move


def _rotate(image, m, fill, at):
    fill = fill if image.mode == "RGB" else fill[0]
    return image.rotate(30 * m, Image.Resampling.BILINEAR, fillcolor=fill)


def _cutout(image, m, fill, at):
    pixels = to_array(image)
    height, width, channels = pixels.shape
    size = round(20 / 32 * m * min(height, width))
    pixels[square(int(at[0] * height), int(at[1] * width), size)] = fill[:channels]
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
