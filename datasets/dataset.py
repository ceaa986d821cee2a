"""What every loader returns: two splits of uint8 images with their names and statistics."""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from zoo.datasets.batches import Batches, normalize
from zoo.datasets.transforms import Mixing

SPLITS = ("train", "val")


@dataclass(frozen=True, repr=False)
class Dataset:
    """Images (n, height, width, 1 or 3) as uint8 and labels (n,) as integers, train and val.

    `mean` and `std` are a value a channel, pixels counted 0 to 1.

    Raises:
        ValueError: arrays of another type or shape, labels without a name.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self):
        for split in SPLITS:
            x, y = self.split(split)
            where = f"{self.name}, {split}"
            if x.dtype != np.uint8 or x.ndim != 4 or x.shape[-1] not in (1, 3):
                raise ValueError(
                    f"{where}: images must be uint8 of shape (n, height, width, 1 or 3), "
                    f"not {x.dtype} of shape {x.shape}"
                )
            if not np.issubdtype(y.dtype, np.integer) or y.shape != x.shape[:1]:
                raise ValueError(
                    f"{where}: {len(x)} images need as many integer labels, "
                    f"not {y.dtype} of shape {y.shape}"
                )
            if len(y) == 0:
                raise ValueError(f"{where}: there is not one image")
            if y.min() < 0 or y.max() >= self.num_classes:
                raise ValueError(
                    f"{where}: labels run from {y.min()} to {y.max()}, but the "
                    f"{self.num_classes} class names stand for 0 to {self.num_classes - 1}"
                )
        if self.x_val.shape[1:] != self.image_shape:
            raise ValueError(
                f"{self.name}: training images are {self.image_shape}, validation images "
                f"{self.x_val.shape[1:]}; they must be of one size"
            )
        if not len(self.mean) == len(self.std) == self.image_shape[-1]:
            raise ValueError(
                f"{self.name}: mean and std need {self.image_shape[-1]} values, one a channel, "
                f"not {len(self.mean)} and {len(self.std)}"
            )
        if not min(self.std) > 0:
            raise ValueError(f"{self.name}: std must be positive, not {self.std}")

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.x_train.shape[1:]

    def split(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """`(images, labels)` of "train" or "val"."""
        if name not in SPLITS:
            raise ValueError(f"no split named {name!r}; there are {' and '.join(SPLITS)}")
        return (self.x_train, self.y_train) if name == "train" else (self.x_val, self.y_val)

    def batches(
        self, split: str, batch_size: int, transforms=(), *, seed: int = 0, workers: int = 1,
        one_hot: bool = False,
    ) -> Batches:  # fmt: skip
        """Normalised float32 batches for `model.fit`; training ones are shuffled every epoch.

        Args:
            split: "train" or "val".
            batch_size: images a batch; the last one of an epoch may be smaller.
            transforms: albumentations transforms, applied to each image in turn, then MixUp,
                CutMix or RICAP, which mix the images of the batch.
            seed: fixes order and augmentation, whatever the backend and number of workers.
            workers: threads that prepare batches ahead of the model; 0: it waits for each.
            one_hot: labels as float32 (n, classes), for `CategoricalCrossentropy`. So they are
                where images are mixed; the validation batches of that training ask for it.

        Raises:
            ValueError: another split, or as `Batches`.
        """
        x, y = self.split(split)
        transforms = list(transforms)
        one_hot = one_hot or any(isinstance(step, Mixing) for step in transforms)
        return Batches(
            x, y, batch_size, transforms, mean=self.mean, std=self.std,
            shuffle=split == "train", seed=seed, workers=workers,
            num_classes=self.num_classes if one_hot else None,
        )  # fmt: skip

    def normalize(self, images: np.ndarray) -> np.ndarray:
        """uint8 images as the float32 that a model of this dataset sees.

        Raises:
            ValueError: images of another size, no uint8, or other channels.
        """
        images = np.asarray(images)
        if images.shape[1:] != self.image_shape:
            wanted = ", ".join(map(str, self.image_shape))
            raise ValueError(
                f"images of {self.name} must be (n, {wanted}), not {images.shape}; resize them"
            )
        return normalize(images, self.mean, self.std)

    def reshaped(self, image_shape: tuple[int, int, int]) -> "Dataset":
        """The same dataset with images of `image_shape`, resized and turned grey or RGB."""
        check_shape(image_shape)
        if self.image_shape == tuple(image_shape):
            return self
        channels = image_shape[-1]
        statistics = {}
        if channels != self.image_shape[-1]:
            for key in ("mean", "std"):  # grey repeats its one value, RGB takes the mean of three
                statistics[key] = (float(np.mean(getattr(self, key))),) * channels
        return dataclasses.replace(
            self,
            x_train=np.stack([fit(image, image_shape) for image in self.x_train]),
            x_val=np.stack([fit(image, image_shape) for image in self.x_val]),
            **statistics,
        )

    def limited(self, limit: int, seed: int = 0) -> "Dataset":
        """`limit` training images and at most as many validation images, classes balanced."""
        if not 1 <= limit <= len(self.x_train):
            raise ValueError(
                f"--limit {limit}: {self.name} has {len(self.x_train):,} training images; "
                f"give 1 to {len(self.x_train)}"
            )
        train = balanced_subset(self.y_train, limit, seed)
        val = balanced_subset(self.y_val, min(limit, len(self.y_val)), seed)
        return dataclasses.replace(
            self,
            x_train=self.x_train[train],
            y_train=self.y_train[train],
            x_val=self.x_val[val],
            y_val=self.y_val[val],
        )

    def __repr__(self) -> str:
        height, width, channels = self.image_shape
        return (
            f"Dataset({self.name}: {len(self.x_train):,} train and {len(self.x_val):,} val images, "
            f"{height}x{width}x{channels}, {self.num_classes} classes)"
        )


def check_shape(image_shape) -> None:
    """Raise ValueError unless it is (height, width, 1 or 3)."""
    sides = image_shape if isinstance(image_shape, tuple | list) else ()
    if len(sides) != 3 or min(sides) < 1 or sides[2] not in (1, 3):
        raise ValueError(f"image_shape must be (height, width, 1 or 3), not {image_shape}")


def fit(image: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """One uint8 image (h, w, 1 or 3), resized and turned grey or RGB to be `image_shape`."""
    height, width, channels = image_shape
    if image.shape[-1] != channels:
        code = cv2.COLOR_GRAY2RGB if channels == 3 else cv2.COLOR_RGB2GRAY
        image = cv2.cvtColor(image, code)
    if image.shape[:2] != (height, width):
        shrinks = height * width < image.shape[0] * image.shape[1]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        image = cv2.resize(image, (width, height), interpolation=how)
    return image.reshape(image_shape)


def balanced_subset(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Indices of `count` labels, a class's share differing by one at most while it has images."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    turn = np.empty(len(labels), int)  # the how-manieth of its class an image is
    for label in np.unique(labels):
        of_class = shuffled[labels[shuffled] == label]
        turn[of_class] = np.arange(len(of_class))
    return np.sort(shuffled[np.argsort(turn[shuffled], kind="stable")[:count]])
