"""A digit in an image plus a number: MNIST images, each with a random digit to add.

The digits to add are drawn for every epoch from seed, epoch and batch, so that a training sees all
pairs of image and digit sooner or later; the validation set keeps the same ones.
"""

import numpy as np

from zoo import checks
from zoo.datasets.dataset import Dataset
from zoo.datasets.image_batches import ImageBatches
from zoo.datasets.transforms.pipeline import check_transforms

BITS = 5  # a sum of two digits is at most 18


def one_hot(numbers) -> np.ndarray:
    """Digits 0 to 9 (n,) as the model takes them, float32 (n, 10).

    Raises:
        ValueError: if they are not integers of shape (n,), or one is not a digit.
    """
    return np.eye(10, dtype="float32")[_integers("numbers", numbers, most=9)]


def inputs(data: Dataset, images, numbers) -> dict[str, np.ndarray]:
    """What the model takes: uint8 images (n, height, width, c) and as many digits to add.

    Raises:
        ValueError: if the images are of another type, size or number, or a number is not a digit.
    """
    _check_dataset(data)
    numbers = np.atleast_1d(checks.array("numbers", numbers))
    if len(images) != len(numbers):
        raise ValueError(f"{len(images)} images need as many numbers, not {len(numbers)}")
    return {"image": data.normalize(images), "number": one_hot(numbers)}


def bits(sums) -> np.ndarray:
    """Sums 0 to 18 (n,) as five bits (n, 5), the lowest first.

    Raises:
        ValueError: if they are not integers of shape (n,), or one is not from 0 to 18.
    """
    return (_integers("sums", sums, most=18)[:, None] >> np.arange(BITS) & 1).astype("float32")


class SumBatches(ImageBatches):
    """Batches ({"image", "number"}, {"digit", "sum"}) of a dataset of digits, for `model.fit`.

    Args:
        data: its classes are the digits.
        split: "train" or "val".
        batch_size: images per batch.
        transforms: those of single images; digits cannot be mixed.
        binary: the sum as five bits, not as a number.
        options: those of `Batches`: seed, workers, last, sample_weight.

    Raises:
        ValueError: if the classes are not the digits from 0 on, or an argument is wrong.
    """

    def __init__(
        self, data: Dataset, split: str, batch_size: int, transforms=(), *, binary=False, **options
    ):
        _check_dataset(data)
        if list(data.class_names) != list("0123456789")[: data.num_classes]:
            raise ValueError(
                f"{data.name} has the classes {', '.join(data.class_names[:11])}; a sum needs the "
                f"digits from 0 on, at most to 9, in their order"
            )
        if check_transforms(transforms)[1]:
            raise ValueError(
                "digits that are added cannot be mixed: leave out MixUp, CutMix, RICAP"
            )
        self.binary = checks.flag("binary", binary)
        x, y = data.split(split)
        super().__init__(
            x,
            y,
            batch_size,
            transforms,
            mean=data.mean,
            std=data.std,
            shuffle=split == "train",
            **options,
        )

    def numbers(self, epoch: int, index: int, count: int) -> np.ndarray:
        """The digits to add in one batch."""
        drawn = (*self.key(epoch, index), int(self.shuffle), 10)
        return np.random.default_rng(drawn).integers(10, size=count)

    def batch(self, rows, epoch, index):
        images, digits = super().batch(rows, epoch, index)
        numbers = self.numbers(epoch, index, len(digits))
        sums = digits + numbers
        targets = {"digit": digits, "sum": bits(sums) if self.binary else sums}
        return {"image": images, "number": one_hot(numbers)}, targets


def _check_dataset(data) -> None:
    if not isinstance(data, Dataset):
        raise ValueError(f"data must be a zoo.datasets.Dataset, not a {type(data).__name__}")


def _integers(name: str, values, most: int) -> np.ndarray:
    """Integers (n,) from 0 to `most`."""
    values = checks.array(name, values)
    if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
        raise ValueError(
            f"{name} must be integers of shape (n,), not {values.dtype} of shape {values.shape}"
        )
    wrong = values[(values < 0) | (values > most)]
    if len(wrong):
        raise ValueError(f"{name} must be from 0 to {most}, not {wrong[0]}")
    return values
