"""What every loader returns: two splits of uint8 images with their names and statistics."""

import collections
import dataclasses
import hashlib
from dataclasses import dataclass

import numpy as np

from zoo import checks
from zoo.datasets.decoding import fit
from zoo.datasets.image_batches import ImageBatches, normalize
from zoo.datasets.streaming import ImageFiles
from zoo.datasets.transforms.pipeline import check_transforms

SPLITS = ("train", "val")


@dataclass(frozen=True, repr=False)
class Dataset:
    """Images (n, height, width, 1 or 3) as uint8 and labels (n,) as integers, train and val.

    The images are an array, or `ImageFiles`, which reads those that are indexed. `mean` and `std`
    are one value per channel, pixels counted 0 to 1.

    Raises:
        ValueError: if an array has another type or shape, or a label has no name.
    """

    name: str
    x_train: np.ndarray | ImageFiles
    y_train: np.ndarray
    x_val: np.ndarray | ImageFiles
    y_val: np.ndarray
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self):
        for split in SPLITS:
            x, y = self.split(split)
            where = f"{self.name}, {split}"
            if not isinstance(x, np.ndarray | ImageFiles) or not isinstance(y, np.ndarray):
                raise ValueError(
                    f"{where}: images and labels must be numpy arrays, not {type(x).__name__} and "
                    f"{type(y).__name__}"
                )
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
        channels = self.image_shape[-1]
        for key in ("mean", "std"):
            values = getattr(self, key)
            if np.shape(values) != (channels,):
                raise ValueError(
                    f"{self.name}: {key}={values!r} must be {channels} values, one per channel"
                )
            for value in values:
                checks.number(key, value, above=0 if key == "std" else None)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.x_train.shape[1:]

    def split(self, name: str) -> tuple[np.ndarray | ImageFiles, np.ndarray]:
        """`(images, labels)` of "train" or "val".

        Raises:
            ValueError: if `name` is another.
        """
        if name not in SPLITS:
            raise ValueError(f"no split named {name!r}; there are {' and '.join(SPLITS)}")
        return (self.x_train, self.y_train) if name == "train" else (self.x_val, self.y_val)

    def batches(
        self,
        split: str,
        batch_size: int,
        transforms=(),
        *,
        seed: int = 0,
        workers: int = 1,
        one_hot: bool = False,
        last: str = "keep",
        sample_weight=None,
    ) -> ImageBatches:
        """Normalised float32 batches for `model.fit`, or for a loop of your own.

        Each pass over training batches has another order and augmentation; validation batches are
        the same on each pass. `fit` takes them with `class_weight` as well.

        Args:
            split: "train" or "val".
            batch_size: images per batch.
            transforms: a list of albumentations transforms, applied to each image in turn, then
                MixUp, CutMix or RICAP, which mix the images of the batch.
            seed: fixes order and augmentation, whatever the backend and number of workers.
            workers: threads that make batches ahead of the model; with 0 it waits for each.
            one_hot: labels as float32 (n, classes), for `CategoricalCrossentropy`. Labels of mixed
                images always are; the validation batches of that training ask for it.
            last: "keep" a last batch that is smaller, "pad" it with images of weight 0, as several
                devices need it, or "drop" it. See `zoo.datasets.batches.Batches`.
            sample_weight: one weight per image of the split; batches are then (x, y, weights).

        Raises:
            ValueError: if there is no such split, or an argument is not what it must be.
        """
        x, y = self.split(split)
        checks.flag("one_hot", one_hot)
        one_hot = one_hot or bool(check_transforms(transforms)[1])
        return ImageBatches(
            x,
            y,
            batch_size,
            transforms,
            mean=self.mean,
            std=self.std,
            num_classes=self.num_classes if one_hot else None,
            shuffle=split == "train",
            seed=seed,
            workers=workers,
            last=last,
            sample_weight=sample_weight,
        )

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
        """The same dataset with images of `image_shape`, resized and turned grey or RGB.

        Raises:
            ValueError: if it is not (height, width, 1 or 3) in whole pixels.
        """
        image_shape = checks.image_shape(image_shape)
        if self.image_shape == image_shape:
            return self
        channels = image_shape[-1]
        statistics = {}
        if channels != self.image_shape[-1]:
            for key in ("mean", "std"):  # grey repeats its one value, RGB takes the mean of three
                statistics[key] = (float(np.mean(getattr(self, key))),) * channels
        return dataclasses.replace(
            self,
            x_train=_reshaped(self.x_train, image_shape),
            x_val=_reshaped(self.x_val, image_shape),
            **statistics,
        )

    def limited(self, limit: int, seed: int = 0) -> "Dataset":
        """`limit` training images and at most as many validation images, classes balanced.

        Raises:
            ValueError: if `limit` is no whole number from 1 to the number of training images.
        """
        train, val = limited_rows(self.name, self.y_train, self.y_val, limit, seed)
        return dataclasses.replace(
            self,
            x_train=_rows(self.x_train, train),
            y_train=self.y_train[train],
            x_val=_rows(self.x_val, val),
            y_val=self.y_val[val],
        )

    def held_out(self, count: int, seed: int = 0) -> "Dataset":
        """The same dataset with `count` training images, classes balanced, to validate on.

        What is chosen by trial is chosen on them, so that the validation images, where they are a
        test set, measure the choice and do not make it.

        Raises:
            ValueError: if `count` leaves no training image.
        """
        total = len(self.y_train)
        checks.whole_number("count", count, least=1, most=total - 1)
        val = balanced_subset(self.y_train, count, seed)
        train = np.setdiff1d(np.arange(total), val)
        return dataclasses.replace(
            self,
            x_train=_rows(self.x_train, train),
            y_train=self.y_train[train],
            x_val=_rows(self.x_train, val),
            y_val=self.y_train[val],
        )

    def resplit(self, val_share: float, seed: int = 0) -> "Dataset":
        """Training and validation images together, divided so that this share of each class is val.

        Each class keeps an image or more on both sides. `mean` and `std` stay as they are.

        Raises:
            ValueError: if the share is not between 0 and 1, or a class has one image only.
        """
        checks.number("val_share", val_share, above=0, below=1)
        checks.whole_number("seed", seed, least=0)
        labels = np.concatenate([self.y_train, self.y_val])
        rng, is_val = np.random.default_rng(seed), np.zeros(len(labels), bool)
        for label in np.unique(labels):
            rows = rng.permutation(np.flatnonzero(labels == label))
            if len(rows) < 2:
                raise ValueError(
                    f"{self.name}: the class {self.class_names[label]!r} has one image only, and "
                    f"none to validate on; load more images"
                )
            is_val[rows[: min(max(1, round(val_share * len(rows))), len(rows) - 1)]] = True
        parts = {}
        for split, chosen in (("train", ~is_val), ("val", is_val)):
            rows = np.flatnonzero(chosen)
            first, second = rows[rows < len(self.y_train)], rows[rows >= len(self.y_train)]
            a, b = _rows(self.x_train, first), _rows(self.x_val, second - len(self.y_train))
            in_files = isinstance(a, ImageFiles)
            parts[f"x_{split}"] = a.joined(b) if in_files else np.concatenate([a, b])
            parts[f"y_{split}"] = labels[rows]
        return dataclasses.replace(self, **parts)

    def duplicates(self) -> list[list[tuple[str, int]]]:
        """Pictures that occur more than once: for each its places, as (split, row).

        Alike are those with the same pixels. Every image is read once.
        """
        places = collections.defaultdict(list)
        for split in SPLITS:
            images, _ = self.split(split)
            for start in range(0, len(images), 256):
                for row, image in enumerate(images[start : start + 256], start):
                    digest = hashlib.sha256(np.ascontiguousarray(image).data).digest()
                    places[digest].append((split, row))
        return [found for found in places.values() if len(found) > 1]

    def __repr__(self) -> str:
        height, width, channels = self.image_shape
        held = ", read from files" if isinstance(self.x_train, ImageFiles) else ""
        return (
            f"Dataset({self.name}: {len(self.x_train):,} train and {len(self.x_val):,} val images, "
            f"{height}x{width}x{channels}, {self.num_classes} classes{held})"
        )


def limited_rows(
    name: str, y_train: np.ndarray, y_val: np.ndarray, limit: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the `limit` training and at most as many validation images that are kept.

    Raises:
        ValueError: if `limit` is no whole number from 1 to the number of training images.
    """
    limit = checks.whole_number("limit", limit)
    if not 1 <= limit <= len(y_train):
        raise ValueError(
            f"--limit {limit}: {name} has {len(y_train):,} training images; "
            f"give 1 to {len(y_train)}"
        )
    val = balanced_subset(y_val, min(limit, len(y_val)), seed)
    return balanced_subset(y_train, limit, seed), val


def _rows(images, rows):
    return images.subset(rows) if isinstance(images, ImageFiles) else images[rows]


def _reshaped(images, image_shape: tuple[int, int, int]):
    """Images resized one by one into a new array, or when they are read."""
    if isinstance(images, ImageFiles):
        return images.reshaped(image_shape)
    resized = np.empty((len(images), *image_shape), "uint8")
    for row, image in enumerate(images):
        resized[row] = fit(image, image_shape)
    return resized


def balanced_subset(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Indices of `count` labels, the classes' shares differing by one while they have images."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    rank = np.empty(len(labels), int)  # 0 for the first of its class in this order, and so on
    for label in np.unique(labels):
        class_rows = shuffled[labels[shuffled] == label]
        rank[class_rows] = np.arange(len(class_rows))
    return np.sort(shuffled[np.argsort(rank[shuffled], kind="stable")[:count]])
