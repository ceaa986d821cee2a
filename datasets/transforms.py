"""The course's augmentations: albumentations transforms with the settings the lessons use.

Each acts on one uint8 image; hand a list of them to `Dataset.batches`, mixed with any other
albumentations transform:

    data.batches("train", 512, [crop(pad=4), flip(), cutout(8, fill=data.mean)])
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


def rotate(degrees: float = 7, p: float = 1.0) -> A.Rotate:
    """Turn by up to `degrees` either way, the background black."""
    return A.Rotate((-degrees, degrees), border_mode=cv2.BORDER_CONSTANT, p=p)


def shift_scale_rotate(
    shift: float = 0.0625, scale: float = 0.1, degrees: float = 15, p: float = 0.5
) -> A.Affine:
    """Move by up to `shift` of the size, zoom by up to `scale`, turn by up to `degrees`."""
    return A.Affine(
        translate_percent=(-shift, shift),
        scale=(1 - scale, 1 + scale),
        rotate=(-degrees, degrees),
        border_mode=cv2.BORDER_REFLECT_101,
        p=p,
    )


def coarse_dropout(size: int = 16, fill=(0.0,), p: float = 0.5) -> A.CoarseDropout:
    """One `size` x `size` hole that lies inside the image, filled with `fill` (pixels 0 to 1)."""
    side = (size, size)
    return A.CoarseDropout((1, 1), side, side, fill=_pixel(fill), p=p)


def cutout(size: int = 8, fill=(0.0,), p: float = 1.0) -> "Cutout":
    """One `size` x `size` hole centred on any pixel, so that borders cut it (DeVries, 2017)."""
    return Cutout(size, _pixel(fill), p=p)


class Cutout(A.ImageOnlyTransform):
    """See `cutout`."""

    def __init__(self, size: int = 8, fill: tuple[int, ...] = (0,), p: float = 1.0):
        super().__init__(p=p)
        self.size, self.fill = size, fill

    def get_params_dependent_on_data(self, params, data):
        height, width = params["shape"][:2]
        return {"y": self.py_random.randrange(height), "x": self.py_random.randrange(width)}

    def apply(self, img, y, x, **params):
        top, left = y - self.size // 2, x - self.size // 2
        img = img.copy()
        img[max(top, 0) : top + self.size, max(left, 0) : left + self.size] = self.fill
        return img


def _pixel(fill) -> int | tuple[int, ...]:
    """A colour counted 0 to 1 as albumentations takes it: counted to 255, a number for grey."""
    levels = tuple(round(255 * float(value)) for value in np.atleast_1d(fill))
    return levels if len(levels) > 1 else levels[0]
