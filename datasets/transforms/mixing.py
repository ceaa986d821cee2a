"""Augmentations of a batch, which mix its images and their labels: MixUp, CutMix, RICAP.

`keras.layers.MixUp` and `CutMix` hold a random state and give the backend's tensors; these draw
from the generator they are handed, so that a batch remains a function of its seed, epoch and index.
Each image has a draw of its own, where the authors' code has one for the whole batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from zoo import checks


def mixup(alpha: float = 1.0, p: float = 1.0) -> "Mixing":
    """The weighted mean with another image, the weight from Beta(alpha, alpha) (Zhang, 2017)."""
    return Mixing("mixup", partial(_mixup, checks.number("alpha", alpha, above=0, most=1e6)), p)


def cutmix(alpha: float = 1.0, p: float = 1.0) -> "Mixing":
    """A box of another image pasted in, labels by area (Yun, 2019).

    The box covers a share from Beta(alpha, alpha), less what the border cuts off.
    """
    return Mixing("cutmix", partial(_cutmix, checks.number("alpha", alpha, above=0, most=1e6)), p)


def ricap(beta: float = 0.3, p: float = 1.0) -> "Mixing":
    """Random pieces of four images about a point from Beta(beta, beta), by area (Takahashi, 2018).

    A small beta keeps the point near a corner and one of the four nearly whole.
    """
    return Mixing("ricap", partial(_ricap, checks.number("beta", beta, above=0, most=1e6)), p)


@dataclass(frozen=True)
class Mixing:
    """Mixes each image of a batch with others of it, with probability `p`.

    Called with images (n, h, w, c), labels (n, classes) and a `numpy.random.Generator` it gives
    float32 images and labels of the same shapes; a label keeps its sum.

    Raises:
        ValueError: if `p` is no probability, or `mix` no function; when called, if the labels are
            not (n, classes): the mean of two class numbers is a third class.
    """

    name: str
    mix: Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
    p: float = 1.0

    def __post_init__(self):
        if not isinstance(self.name, str) or not callable(self.mix):
            raise ValueError(f"a Mixing needs a name and a function, not {self.name!r}, {self.mix}")
        checks.probability(f"{self.name}: p", self.p)

    def __call__(self, images, labels, rng):
        images, labels = np.asarray(images), np.asarray(labels)
        if images.ndim != 4 or labels.ndim != 2 or len(images) != len(labels):
            raise ValueError(
                f"{self.name} mixes images (n, h, w, c) and as many one-hot labels (n, classes), "
                f"not {images.shape} and {labels.shape}"
            )
        images, labels = images.astype("float32"), labels.astype("float32")
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
    y = np.round(height * rng.beta(beta, beta, count)).astype(int)  # where the four meet
    x = np.round(width * rng.beta(beta, beta, count)).astype(int)
    mixed, shares = np.empty_like(images), np.zeros_like(labels)
    zero = np.zeros_like(y)
    corners = (  # the top, height, left and width of each piece
        (zero, y, zero, x),
        (zero, y, x, width - x),
        (y, height - y, zero, x),
        (y, height - y, x, width - x),
    )
    for top, tall, left, wide in corners:
        other = rng.permutation(count)
        from_y, from_x = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
        for i in range(count):
            piece = images[other[i], from_y[i] :, from_x[i] :][: tall[i], : wide[i]]
            mixed[i, top[i] :, left[i] :][: tall[i], : wide[i]] = piece
        shares += labels[other] * (tall * wide / (height * width)).astype("float32")[:, None]
    return mixed, shares


def _mean(first, second, share):
    """`share` (n,) of the first and the rest of the second, both (n, ...)."""
    share = share.reshape(-1, *[1] * (first.ndim - 1))
    return share * first + (1 - share) * second


def _stretch(share, length, rng):
    """(n, length) bool: a stretch of `share` (n,) of it about any pixel, cut off at the ends."""
    size = (length * share).astype(int)
    start = rng.integers(length, size=len(share)) - size // 2
    position = np.arange(length)
    return (position >= start[:, None]) & (position < (start + size)[:, None])
