"""A digit seen plus a digit told: MNIST images, each with a random number to add.

The numbers are drawn anew for every epoch from seed, epoch and batch, so that a training sees all
pairs of image and number sooner or later; the validation set keeps the same ones.
"""

import keras
import numpy as np

from zoo.datasets.batches import Batches
from zoo.datasets.dataset import Dataset

BITS = 5  # a sum of two digits is at most 18


def one_hot(numbers) -> np.ndarray:
    """Numbers 0 to 9 (n,) as the model takes them, float32 (n, 10).

    Raises:
        ValueError: a number that is no digit.
    """
    numbers = np.asarray(numbers)
    if numbers.ndim != 1 or not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(
            f"numbers must be integers of shape (n,), not {numbers.dtype} {numbers.shape}"
        )
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() <= 9:
        wrong = numbers[(numbers < 0) | (numbers > 9)][0]
        raise ValueError(f"the number to add must be a digit from 0 to 9, not {wrong}")
    return np.eye(10, dtype="float32")[numbers]


def inputs(data: Dataset, images, numbers) -> dict[str, np.ndarray]:
    """What the model is asked: uint8 images (n, height, width, c) and as many numbers.

    Raises:
        ValueError: images of another type, size or number, a number that is no digit.
    """
    numbers = np.atleast_1d(numbers)
    if len(images) != len(numbers):
        raise ValueError(f"{len(images)} images need as many numbers, not {len(numbers)}")
    return {"image": data.normalize(images), "number": one_hot(numbers)}


def bits(sums) -> np.ndarray:
    """Sums 0 to 18 as five bits (n, 5), the lowest first."""
    return (np.asarray(sums)[:, None] >> np.arange(BITS) & 1).astype("float32")


@keras.saving.register_keras_serializable(package="zoo")
def all_bits(true, logits):
    """1 where every bit of a sum is right: the accuracy of binary sums, (n, 5) to (n,)."""
    right = keras.ops.equal(logits > 0, true > 0.5)
    return keras.ops.cast(keras.ops.all(right, axis=-1), "float32")


class SumBatches(Batches):
    """Batches ({"image", "number"}, {"digit", "sum"}) of a dataset of digits, for `model.fit`.

    Raises:
        ValueError: a dataset whose classes are not the digits from 0 on.
    """

    def __init__(
        self, data: Dataset, split: str, batch_size: int, transforms=(), *, binary=False, seed=0
    ):
        self.binary, self.training = binary, split == "train"
        if list(data.class_names) != list("0123456789")[: data.num_classes]:
            raise ValueError(
                f"{data.name} has the classes {', '.join(data.class_names[:11])}; a sum needs the "
                f"digits from 0 on, at most to 9, in their order"
            )
        x, y = data.split(split)
        super().__init__(
            x, y, batch_size, transforms, mean=data.mean, std=data.std,
            shuffle=self.training, seed=seed,
        )  # fmt: skip

    def numbers(self, epoch: int, index: int, count: int) -> np.ndarray:
        """The numbers told with one batch."""
        drawn = (self.seed, epoch if self.training else 0, index, int(self.training), 10)
        return np.random.default_rng(drawn).integers(10, size=count)

    def _batch(self, epoch, index):
        images, digits = super()._batch(epoch, index)
        numbers = self.numbers(epoch, index, len(digits))
        sums = digits + numbers
        targets = {"digit": digits, "sum": bits(sums) if self.binary else sums}
        return {"image": images, "number": one_hot(numbers)}, targets
