"""Images that stay in their files: read, decoded and resized by several threads when needed."""

import collections
import math
import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from zoo.datasets.decoding import decode, fit
from zoo.datasets.listing import Listing

THREADS = min(os.cpu_count() or 1, 8)
LEAST = 8  # images that are worth a thread of their own
NAMED = 50  # damaged images in one message


class ImageFiles:
    """Images (n, height, width, channels), uint8, of which only the names are in memory.

    It is indexed by rows, as an array is: `images[5]` is one image, `images[:10]` and
    `images[[3, 1]]` are batches. `np.asarray(images)` reads them all.

    Args:
        listing: where the files are.
        files: their names, one per image.
        image_shapes: (height, width, channels) to which each is brought; several are gone through
            in turn, so that the pixels are those of an array that was resized as often.
    """

    dtype = np.dtype("uint8")
    ndim = 4
    fit = staticmethod(fit)  # how an image is brought to a shape

    def __init__(self, listing: Listing, files: list[str], *image_shapes: tuple[int, int, int]):
        self.listing, self.files, self.image_shapes = listing, files, image_shapes

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.files), *self.image_shapes[-1])

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows) -> np.ndarray:
        """One image for an integer; (m, height, width, channels) for a slice, list or mask.

        Raises:
            IndexError: if there is no such row, or `rows` is something else.
            ValueError: if a file can no longer be read.
        """
        if isinstance(rows, int | np.integer):
            return self._image(self.files[rows])
        files = self._files(rows)
        images = np.empty((len(files), *self.image_shapes[-1]), "uint8")

        def fill(start: int, stop: int) -> None:
            for row in range(start, stop):
                images[row] = self._image(files[row])

        parts = max(min(THREADS, len(files) // LEAST), 1)
        if parts == 1:
            fill(0, len(files))
            return images
        ends = [len(files) * part // parts for part in range(parts + 1)]
        with ThreadPoolExecutor(parts) as threads:
            list(threads.map(fill, ends[:-1], ends[1:]))
        return images

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def subset(self, rows) -> "ImageFiles":
        """These rows, still in their files."""
        return type(self)(self.listing, self._files(rows), *self.image_shapes)

    def joined(self, other: "ImageFiles") -> "ImageFiles":
        """These images and behind them those of another part of the same dataset."""
        return type(self)(self.listing, [*self.files, *other.files], *self.image_shapes)

    def reshaped(self, image_shape: tuple[int, int, int]) -> "ImageFiles":
        """All of them, resized once more."""
        return type(self)(self.listing, self.files, *self.image_shapes, image_shape)

    def _files(self, rows) -> list[str]:
        if isinstance(rows, slice):
            return self.files[rows]
        array = np.asarray(rows)
        if array.dtype == bool and array.shape == (len(self),):
            array = np.flatnonzero(array)
        integers = array.ndim == 1 and (array.dtype.kind in "iu" or not array.size)
        if not integers or isinstance(rows, tuple):  # of an array, (0, 1) means row 0, column 1
            raise IndexError(
                f"images that stay in their files are indexed by rows, an integer, a slice, or "
                f"integers of shape (m,), not by {rows!r}"
            )
        return [self.files[row] for row in array.tolist()]

    def _image(self, name: str) -> np.ndarray:
        try:
            image = decode(self.listing.read(name))
        except Exception as error:  # whatever a file that has been damaged since raises
            raise ValueError(
                f"{self.listing.path}: the image {name} cannot be read ({error}); repair or "
                f"remove it"
            ) from error
        for image_shape in self.image_shapes:
            image = self.fit(image, image_shape)
        return image


def decode_all(
    listing: Listing,
    files: list[str],
    image_shape: tuple[int, int, int],
    *,
    resize: bool,
    fit: Callable = fit,
    out: np.ndarray | None = None,
) -> tuple[dict[int, str], np.ndarray]:
    """Decode every file once, into `out` (n, height, width, channels) where it is given.

    Args:
        listing: where the files are.
        files: their names.
        image_shape: what `fit` brings each image to.
        resize: whether images of other sizes are allowed.
        fit: how an image is brought to the shape.
        out: where the pixels go; without it only the counts are kept.

    Returns:
        `({file: why} of what cannot be read, counts)`; counts (channels, 256) say how often each
        level from 0 to 255 occurs. The images of files that can be read are the first of `out`.

    Raises:
        OtherShape: if an image is not of `image_shape` and may not be resized, or is colour
            where `image_shape` is grey.
    """
    channels = image_shape[-1]
    per_block = max(1, 2**20 // math.prod(image_shape))  # a megabyte of pixels

    def decode_block(start: int) -> tuple[dict[int, str], np.ndarray]:
        names = files[start : start + per_block]
        block = np.empty((len(names), *image_shape), "uint8") if out is None else out[start:]
        unreadable, read = {}, []
        for row, name in enumerate(names):
            try:
                image = decode(listing.read(name))
            except Exception as error:  # a damaged file or zip can raise nearly anything
                unreadable[start + row] = str(error)
                continue
            larger = image.shape[:2] != image_shape[:2] or image.shape[-1] > channels
            if larger and not resize:
                raise OtherShape(name, image.shape)
            block[row] = fit(image, image_shape)
            read.append(row)
        block = block[: len(names)] if len(read) == len(names) else block[read]
        levels = [np.bincount(block[..., c].ravel(), minlength=256) for c in range(channels)]
        return unreadable, np.stack(levels)

    unreadable, counts = {}, np.zeros((channels, 256), np.int64)
    for found, levels in in_order(decode_block, range(0, len(files), per_block)):
        unreadable.update(found)
        counts += levels
    if out is not None:
        _compact(out, unreadable)
    return {files[row]: why for row, why in unreadable.items()}, counts


def _compact(images: np.ndarray, missing: Container[int]) -> None:
    """Move images up over the missing rows, within the array: a copy would need twice as much."""
    kept = 0
    for row in range(len(images)):
        if row not in missing:
            if kept < row:
                images[kept] = images[row]
            kept += 1


def statistics(levels: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel, pixels counted 0 to 1, of counts (channels, 256)."""
    values = np.arange(256) / 255
    mean = [float(np.average(values, weights=counts)) for counts in levels]
    variance = [
        np.average((values - m) ** 2, weights=counts)
        for m, counts in zip(mean, levels, strict=True)
    ]
    return tuple(mean), tuple(float(np.sqrt(v)) or 1.0 for v in variance)


def check_readable(path: Path, unreadable: Mapping[str, str]) -> None:
    """Refuse a dataset with files that cannot be read.

    Args:
        path: that of the dataset.
        unreadable: file -> why it cannot be read.

    Raises:
        ValueError: if there is one; names up to `NAMED` of them.
    """
    if not unreadable:
        return
    named = [f"{name} ({why})" for name, why in list(unreadable.items())[:NAMED]]
    if len(unreadable) > NAMED:
        named.append(f"and {len(unreadable) - NAMED:,} more")
    what = f"{len(unreadable):,} images cannot be read: {'; '.join(named)}"
    if len(unreadable) == 1:
        [(name, why)] = unreadable.items()
        what = f"the image {name} cannot be read ({why})"
    raise ValueError(
        f"{path}: {what}. Next step: repair or remove what is damaged, or leave it out with "
        f'on_error="skip"'
    )


class OtherShape(Exception):
    """An image is not like the first; `name` and `shape` are its own."""

    def __init__(self, name: str, shape: tuple[int, ...]):
        super().__init__(name)
        self.name, self.shape = name, shape


def in_order(function: Callable, items: Iterable) -> Iterator:
    """`map(function, items)` by several threads, of which only a few are ahead of the reader."""
    with ThreadPoolExecutor(THREADS) as threads:
        coming = collections.deque()
        for item in items:
            coming.append(threads.submit(function, item))
            if len(coming) > 2 * THREADS:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
