"""Augmentations of one image: albumentations transforms with the settings the lessons use.

Each acts on a uint8 image (h, w, 1 or 3) and leaves its size as it is, but for `crop`.
"""

import albumentations as A
import cv2
import numpy as np


def crop(size: int | tuple[int, int] = 32, pad: int = 4) -> A.Sequential:
    """Pad by `pad` mirrored pixels and cut a random `size` out: the image moves by up to `pad`."""
    height, width = (size, size) if isinstance(size, int) else size
    steps = [A.Pad(pad, border_mode=cv2.BORDER_REFLECT_101), A.RandomCrop(height, width)]
    return A.Sequential(steps, p=1)


def flip(p: float = 0.5) -> A.HorizontalFlip:
    """Mirror left and right."""
    return A.HorizontalFlip(p=p)


def scale(by: float = 0.2, p: float = 1.0) -> A.Affine:
    """Zoom in or out by up to `by`, about the middle; mirrored pixels fill what comes free.

    Height and width zoom alike, where albumentations' `ShiftScaleRotate` draws each by itself.
    """
    return A.Affine(scale=_zoom("by", by), keep_ratio=True, border_mode=cv2.BORDER_REFLECT_101, p=p)


def _zoom(name: str, by: float) -> tuple[float, float]:
    if not 0 <= by < 1:
        raise ValueError(f"{name}={by} must be from 0 to below 1: 0.2 zooms from 0.8 to 1.2")
    return 1 - by, 1 + by


def translate(by: float = 0.125, p: float = 1.0) -> A.Affine:
    """Move by up to `by` of height and width; mirrored pixels fill what comes free."""
    return A.Affine(translate_percent=(-by, by), border_mode=cv2.BORDER_REFLECT_101, p=p)


def rotate(degrees: float = 7, p: float = 1.0) -> A.Rotate:
    """Turn by up to `degrees` either way, the background black."""
    return A.Rotate((-degrees, degrees), border_mode=cv2.BORDER_CONSTANT, p=p)


def shift_scale_rotate(
    shift: float = 0.0625, scale: float = 0.1, degrees: float = 15, p: float = 0.5
) -> A.Affine:
    """Move by up to `shift` of the size, zoom by up to `scale`, turn by up to `degrees`."""
    return A.Affine(
        translate_percent=(-shift, shift),
        scale=_zoom("scale", scale),
        keep_ratio=True,
        rotate=(-degrees, degrees),
        border_mode=cv2.BORDER_REFLECT_101,
        p=p,
    )


def blur(sigma: tuple[float, float] = (0.3, 1.2), p: float = 1.0) -> A.GaussianBlur:
    """Gaussian blur, its width in pixels drawn from the range `sigma`."""
    return A.GaussianBlur(sigma_limit=sigma, p=p)


def color_shift(by: float = 0.1, p: float = 1.0) -> A.RGBShift:
    """Add to each channel a number of its own, up to `by` either way (pixels 0 to 1)."""
    levels = (-255 * by, 255 * by)
    return A.RGBShift(levels, levels, levels, p=p)


def elastic(alpha: float = 34, sigma: float = 4, p: float = 1.0) -> A.ElasticTransform:
    """Elastic distortion (Simard, 2003): every pixel moves a little, neighbours together.

    `alpha` times uniform noise, smoothed over `sigma` pixels: by default a standard deviation of
    1.4 pixels along either side.
    """
    return A.ElasticTransform(
        alpha, sigma, noise_distribution="uniform", border_mode=cv2.BORDER_REFLECT_101, p=p
    )


def coarse_dropout(size: int = 16, fill=(0.0,), p: float = 0.5) -> A.CoarseDropout:
    """One `size` x `size` hole that lies inside the image, filled with `fill` (pixels 0 to 1)."""
    side = (size, size)
    return A.CoarseDropout((1, 1), side, side, fill=pixel(fill), p=p)


def cutout(size: int = 8, fill=(0.0,), p: float = 1.0) -> "Cutout":
    """One `size` x `size` hole centred on any pixel, so that borders cut it (DeVries, 2017)."""
    return Cutout(size, pixel(fill), p=p)


def patch_gaussian(size: int = 25, sigma: float = 1.0, p: float = 1.0) -> "PatchGaussian":
    """Noise on a `size` x `size` patch centred on any pixel (Lopes, 2019).

    Its deviation is drawn from 0 to `sigma`, pixels counted 0 to 1.
    """
    return PatchGaussian(size, sigma, p=p)


class Cutout(A.ImageOnlyTransform):
    """See `cutout`."""

    def __init__(self, size: int = 8, fill: tuple[int, ...] = (0,), p: float = 1.0):
        super().__init__(p=p)
        self.size, self.fill = positive(size), fill

    def get_params_dependent_on_data(self, params, data):
        height, width = params["shape"][:2]
        return {"y": self.py_random.randrange(height), "x": self.py_random.randrange(width)}

    def apply(self, img, y, x, **params):
        img = img.copy()
        img[square(y, x, self.size)] = self.fill
        return img


class PatchGaussian(A.ImageOnlyTransform):
    """See `patch_gaussian`."""

    def __init__(self, size: int = 25, sigma: float = 1.0, p: float = 1.0):
        super().__init__(p=p)
        self.size, self.sigma = positive(size), sigma

    def get_params_dependent_on_data(self, params, data):
        rng, shape = self.random_generator, params["shape"]
        noise = rng.normal(scale=255 * rng.uniform(0, self.sigma), size=shape)
        return {"noise": noise, "y": rng.integers(shape[0]), "x": rng.integers(shape[1])}

    def apply(self, img, noise, y, x, **params):
        patch, img = square(y, x, self.size), img.copy()
        img[patch] = np.clip(np.round(img[patch] + noise[patch]), 0, 255)
        return img


def positive(size: int) -> int:
    """The side of a hole or patch; ValueError if it is no pixel."""
    if size < 1:
        raise ValueError(f"size={size} must be at least 1 pixel")
    return size


def square(y: int, x: int, size: int) -> tuple[slice, slice]:
    """The rows and columns of a square about pixel (y, x), as far as they are in the image."""
    top, left = y - size // 2, x - size // 2
    return slice(max(top, 0), max(top + size, 0)), slice(max(left, 0), max(left + size, 0))


def pixel(fill) -> int | tuple[int, ...]:
    """A colour counted 0 to 1 as albumentations takes it: counted to 255, a number for grey.

    Raises:
        ValueError: values beyond 0 to 1.
    """
    if not 0 <= np.min(fill) <= np.max(fill) <= 1:
        raise ValueError(f"fill={fill} must be a colour counted 0 to 1, as dataset.mean is")
    levels = tuple(round(255 * float(value)) for value in np.atleast_1d(fill))
    return levels if len(levels) > 1 else levels[0]
