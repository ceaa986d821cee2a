"""Augmentations of one image: albumentations transforms with the settings the lessons use.

Each takes a uint8 image (h, w, 1 or 3) and keeps its size, except for `crop`. `p` is the
probability with which an image is changed. Each raises ValueError for a setting without a meaning.
"""

import albumentations as A
import cv2
import numpy as np

from zoo import checks
from zoo.datasets.transforms.pixels import check_pixels, fill_levels, per_channel, square

LARGEST = 65_536  # pixels of a side


def crop(size: int | tuple[int, int] = 32, pad: int = 4) -> "Crop":
    """Pad by `pad` mirrored pixels and cut out a random `size`: the image moves by up to `pad`."""
    sides = size if isinstance(size, tuple | list) and len(size) == 2 else (size, size)
    height, width = (checks.whole_number("size", side, least=1, most=LARGEST) for side in sides)
    return Crop(height, width, checks.whole_number("pad", pad, least=0, most=LARGEST))


def flip(p: float = 0.5) -> A.HorizontalFlip:
    """Mirror left and right."""
    return A.HorizontalFlip(p=checks.probability("p", p))


def scale(by: float = 0.2, p: float = 1.0) -> A.Affine:
    """Zoom in or out by up to `by`, about the centre; mirrored pixels fill the free space.

    Height and width zoom alike; albumentations' `ShiftScaleRotate` draws one factor for each.
    """
    return A.Affine(
        scale=_zoom("by", by),
        keep_ratio=True,
        border_mode=cv2.BORDER_REFLECT_101,
        p=checks.probability("p", p),
    )


def translate(by: float = 0.125, p: float = 1.0) -> A.Affine:
    """Move by up to `by` of height and width; mirrored pixels fill the free space."""
    by = checks.number("by", by, least=0, most=1)
    return A.Affine(
        translate_percent=(-by, by),
        border_mode=cv2.BORDER_REFLECT_101,
        p=checks.probability("p", p),
    )


def rotate(degrees: float = 7, p: float = 1.0) -> A.Rotate:
    """Turn by up to `degrees` either way, the background black."""
    degrees = checks.number("degrees", degrees, least=0, most=360)
    return A.Rotate(
        (-degrees, degrees), border_mode=cv2.BORDER_CONSTANT, p=checks.probability("p", p)
    )


def shift_scale_rotate(
    shift: float = 0.0625, scale: float = 0.1, degrees: float = 15, p: float = 0.5
) -> A.Affine:
    """Move by up to `shift` of the size, zoom by up to `scale`, turn by up to `degrees`."""
    shift = checks.number("shift", shift, least=0, most=1)
    degrees = checks.number("degrees", degrees, least=0, most=360)
    return A.Affine(
        translate_percent=(-shift, shift),
        scale=_zoom("scale", scale),
        keep_ratio=True,
        rotate=(-degrees, degrees),
        border_mode=cv2.BORDER_REFLECT_101,
        p=checks.probability("p", p),
    )


def blur(sigma: tuple[float, float] = (0.3, 1.2), p: float = 1.0) -> A.GaussianBlur:
    """Gaussian blur, its width in pixels drawn from the range `sigma`."""
    least, most = checks.several_numbers("sigma", sigma, (2,), above=0, most=100)
    if least > most:
        raise ValueError(f"sigma={sigma} must rise: the least width, then the greatest")
    return A.GaussianBlur(sigma_limit=(least, most), p=checks.probability("p", p))


def color_shift(by: float = 0.1, p: float = 1.0) -> A.RGBShift:
    """Add to each channel a number of its own, up to `by` either way (pixels 0 to 1)."""
    by = checks.number("by", by, least=0, most=1)
    levels = (-255 * by, 255 * by)
    return A.RGBShift(levels, levels, levels, p=checks.probability("p", p))


def elastic(alpha: float = 34, sigma: float = 4, p: float = 1.0) -> A.ElasticTransform:
    """Elastic distortion (Simard, 2003): every pixel moves a little, neighbours together.

    `alpha` times uniform noise, smoothed over `sigma` pixels: by default a standard deviation of
    1.4 pixels along either side.
    """
    return A.ElasticTransform(
        checks.number("alpha", alpha, least=0, most=1e4),
        checks.number("sigma", sigma, least=1, most=100),
        noise_distribution="uniform",
        border_mode=cv2.BORDER_REFLECT_101,
        p=checks.probability("p", p),
    )


def coarse_dropout(size: int = 16, fill=(0.0,), p: float = 0.5) -> "CoarseDropout":
    """One `size` x `size` hole inside the image, filled with `fill` (pixels 0 to 1)."""
    size = checks.whole_number("size", size, least=1, most=LARGEST)
    levels = fill_levels(fill)
    return CoarseDropout(
        (1, 1),
        (size, size),
        (size, size),
        fill=levels if len(levels) > 1 else levels[0],
        p=checks.probability("p", p),
    )


def cutout(size: int = 8, fill=(0.0,), p: float = 1.0) -> "Cutout":
    """One `size` x `size` hole centred on any pixel, so that borders cut it (DeVries, 2017)."""
    return Cutout(checks.whole_number("size", size, least=1, most=LARGEST), fill_levels(fill), p)


def patch_gaussian(size: int = 25, sigma: float = 1.0, p: float = 1.0) -> "PatchGaussian":
    """Noise on a `size` x `size` patch centred on any pixel (Lopes, 2019).

    Its standard deviation is drawn from 0 to `sigma` (pixels 0 to 1).
    """
    size = checks.whole_number("size", size, least=1, most=LARGEST)
    return PatchGaussian(size, checks.number("sigma", sigma, least=0, most=100), p)


class Crop(A.Sequential):
    """See `crop`."""

    def __init__(self, height: int, width: int, pad: int):
        steps = [A.Pad(pad, border_mode=cv2.BORDER_REFLECT_101), A.RandomCrop(height, width)]
        super().__init__(steps, p=1)
        self.height, self.width, self.pad = height, width, pad

    def __call__(self, *args, **data):
        height, width = check_pixels(data.get("image")).shape[:2]
        if self.pad and self.pad >= min(height, width):
            raise ValueError(f"pad={self.pad} mirrors more than an image of {height}x{width} has")
        if self.height > height + 2 * self.pad or self.width > width + 2 * self.pad:
            raise ValueError(
                f"size={self.height}x{self.width} is larger than an image of {height}x{width} "
                f"padded by pad={self.pad}"
            )
        return super().__call__(*args, **data)


class CoarseDropout(A.CoarseDropout):
    """See `coarse_dropout`."""

    def get_params_dependent_on_data(self, params, data):
        image, size = check_pixels(data["image"]), self.hole_height_range[0]
        if isinstance(self.fill, tuple):
            per_channel(self.fill, image.shape[-1])
        if size > min(image.shape[:2]):
            raise ValueError(
                f"a hole of size={size} does not fit into an image of "
                f"{image.shape[0]}x{image.shape[1]}"
            )
        return super().get_params_dependent_on_data(params, data)


class Cutout(A.ImageOnlyTransform):
    """See `cutout`; `fill` has values 0 to 255."""

    def __init__(self, size: int = 8, fill: tuple[int, ...] = (0,), p: float = 1.0):
        super().__init__(p=checks.probability("p", p))
        self.size, self.fill = size, fill

    def get_params_dependent_on_data(self, params, data):
        height, width = check_pixels(data["image"]).shape[:2]
        return {"y": self.py_random.randrange(height), "x": self.py_random.randrange(width)}

    def apply(self, img, y, x, **params):
        img = img.copy()
        img[square(y, x, self.size)] = per_channel(self.fill, img.shape[-1])
        return img


class PatchGaussian(A.ImageOnlyTransform):
    """See `patch_gaussian`."""

    def __init__(self, size: int = 25, sigma: float = 1.0, p: float = 1.0):
        super().__init__(p=checks.probability("p", p))
        self.size, self.sigma = size, sigma

    def get_params_dependent_on_data(self, params, data):
        rng, shape = self.random_generator, check_pixels(data["image"]).shape
        noise = rng.normal(scale=255 * rng.uniform(0, self.sigma), size=shape)
        return {"noise": noise, "y": rng.integers(shape[0]), "x": rng.integers(shape[1])}

    def apply(self, img, noise, y, x, **params):
        patch, img = square(y, x, self.size), img.copy()
        img[patch] = np.clip(np.round(img[patch] + noise[patch]), 0, 255)
        return img


def _zoom(name: str, by: float) -> tuple[float, float]:
    """The factors that `by` stands for: 0.2 zooms from 0.8 to 1.2."""
    by = checks.number(name, by, least=0, below=1)
    return 1 - by, 1 + by
