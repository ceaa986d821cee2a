"""Augmentations of a batch, which mix its images and their labels: MixUp, CutMix, RICAP.

`keras.layers.MixUp` and `CutMix` hold a random state and give the backend's tensors; these draw
from the generator they are handed, so that a batch stays a function of its seed, epoch and index.
Each image has a draw of its own, where the authors' code has one for the whole batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np


def mixup(alpha: float = 1.0, p: float = 1.0) -> "Mixing":
    """The weighted mean with another image, the weight from Beta(alpha, alpha) (Zhang, 2017)."""
    return Mixing("mixup", partial(_mixup, _positive("alpha", alpha)), p)


def cutmix(alpha: float = 1.0, p: float = 1.0) -> "Mixing":
    """A box of another image pasted in, labels by area (Yun, 2019).

    The box covers a share from Beta(alpha, alpha), less what the border cuts off.
    """
    return Mixing("cutmix", partial(_cutmix, _positive("alpha", alpha)), p)


def ricap(beta: float = 0.3, p: float = 1.0) -> "Mixing":
    """Random pieces of four images about a point from Beta(beta, beta), by area (Takahashi, 2018).

    A small beta keeps the point near a corner and one of the four nearly whole.
    """
    return Mixing("ricap", partial(_ricap, _positive("beta", beta)), p)


@dataclass(frozen=True)
class Mixing:
    """Mixes each image of a batch with others of it, with probability `p`.

    Called with images (n, h, w, c), labels (n, classes) and a `numpy.random.Generator` it gives
    float32 images and labels of the same shapes; a label keeps its sum.
    """

    name: str
    mix: Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
    p: float = 1.0

    def __post_init__(self):
        if not 0 <= self.p <= 1:
            raise ValueError(f"{self.name}: p={self.p} must be a probability, 0 to 1")

    def __call__(self, images, labels, rng):
        images, labels = np.asarray(images, "float32"), np.asarray(labels, "float32")
        mixed, shares = self.mix(images, labels, rng)
        if self.p < 1:
            kept = rng.random(len(images)) >= self.p
            mixed[kept], shares[kept] = images[kept], labels[kept]
        return mixed, shares


def _mixup(alpha, images, labels, rng):
    share = rng.beta(alpha, alpha, len(images)).astype("float32")
    other = rng.permutation(len(images))
    return _mean(images, images[other], share), _mean(labels, labels[other], share)


def _cutmix(alpha, images, labels, rng):
    count, height, width = images.shape[:3]
    side = np.sqrt(1 - rng.beta(alpha, alpha, count))  # of the box, the image's being 1
    other = rng.permutation(count)
    rows, columns = _stretch(side, height, rng), _stretch(side, width, rng)
    box = rows[:, :, None] & columns[:, None, :]
    mixed = np.where(box[..., None], images[other], images)
    return mixed, _mean(labels, labels[other], 1 - box.mean((1, 2), dtype="float32"))


def _ricap(beta, images, labels, rng):
    count, height, width = images.shape[:3]
    y = np.round(height * rng.beta(beta, beta, count)).astype(int)
    x = np.round(width * rng.beta(beta, beta, count)).astype(int)
    mixed, shares = np.empty_like(images), np.zeros_like(labels)
    none = np.zeros_like(y)
    for top, tall, left, wide in (  # the four corners
        (none, y, none, x),
        (none, y, x, width - x),
        (y, height - y, none, x),
        (y, height - y, x, width - x),
    ):
        other = rng.permutation(count)
        from_y, from_x = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
        for i in range(count):
            piece = images[other[i], from_y[i] :, from_x[i] :][: tall[i], : wide[i]]
            mixed[i, top[i] :, left[i] :][: tall[i], : wide[i]] = piece
        shares += labels[other] * (tall * wide / (height * width)).astype("float32")[:, None]
    return mixed, shares


def _mean(one, other, share):
    """`share` (n,) of the one and the rest of the other, both (n, ...)."""
    share = share.reshape(-1, *[1] * (one.ndim - 1))
    return share * one + (1 - share) * other


def _stretch(share, length, rng):
    """(n, length) bool: a stretch of `share` (n,) of it about any pixel, cut off at the ends."""
    size = (length * share).astype(int)
    start = rng.integers(length, size=len(share)) - size // 2
    at = np.arange(length)
    return (at >= start[:, None]) & (at < (start + size)[:, None])


def _positive(name, value):
    if not value > 0:
        raise ValueError(f"{name}={value} must be above 0")
    return value
