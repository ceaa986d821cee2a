"""Batches of images with labels: augmented, normalised and, if asked for, mixed."""

import numpy as np

from zoo import checks
from zoo.datasets.batches import Batches
from zoo.datasets.transforms.pipeline import Pipeline


class ImageBatches(Batches):
    """Batches (images, labels) for `model.fit`; `Dataset.batches` makes them of a dataset.

    Args:
        x: images (n, h, w, c), uint8; an array, or whatever gives one when indexed by rows.
        y: one label per image, of any form that your loss takes.
        batch_size: images per batch.
        transforms: those of `zoo.datasets.transforms` and of albumentations, which change single
            images, then those that mix the images of a batch.
        mean: of the pixels, 0 to 1, one value or one per channel; `std` likewise.
        num_classes: turn integer labels (n,) into float32 (n, num_classes), a one for the class:
            MixUp, CutMix and RICAP need labels of that form.
        options: those of `Batches`: shuffle, seed, workers, last, sample_weight.

    Raises:
        ValueError: if images and labels are of another number, images are not uint8 or do not suit
            the transforms, mean and std, labels cannot be made or mixed as asked, or an option is
            wrong. A transform that fails later, while a batch is made, is named with the image.
    """

    def __init__(
        self,
        x,
        y,
        batch_size: int,
        transforms=(),
        *,
        mean,
        std,
        num_classes: int | None = None,
        **options,
    ):
        if not all(hasattr(x, name) for name in ("shape", "dtype", "__getitem__")):
            raise ValueError(f"images must be an array (n, h, w, c), not a {type(x).__name__}")
        y = checks.array("labels", y)
        if y.shape[:1] != x.shape[:1]:
            raise ValueError(
                f"{x.shape[0]} images need as many labels, not {y.dtype} of shape {y.shape}"
            )
        super().__init__(x.shape[0], batch_size, **options)
        self.x, self.y = x, y
        self.mean, self.std = mean, std
        self.pipeline = Pipeline(transforms)
        self.num_classes = num_classes
        _check_labels(y, num_classes, self.pipeline.mixing)
        self._check_images()

    def batch(self, rows, epoch, index):
        key = self.key(epoch, index)
        images = self.pipeline.transform(self.x[rows], epoch, key, rows)
        images, labels = normalize(images, self.mean, self.std), self.y[rows]
        if self.num_classes is not None:
            labels = np.eye(self.num_classes, dtype="float32")[labels]
        return self.pipeline.mix(images, labels, key, rows)

    def _check_images(self) -> None:
        """Refuse now, on the first image, what would be refused in the training."""
        first = self.x[np.arange(1)]
        if first.dtype == np.uint8 and first.ndim == 4:
            first = self.pipeline.transform(first, 0, self.key(0, 0), [0], always=True)
        normalize(first, self.mean, self.std)


def normalize(images: np.ndarray, mean, std) -> np.ndarray:
    """uint8 (n, h, w, c) to float32: (pixel / 255 - mean) / std, one value or one per channel.

    Raises:
        ValueError: if the images are of another type, the numbers of values and channels differ,
            or `std` is not above 0.
    """
    images = checks.array("images", images)
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(
            f"images must be uint8, pixels 0 to 255, of shape (n, h, w, c), not {images.dtype} of "
            f"shape {images.shape}"
        )
    counts = sorted({1, images.shape[-1]})
    mean = checks.several_numbers("mean", mean, counts, least=-255, most=255)
    std = checks.several_numbers("std", std, counts, least=1e-6, most=1e6)
    mean, std = np.float32(mean), np.float32(std)
    scaled = np.multiply(images, 1 / (255 * std), dtype="float32")
    scaled -= mean / std
    return scaled


def _check_labels(y, num_classes, mixing) -> None:
    """Raise ValueError unless one-hot labels can be made of the labels, or they can be mixed."""
    if num_classes is not None:
        checks.whole_number("num_classes", num_classes, least=1)
        checks.class_labels("labels", y, len(y), num_classes)
    elif mixing and (y.ndim != 2 or not np.allclose(y.sum(axis=1), 1, atol=1e-3)):
        raise ValueError(
            f"{mixing[0].name} mixes labels of shape (n, classes) that sum to 1, but the labels "
            f"are {y.dtype} of shape {y.shape}: with integers of shape (n,) give num_classes as "
            f"well"
        )
