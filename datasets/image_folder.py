"""Any image folder, or a zip of one: decoded once into memory, or read batch by batch."""

import hashlib
import math
import warnings
from pathlib import Path

import numpy as np

from zoo.datasets import tiny_imagenet
from zoo.datasets.cache import cached
from zoo.datasets.dataset import Dataset, limited_rows
from zoo.datasets.decoding import decode
from zoo.datasets.layout import Layout, hold_out, read_layout
from zoo.datasets.listing import Listing, list_files
from zoo.datasets.streaming import (
    ImageFiles,
    OtherShape,
    check_readable,
    decode_all,
    statistics,
)

IN_MEMORY = 2**29  # bytes of pixels, half a gigabyte: larger folders are read batch by batch
FORMAT = 2  # of what is cached: files of another format are not found


def load(
    path: Path,
    image_shape: tuple[int, int, int] | None = None,
    *,
    limit: int | None = None,
    seed: int = 0,
    on_error: str = "raise",
    in_memory: bool | None = None,
    listing: Listing | None = None,
) -> Dataset:
    """Read `train/<class>/*` with `val/<class>/*` or `test/<class>/*`, or `<class>/*` alone.

    Where there are both, `val` is what is validated on; where neither is labelled, a fifth of each
    class is held out. The layout of Tiny ImageNet is read too. Images are turned as their EXIF
    says, transparent ones laid on white, deep ones brought to 8 bits, grey ones among colours made
    RGB. A link is followed once. One warning counts what is not used, and why.

    Args:
        path: a folder or a zip file; enclosing folders are looked through.
        image_shape: (height, width, channels) to resize to; None needs images of one size.
        limit: keep this many training images and at most as many validation images; the others are
            not decoded.
        seed: chooses the fifth that is held out, and what `limit` keeps.
        on_error: "raise", or "skip" to leave out images that cannot be read.
        in_memory: whether the pixels are held in memory; None: if they are `IN_MEMORY` bytes at
            most. Otherwise every image is read once to find damage, mean and std, and again
            whenever a batch needs it.
        listing: of the path, if it is made already.

    Raises:
        ValueError: if it has another layout, a single class or one without images, images that
            cannot be read (all are named), or images of several sizes; with the path.
        OSError: if a folder cannot be opened.
    """
    listing = list_files(path) if listing is None else listing
    if tiny_imagenet.matches(listing):
        layout = tiny_imagenet.read_layout(listing)
    else:
        layout = read_layout(listing)
    name = path.stem if path.is_file() else path.resolve().name
    if "val" not in layout.files:
        layout = hold_out(path, layout, seed)
    if limit is not None:
        labels = layout.labels
        train, val = limited_rows(name, labels["train"], labels["val"], limit, seed)
        layout = layout.subset({"train": train, "val": val})
    resize = image_shape is not None
    if not resize:
        image_shape = _first_shape(listing, layout)
    if in_memory is None:
        images = sum(len(files) for files in layout.files.values())
        in_memory = images * math.prod(image_shape) <= IN_MEMORY
    arrays = _decoded(name, listing, layout, image_shape, resize, in_memory)
    layout = _without(
        listing, layout, dict(zip(arrays["unreadable"], arrays["why"], strict=True)), on_error
    )
    if in_memory:
        images = {split: arrays[f"x_{split}"] for split in ("train", "val")}
        if listing.archive:
            listing.archive.close()
    else:
        shape = tuple(arrays["image_shape"].tolist())
        images = {split: ImageFiles(listing, layout.files[split], shape) for split in layout.files}
    if listing.left_out:
        warnings.warn(listing.sentence(), stacklevel=3)
    mean, std = statistics(arrays["levels"])
    return Dataset(
        name,
        images["train"],
        layout.labels["train"],
        images["val"],
        layout.labels["val"],
        layout.class_names,
        mean,
        std,
    )


def _first_shape(listing: Listing, layout: Layout) -> tuple[int, int, int]:
    """The shape of the first image that can be read."""
    why = ""
    for files in layout.files.values():
        for name in files:
            try:
                return decode(listing.read(name)).shape
            except Exception as error:  # it is named with the other damaged ones
                why = f"{name} ({error})"
    raise ValueError(f"{listing.path}: no image can be read, such as {why}")


def _decoded(name, listing, layout, image_shape, resize, in_memory) -> dict[str, np.ndarray]:
    """What the cache keeps: what cannot be read, the levels of the training images, the pixels."""
    keys = {"image_shape", "unreadable", "why", "levels"}
    if in_memory:
        keys |= {"x_train", "x_val"}
    digest = hashlib.sha256(f"{FORMAT} {listing.path.resolve()} {image_shape} {resize}".encode())
    for split, files in layout.files.items():
        digest.update(f"\n{split} {in_memory}".encode())
        for file in files:
            digest.update(f"\n{file} {listing.stamp(file)}".encode())

    def make() -> dict[str, np.ndarray]:
        try:
            return _decode(listing, layout, image_shape, resize, in_memory)
        except OtherShape as other:
            if image_shape[-1] == 1 and other.shape == (*image_shape[:2], 3):  # grey came first
                return _decode(listing, layout, other.shape, resize, in_memory)
            raise

    try:
        return cached(name, digest.hexdigest()[:16], keys, make)
    except OtherShape as other:
        raise ValueError(
            f"{listing.path} mixes sizes: {other.name} is {other.shape}, others are {image_shape}; "
            f"give image_shape=(h, w, channels)"
        ) from None


def _decode(listing, layout, image_shape, resize, in_memory) -> dict[str, np.ndarray]:
    arrays, unreadable, levels = {}, {}, {}
    for split, files in layout.files.items():
        out = np.empty((len(files), *image_shape), "uint8") if in_memory else None
        damaged, levels[split] = decode_all(listing, files, image_shape, resize=resize, out=out)
        unreadable |= damaged
        if in_memory:
            arrays[f"x_{split}"] = out[: len(files) - len(damaged)]
    return arrays | {
        "image_shape": np.array(image_shape),
        "unreadable": np.array(list(unreadable), dtype=str),
        "why": np.array(list(unreadable.values()), dtype=str),
        "levels": levels["train"],
    }


def _without(listing: Listing, layout: Layout, unreadable: dict[str, str], on_error) -> Layout:
    """The images that can be read; with "raise", ValueError that names the others."""
    if not unreadable:
        return layout
    if on_error == "raise":
        check_readable(listing.path, unreadable)
    for name in unreadable:
        listing.leave_out(name, "image", "that cannot be read")
    rows = {
        split: np.flatnonzero([name not in unreadable for name in files])
        for split, files in layout.files.items()
    }
    layout = layout.subset(rows)
    for split, labels in layout.labels.items():
        counts = np.bincount(labels, minlength=len(layout.class_names))
        if not counts.all():
            raise ValueError(
                f"{listing.path}: of the class {layout.class_names[counts.argmin()]!r} no image "
                f"in {split} can be read"
            )
    return layout
