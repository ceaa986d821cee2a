"""A folder or zip of pictures with one COCO or VIA file per split.

A file is a split's if its name, or its folder's, says so: `instances_train2017.json`,
`valid/_annotations.coco.json`. A single file without such a name is split here.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from zoo.datasets import coco, via
from zoo.datasets.decoding import upright_size
from zoo.datasets.detection import DetectionDataset, DetectionSplit
from zoo.datasets.image_folder import IN_MEMORY
from zoo.datasets.layout import HELD_OUT, SPLIT_OF
from zoo.datasets.letterbox import Placement, letterbox
from zoo.datasets.listing import Listing
from zoo.datasets.objects import AnnotatedImage, Annotations
from zoo.datasets.streaming import (
    ImageFiles,
    check_readable,
    decode_all,
    in_order,
    statistics,
)

UNREADABLE = "images that cannot be read, left out"


class LetterboxedFiles(ImageFiles):
    """`ImageFiles` that keep the proportions of each picture."""

    fit = staticmethod(letterbox)


def read_documents(listing: Listing) -> dict[str, dict]:
    """File name -> COCO document of the annotation files that there are; VIA's are rewritten."""
    documents = {}
    for name in sorted(listing.texts):
        if not name.lower().endswith(".json"):
            continue
        data = listing.read(name)
        if b'"shape_attributes"' in data or (b'"annotations"' in data and b'"images"' in data):
            source = f"{listing.path}: {name}"
            document = coco.parse(data, source)
            if via.matches(document):
                document = via.to_coco(document, source)
            if {"images", "annotations", "categories"} <= document.keys():
                documents[name] = document
    return documents


def load(
    path: Path,
    listing: Listing,
    documents: Mapping[str, dict],
    image_shape=None,
    *,
    limit: int | None = None,
    seed: int = 0,
    on_error: str = "raise",
    in_memory: bool | None = None,
) -> DetectionDataset:
    """The images that the annotation files list, letterboxed, with their objects.

    `val` is what is validated on, else `test`; where there is neither, a fifth of the images is
    held out. What was mended or left out is counted in one warning per file.

    Raises:
        ValueError: if a file cannot be mended, two are of one split, a picture cannot be read or
            is not to be told from another, or images are of several sizes and there is no
            `image_shape`.
    """
    splits, classes, damaged = _by_split(path, listing, documents), (), {}
    found: dict[str, list[tuple[str, AnnotatedImage]]] = {}
    read: dict[str, Annotations] = {}
    for split, name in splits.items():
        files = _pictures(listing, name, documents[name])
        sizes, without_size = _sizes(listing, files)
        annotations = read[split] = coco.read(documents[name], f"{path}: {name}", sizes)
        if without_size:  # they are there, and were read as absent
            annotations.faults[UNREADABLE] += len(without_size)
            annotations.faults[coco.ABSENT] -= len(without_size)
            damaged |= without_size
        classes = (*classes, *(c for c in annotations.class_names if c not in classes))
        entries = _renumbered(annotations, classes)
        found[split] = [(files[image.file_name], image) for image in entries]
    if "val" not in found:
        found = _hold_out(found["train"], seed)
    _check_not_empty(path, found, damaged)
    image_shape = _shape(path, found, image_shape)
    if limit is not None:
        found = _limited(path, found, limit, seed)
    if in_memory is None:
        in_memory = sum(map(len, found.values())) * np.prod(image_shape) <= IN_MEMORY
    parts, levels = {}, {}
    for split, images in found.items():
        out = np.empty((len(images), *image_shape), "uint8") if in_memory else None
        names = [file for file, _ in images]
        without_pixels, levels[split] = decode_all(
            listing, names, image_shape, resize=True, fit=letterbox, out=out
        )
        found[split] = images = [image for image in images if image[0] not in without_pixels]
        read.get(split, read["train"]).faults[UNREADABLE] += len(without_pixels)
        damaged |= without_pixels
        if in_memory:
            pixels = out[: len(images)]
        else:
            pixels = LetterboxedFiles(listing, [file for file, _ in images], image_shape)
        parts[split] = _split(pixels, images)
    if on_error == "raise":
        check_readable(path, damaged)
    _check_not_empty(path, found, damaged)
    if in_memory and listing.archive:
        listing.archive.close()
    problems = [annotations.sentence() for annotations in read.values()]
    problems += [listing.sentence()] if listing.left_out else []
    if any(problems):
        warnings.warn("\n".join(filter(None, problems)), stacklevel=3)
    name = path.stem if path.is_file() else path.resolve().name
    mean, std = statistics(levels["train"])
    return DetectionDataset(name, parts["train"], parts["val"], classes, mean, std)


def _check_not_empty(path: Path, found: Mapping[str, list], damaged: dict[str, str]) -> None:
    for split, images in found.items():
        if not images:
            check_readable(path, damaged)
            raise ValueError(f"{path}: {split} lists no image that is there; add the pictures")


def _by_split(path: Path, listing: Listing, documents: Mapping[str, dict]) -> dict[str, str]:
    """Split, "train" and perhaps "val" -> annotation file."""
    names: dict[str, str] = {}
    for name in documents:
        words = re.split(r"[^a-z]+", name.lower())
        known = [SPLIT_OF[word] for word in reversed(words) if word in SPLIT_OF]
        split = known[0] if known else "train"
        if split in names:
            raise ValueError(
                f"{path}: {names[split]} and {name} are both of the split {split!r}; name the "
                f"files ..._train.json and ..._val.json, or remove one"
            )
        names[split] = name
    if "train" not in names:
        raise ValueError(f"{path} has {', '.join(documents)} and no training file; add it")
    if "val" in names and "test" in names:
        listing.leave_out(names.pop("test"), "annotation file", "of a test split: val is used")
    elif "test" in names:
        names["val"] = names.pop("test")
    return names


def _pictures(listing: Listing, name: str, document: Mapping) -> dict[str, str | None]:
    """`file_name` of a document -> picture of the listing, None for one that is absent."""
    ends: dict[str, list[str]] = {}
    for picture in listing.images:
        ends.setdefault(picture.rpartition("/")[2], []).append(picture)
    folder, pictures = str(PurePosixPath(name).parent), {}
    split = set(re.split(r"[^a-z]+", name.lower())) & SPLIT_OF.keys()
    for image in document["images"]:
        file_name = image.get("file_name") if isinstance(image, dict) else None
        if not isinstance(file_name, str):
            continue  # the reader names it
        plain = file_name.replace("\\", "/").removeprefix("./")
        beside = plain if folder == "." else f"{folder}/{plain}"
        same = [p for p in ends.get(plain.rpartition("/")[2], ()) if f"/{p}".endswith(f"/{plain}")]
        if beside in listing.images:
            same = [beside]
        if len(same) > 1:  # train/0.jpg and val/0.jpg
            same = [p for p in same if split & set(re.split(r"[^a-z]+", p.lower()))] or same
        if len(same) > 1:
            raise ValueError(
                f"{listing.path}: {name} lists {file_name}, which may be {same[0]} or {same[1]}; "
                f"give file_name with its folder"
            )
        pictures[file_name] = same[0] if same else None
    return pictures


def _sizes(listing: Listing, files: Mapping[str, str | None]):
    """(height, width) of every picture, None without one; and picture -> why it has none."""

    def size(item):
        if item[1] is None:
            return item[0], None, {}
        try:
            return item[0], upright_size(listing.read(item[1])), {}
        except Exception as error:  # a damaged zip can raise nearly anything
            return item[0], None, {item[1]: str(error)}

    measured = list(in_order(size, files.items()))
    damaged = {name: why for _, _, reasons in measured for name, why in reasons.items()}
    return {name: size for name, size, _ in measured}, damaged


def _renumbered(annotations: Annotations, classes: tuple[str, ...]) -> list[AnnotatedImage]:
    """Classes of one file as indices into the names of all."""
    index = np.array([classes.index(name) for name in annotations.class_names], "int32")
    return [
        replace(image, objects=replace(image.objects, classes=index[image.objects.classes]))
        for image in annotations.images
    ]


def _hold_out(images: list, seed: int) -> dict[str, list]:
    order = np.random.default_rng(seed).permutation(len(images))
    count = max(1, round(HELD_OUT * len(images)))
    val, train = np.sort(order[:count]), np.sort(order[count:])
    return {"train": [images[row] for row in train], "val": [images[row] for row in val]}


def _limited(path: Path, found: dict[str, list], limit: int, seed: int) -> dict[str, list]:
    if not 1 <= limit <= len(found["train"]):
        raise ValueError(
            f"--limit {limit}: {path.stem} has {len(found['train']):,} training images; give 1 to "
            f"{len(found['train'])}"
        )
    rows = {
        split: np.sort(np.random.default_rng(seed).permutation(len(images))[:limit])
        for split, images in found.items()
    }
    return {split: [found[split][row] for row in rows[split]] for split in found}


def _shape(path: Path, found: dict[str, list], image_shape) -> tuple[int, int, int]:
    if image_shape is not None:
        return image_shape
    sizes = sorted({image.size for images in found.values() for _, image in images})
    if len(sizes) > 1:
        raise ValueError(
            f"{path} mixes sizes, such as {sizes[0]} and {sizes[-1]}; give "
            f"image_shape=(h, w, channels)"
        )
    return (*sizes[0], 3)


def _split(pixels: np.ndarray | ImageFiles, images: list) -> DetectionSplit:
    """The pixels on their canvases, and what the annotations say of each."""
    placements = tuple(Placement.on(pixels.shape[1:], image.size) for _, image in images)
    objects = tuple(
        image.objects.moved(placement.to_canvas(image.objects.boxes))
        for (_, image), placement in zip(images, placements, strict=True)
    )
    files = tuple(file for file, _ in images)
    ids = tuple(image.id for _, image in images)
    return DetectionSplit(pixels, objects, ids, files, placements)
