"""Datasets by name or path: uint8 images or text, and batches of them that `model.fit` takes.

    data = zoo.datasets.load("cifar10")
    model.fit(data.batches("train", 512), validation_data=data.batches("val", 512))

Always say `zoo.datasets`: a bare `import datasets` is Hugging Face's.
"""

import difflib
import zipfile
from pathlib import Path

from zoo import checks
from zoo.datasets import (
    cache,
    captions,
    cifar10,
    dates,
    detection_folder,
    digits,
    image_folder,
    mnist,
    mnist_sum,
    python_docstrings,
    python_help,
    shapes,
    text_files,
)
from zoo.datasets.captions import CaptionDataset
from zoo.datasets.dataset import Dataset
from zoo.datasets.dates import Dates
from zoo.datasets.detection import DetectionDataset
from zoo.datasets.files import expanded, find
from zoo.datasets.image_batches import normalize
from zoo.datasets.labelled_text import LabelledTexts
from zoo.datasets.listing import list_files
from zoo.datasets.text import TextDataset

__all__ = [
    "CaptionDataset",
    "Dataset",
    "Dates",
    "DetectionDataset",
    "LabelledTexts",
    "TextDataset",
    "cache",
    "captions",
    "load",
    "load_text",
    "mnist_sum",
    "names",
    "normalize",
]

_LOADERS = {"cifar10": cifar10.load, "digits": digits.load, "mnist": mnist.load}
_TEXTS = {
    "python_docstrings": lambda data_dir: python_docstrings.load(),
    "python_help": lambda data_dir: python_help.load(),
    "shakespeare": text_files.shakespeare,
}
# Fetched by hand, since no checksum is published: the files, and where they come from.
_FILES = {
    "bccd": (("bccd.zip", "bccd"), "github.com/Shenggan/BCCD_Dataset, with COCO annotations"),
    "tiny_imagenet": (
        ("tiny-imagenet-200.zip", "tiny-imagenet-200"),
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
    ),
    "wikitext2": (
        ("wikitext2.zip", "wikitext2", "wikitext-2-v1.zip", "wikitext-2"),
        "Salesforce's WikiText-2, word level",
    ),
}


def names() -> list[str]:
    """The datasets that `load` knows by name."""
    return sorted([*_LOADERS, *_TEXTS, *_FILES, "dates", "shapes"])


def load(
    name: str | Path,
    *,
    image_shape: tuple[int, int, int] | None = None,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
    on_error: str = "raise",
    in_memory: bool | None = None,
    unseen=(),
) -> Dataset | DetectionDataset | TextDataset | Dates:
    """Load a dataset by its name, or the images or text of a folder, zip or text file.

    An image that is found and not used is counted, with the reason, in one warning.

    Args:
        name: one of `names()`, or the path of an image folder or of a zip of one
            (`train/<class>/*` and `test/<class>/*` or `val/<class>/*`; without labelled `val` or
            `test` images, or with `<class>/*` alone, a fifth of each class is held out; or the
            layout of Tiny ImageNet). A folder with COCO or VIA annotation files, such as
            `instances_train.json` and `instances_val.json`, gives a `DetectionDataset`, like the
            names "bccd" (blood cells) and "shapes" (generated). A text file, or a folder or zip of
            them without images, gives a `TextDataset`, like the names "shakespeare", "wikitext2"
            and "python_help", which ships with Python. "dates" are generated pairs of texts.
        image_shape: (height, width, 1 or 3): images are resized and turned grey or RGB as needed,
            so that any dataset suits any model; images with boxes keep their proportions and get
            grey bars. None keeps them as they are.
        limit: keep this many training images and at most as many validation images, the classes
            in equal shares. The others of a folder are not decoded. Of text, so many characters;
            of labelled texts, so many texts.
        data_dir: where to look before `$ZOO_DATA`, Keras's cache and the download.
        seed: chooses the images that `limit` keeps and those that a folder without a test set
            holds out.
        on_error: for a folder: "raise" names the images that cannot be read, "skip" leaves them
            out.
        in_memory: for a folder: True holds all pixels in memory, False reads them from their files
            batch by batch; None does that where they are more than half a gigabyte
            (`image_folder.IN_MEMORY`).
        unseen: for "shapes": pairs of colour and kind, such as ("red", "disc"), that no training
            image has.

    Raises:
        ValueError: if the name is unknown, the data cannot be read or are unsuitable, or the limit
            cannot be met.
        FileNotFoundError: if the data are not here and cannot be downloaded.
        OSError: if a folder cannot be opened.
    """
    if not isinstance(name, str | Path):
        raise ValueError(f"name={name!r} must be the name of a dataset or a path")
    if data_dir is not None and not isinstance(data_dir, str | Path):
        raise ValueError(f"data_dir={data_dir!r} must be the path of a folder")
    if in_memory is not None and not isinstance(in_memory, bool):
        raise ValueError(f"in_memory={in_memory!r} must be True, False or None")
    if image_shape is not None:
        image_shape = checks.image_shape(image_shape)
    if limit is not None:
        checks.whole_number("limit", limit)
    checks.whole_number("seed", seed, least=0)
    checks.one_of("on_error", on_error, ("raise", "skip"))
    if unseen and name != "shapes":
        raise ValueError(f"unseen={unseen!r} is for the dataset shapes, not {str(name)!r}")
    if name in _TEXTS:
        return _text(_TEXTS[name](data_dir), image_shape, limit, seed)
    if name in _LOADERS:
        data = _LOADERS[name](data_dir, limit, seed)
        return data if image_shape is None else data.reshaped(image_shape)
    if name == "dates":
        if image_shape is not None:
            raise ValueError(f"dates are text; image_shape={image_shape} is for images")
        return dates.load(limit, seed)
    if name == "shapes":
        return shapes.load(image_shape, limit, seed, unseen)
    if name in _FILES:
        filenames, source = _FILES[name]
        path = find(name, filenames, None, "", data_dir, source)
    else:
        path = expanded(name)
    if not str(name) or not path.exists():
        near = difflib.get_close_matches(str(name), names(), n=1, cutoff=0.5) or names()
        raise ValueError(
            f"no dataset named {str(name)!r} and no folder or zip at that path; "
            f"nearest: {', '.join(near)}. Known: {', '.join(names())}"
        )
    if path.is_file() and path.suffix.lower() != ".zip" and not zipfile.is_zipfile(path):
        return _text(text_files.load_file(path), image_shape, limit, seed)
    options = {"limit": limit, "seed": seed, "on_error": on_error, "in_memory": in_memory}
    listing = list_files(path)
    if not listing.images and text_files.names_of(listing):
        label = name if name in _FILES else path.stem if path.is_file() else path.resolve().name
        data = text_files.load_folder(str(label), listing, seed)
        return _text(data, image_shape, limit, seed)
    documents = detection_folder.read_documents(listing)
    if documents:
        return detection_folder.load(path, listing, documents, image_shape, **options)
    return image_folder.load(path, image_shape, listing=listing, **options)


def load_text(
    name: str | Path, *, limit: int | None = None, data_dir: str | Path | None = None, seed: int = 0
) -> TextDataset:
    """`load`, of what must be text.

    Raises:
        ValueError: if it is not; names the datasets that are.
    """
    data = load(name, limit=limit, data_dir=data_dir, seed=seed)
    if not isinstance(data, TextDataset):
        raise ValueError(
            f"{name} is no text; give a text file, a folder or zip of them, or one of "
            f"{', '.join(sorted([*_TEXTS, 'wikitext2']))}"
        )
    return data


def _text(data, image_shape, limit, seed) -> TextDataset | LabelledTexts:
    """The text, or the first `limit` characters of it; of labelled texts `limit` of them."""
    if image_shape is not None:
        raise ValueError(f"{data.name} is text; image_shape={image_shape} is for images")
    if limit is None:
        return data
    return data.limited(limit, seed) if isinstance(data, LabelledTexts) else data.limited(limit)
