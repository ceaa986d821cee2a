"""Batches that are a pure function of seed, epoch and index: every backend sees the same."""

import collections
import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import albumentations
import keras
import numpy as np

from zoo.backend.data_adapter import PyDatasetAdapter
from zoo.datasets.transforms import Mixing


class Batches(PyDatasetAdapter):
    """Shuffled, augmented, normalised batches of in-memory images, for `model.fit`.

    Use `Dataset.batches`, or hand it arrays of your own: images (n, h, w, c) as uint8 and
    whatever labels your loss takes. With `num_classes` integer labels (n,) are given as float32
    (n, num_classes), a one for the class: what MixUp, CutMix and RICAP need, unless labels are of
    that form already. `batches[i]` is one batch of the current epoch. `epoch` counts the passes
    made; set it to go on with a later epoch's order and augmentation.

    It is a Keras data adapter, which `fit` takes as it is. Given a PyDataset, `fit` would shuffle
    the order of the batches once more, and with several workers carry some into the next epoch.
    `class_weight` and `sample_weight` do not reach an adapter; `predict` sees a shuffled epoch
    unless `shuffle=False`, as the validation batches have it.

    Raises:
        ValueError: a batch size below 1, images and labels of different number, images that are not
            uint8 or do not fit mean and std, labels that cannot be made or mixed as asked.
    """

    def __init__(
        self, x, y, batch_size, transforms=(), *, mean, std, shuffle=True, seed=0, workers=1,
        num_classes=None,
    ):  # fmt: skip
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        if len(x) != len(y):
            raise ValueError(f"{len(x)} images need as many labels, not {len(y)}")
        self.x, self.y = x, y
        self.size = batch_size
        transforms = list(transforms)
        single = [step for step in transforms if not isinstance(step, Mixing)]
        self.pipeline = albumentations.Compose(single) if single else None
        if self.pipeline is None:  # which could make others of them
            normalize(x[:1], mean, std)  # refuses now what it would refuse in the training
        self.mixing = [step for step in transforms if isinstance(step, Mixing)]
        self.num_classes = num_classes
        _check_labels(np.asarray(y), num_classes, self.mixing)
        self.mean, self.std = mean, std
        self.shuffle_images, self.seed = shuffle, seed
        self.workers = workers
        self.epoch = 0
        self.count = None  # what `num_batches` gives if `size` changes while `fit` runs
        self._order = (None, None)  # (epoch, permutation): drawn once an epoch
        self._local = threading.local()  # a pipeline holds random state: one a thread
        self._starting_over = True
        super().__init__(_Source(self))

    def __len__(self) -> int:
        return -(-len(self.x) // self.size)

    def __getitem__(self, index: int):
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        return self._batch(self.epoch, index)

    def order(self, epoch: int) -> np.ndarray:
        """The indices of an epoch's images, first to last."""
        drawn, order = self._order
        if drawn != epoch:
            order = np.arange(len(self.x))
            if self.shuffle_images:
                np.random.default_rng((self.seed, epoch)).shuffle(order)
            self._order = (epoch, order)
        return order

    @property
    def num_batches(self) -> int:
        self._starting_over = True  # Keras asks before it begins, and after a look at one batch
        return len(self) if self.count is None else self.count

    def on_epoch_begin(self) -> None:
        self._starting_over = False
        self._within_epoch = False  # an interrupted fit leaves it set, and Keras refuses the next
        super().on_epoch_begin()

    def on_epoch_end(self) -> None:
        super().on_epoch_end()
        if not self._starting_over:
            self.epoch += 1

    def _get_iterator(self):
        """This epoch's batches in order, threads a few ahead of the model."""
        if not self.workers:
            yield from (self._batch(self.epoch, index) for index in range(len(self)))
            return
        with ThreadPoolExecutor(self.workers) as threads:
            coming, epoch = collections.deque(), self.epoch
            for index in range(len(self)):
                coming.append(threads.submit(self._batch, epoch, index))
                if len(coming) > 2 * self.workers:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()

    def _batch(self, epoch: int, index: int):
        rows = self.order(epoch)[index * self.size : (index + 1) * self.size]
        images = self.x[rows]
        if self.pipeline is not None:
            pipeline = getattr(self._local, "pipeline", None)
            if pipeline is None:
                pipeline = self._local.pipeline = copy.deepcopy(self.pipeline)
            sequence = np.random.SeedSequence((self.seed, epoch, index))
            seed, *seeds = map(int, sequence.generate_state(1 + len(pipeline.transforms)))
            pipeline.set_random_seed(seed)
            for step, seed in zip(pipeline.transforms, seeds, strict=True):
                step.set_random_seed(seed)  # with one seed for all, two flips go together
            images = np.stack([pipeline(image=image, epoch=epoch)["image"] for image in images])
        images, labels = normalize(images, self.mean, self.std), self.y[rows]
        if self.num_classes is not None:
            labels = np.eye(self.num_classes, dtype="float32")[labels]
        if self.mixing:
            rng = np.random.default_rng((self.seed, epoch, index))
            for mix in self.mixing:
                images, labels = mix(images, labels, rng)
        return images, labels


class _Source(keras.utils.PyDataset):
    """What the adapter asks for the number and the shape of its batches."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


def _check_labels(y, num_classes, mixing) -> None:
    """Raise ValueError unless the labels are what one-hot labels or mixing can be made of."""
    shape = f"labels are {y.dtype} of shape {y.shape}"
    if num_classes is not None:
        if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
            raise ValueError(f"{shape}; num_classes={num_classes} is for integers of shape (n,)")
        if len(y) and not 0 <= y.min() <= y.max() < num_classes:
            raise ValueError(
                f"labels run from {y.min()} to {y.max()}; num_classes={num_classes} allows 0 to "
                f"{num_classes - 1}"
            )
    elif mixing and (y.ndim != 2 or not np.allclose(y.sum(axis=1), 1, atol=1e-3)):
        raise ValueError(
            f"{mixing[0].name} mixes labels of shape (n, classes) that sum to 1, but the {shape}: "
            f"with integers of shape (n,) give num_classes as well"
        )


def normalize(images: np.ndarray, mean, std) -> np.ndarray:
    """uint8 (n, h, w, c) to float32: (pixel / 255 - mean) / std, both a value a channel or one.

    Raises:
        ValueError: images of another type, or of other channels than mean and std have values.
    """
    images = np.asarray(images)
    fitting = {np.size(mean), np.size(std)} <= {1, images.shape[-1]}
    if images.dtype != np.uint8 or not fitting:
        raise ValueError(
            f"images must be uint8, pixels 0 to 255, with a channel for each of mean={mean} and "
            f"std={std}, not {images.dtype} of shape {images.shape}"
        )
    mean, std = np.asarray(mean, "float32"), np.asarray(std, "float32")
    scaled = np.multiply(images, 1 / (255 * std), dtype="float32")
    scaled -= mean / std
    return scaled
