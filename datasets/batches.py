"""Batches that are a pure function of seed, epoch and index, so that every backend sees the same.

Keras calls `batches[i]` from several threads and, on tensorflow, ahead of time; nothing here
depends on the order of those calls.
"""

import copy
import threading

import albumentations
import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented, normalised batches of in-memory images, for `model.fit`.

    Use `Dataset.batches`, or hand it arrays of your own: images (n, h, w, c) as uint8 and
    whatever labels your loss takes. `epoch` counts the passes made; set it to go on from a
    later epoch with the order and augmentation that epoch would have had.
    """

    def __init__(
        self, x, y, batch_size, transforms=(), *, mean, std, shuffle=True, seed=0, workers=2
    ):
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        super().__init__(workers=workers, max_queue_size=8)
        self.x, self.y = x, y
        self.batch_size = batch_size
        self.pipeline = albumentations.Compose(list(transforms)) if transforms else None
        self.mean, self.std = np.asarray(mean, "float32"), np.asarray(std, "float32")
        self.shuffle, self.seed = shuffle, seed
        self.epoch = 0
        self._order = (None, None)  # (epoch, permutation): drawn once an epoch
        self._local = threading.local()  # a pipeline holds random state: one a thread

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, index: int):
        rows = self.order()[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.x[rows]
        if self.pipeline is not None:
            images = self._augment(images, index)
        return normalize(images, self.mean, self.std), self.y[rows]

    def order(self) -> np.ndarray:
        """The indices of this epoch's images, first to last."""
        epoch, order = self._order
        if epoch != self.epoch:
            epoch, order = self.epoch, np.arange(len(self.x))
            if self.shuffle:
                np.random.default_rng((self.seed, epoch)).shuffle(order)
            self._order = (epoch, order)
        return order

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def _augment(self, images: np.ndarray, index: int) -> np.ndarray:
        pipeline = getattr(self._local, "pipeline", None)
        if pipeline is None:
            pipeline = self._local.pipeline = copy.deepcopy(self.pipeline)
        state = np.random.SeedSequence((self.seed, self.epoch, index)).generate_state(1)
        pipeline.set_random_seed(int(state[0]))
        return np.stack([pipeline(image=image)["image"] for image in images])


def normalize(images: np.ndarray, mean, std) -> np.ndarray:
    """uint8 (n, h, w, c) to float32: (pixel / 255 - mean) / std, both a value a channel."""
    mean, std = np.asarray(mean, "float32"), np.asarray(std, "float32")
    scaled = np.multiply(images, 1 / (255 * std), dtype="float32")
    scaled -= mean / std
    return scaled
