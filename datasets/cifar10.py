"""CIFAR-10: 50,000 + 10,000 photographs, 32x32 RGB, ten classes (Krizhevsky, 2009).

Read as Keras keeps it (the archive or the folder of batches), or as an image folder or zip.
"""

import pickle
import tarfile
from pathlib import Path

import numpy as np

from zoo.datasets import image_folder
from zoo.datasets.dataset import Dataset
from zoo.datasets.files import find

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)

BATCHES = "cifar-10-batches-py"
FILENAMES = (
    "cifar10.zip", "cifar10", BATCHES, f"{BATCHES}-target/{BATCHES}", "cifar-10-python.tar.gz",
)  # fmt: skip


def load(data_dir=None, limit: int | None = None, seed: int = 0) -> Dataset:
    """CIFAR-10, all of it or `limit` training images; of a folder or zip only these are decoded.

    Raises:
        ValueError: if the files are damaged or hold something else, or cannot meet the limit.
        FileNotFoundError: if they are not here and cannot be downloaded.
    """
    path = find("cifar10", FILENAMES, URL, SHA256, data_dir)
    if path.name in ("cifar10.zip", "cifar10"):
        data = image_folder.load(path, image_shape=(32, 32, 3), limit=limit, seed=seed)
        if data.class_names != CLASS_NAMES:
            raise ValueError(
                f"{path} holds the classes {', '.join(data.class_names)}; "
                f"CIFAR-10 has {', '.join(CLASS_NAMES)}"
            )
        splits = (data.x_train, data.y_train, data.x_val, data.y_val)
    else:
        try:
            train = [_batch(path, f"data_batch_{i}") for i in range(1, 6)]
            x_train, y_train = map(np.concatenate, zip(*train, strict=True))
            splits = (x_train, y_train, *_batch(path, "test_batch"))
        except Exception as error:  # a damaged archive or pickle can raise nearly anything
            raise ValueError(
                f"{path} cannot be read ({error}); delete it and fetch it again"
            ) from error
    data = Dataset("cifar10", *splits, CLASS_NAMES, MEAN, STD)
    return data if limit is None else data.limited(limit, seed)


def _batch(path: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """One of the six pickled batches, from their folder or their archive."""
    if path.is_dir():
        with open(path / name, "rb") as file:
            batch = _ArraysOnly(file, encoding="bytes").load()
    else:
        with tarfile.open(path) as archive:
            batch = _ArraysOnly(archive.extractfile(f"{BATCHES}/{name}"), encoding="bytes").load()
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, np.array(batch[b"labels"])


class _ArraysOnly(pickle.Unpickler):
    """A pickle can run code; this one can only make numpy arrays."""

    def find_class(self, module, name):
        if module.startswith("numpy") and name in ("_reconstruct", "ndarray", "dtype"):
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no CIFAR-10 batch needs")
