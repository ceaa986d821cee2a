"""Datasets by name or path: uint8 images in memory, and batches that `model.fit` takes.

    data = zoo.datasets.load("cifar10")
    model.fit(data.batches("train", 512), validation_data=data.batches("val", 512))

Always say `zoo.datasets`: a bare `import datasets` is Hugging Face's.
"""

import difflib
from pathlib import Path

from zoo.datasets import cifar10, digits, image_folder, mnist, mnist_sum
from zoo.datasets.batches import normalize
from zoo.datasets.dataset import Dataset

__all__ = ["Dataset", "load", "mnist_sum", "names", "normalize"]

_LOADERS = {"cifar10": cifar10.load, "digits": digits.load, "mnist": mnist.load}


def names() -> list[str]:
    """The datasets that `load` knows by name."""
    return sorted(_LOADERS)


def load(
    name: str,
    *,
    image_shape: tuple[int, int, int] | None = None,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
) -> Dataset:
    """Load a dataset into memory.

    Args:
        name: one of `names()`, or the path of an image folder or of a zip of one
            (`train/<class>/*` and `test/<class>/*` or `val/<class>/*`; with `<class>/*` alone a
            fifth of each class is held out).
        image_shape: (height, width, 1 or 3): images are resized and turned grey or RGB as needed,
            so that any dataset suits any model; None keeps them as they are.
        limit: keep this many training images and at most as many validation images, the classes
            in equal shares.
        data_dir: where to look before `$ZOO_DATA`, Keras's cache and the download.
        seed: chooses the images that `limit` keeps and those that a folder without a test set
            holds out.

    Raises:
        ValueError: unknown name, unreadable or unsuitable data, a limit that cannot be met.
        FileNotFoundError: the data are not here and cannot be downloaded.
    """
    if name in _LOADERS:
        data = _LOADERS[name](data_dir)
    elif Path(name).expanduser().exists():
        data = image_folder.load(Path(name).expanduser(), image_shape, seed)
    else:
        near = difflib.get_close_matches(str(name), names(), n=1, cutoff=0.5) or names()
        raise ValueError(
            f"no dataset named {name!r} and no folder or zip at that path; "
            f"nearest: {', '.join(near)}. Known: {', '.join(names())}"
        )
    if image_shape is not None:
        data = data.reshaped(image_shape)
    if limit is not None:
        data = data.limited(limit, seed)
    return data
