"""The cache of decoded image folders: where it lies, what it holds, how to empty it.

    for entry in zoo.datasets.cache.entries():
        print(entry.name, entry.size)
    zoo.datasets.cache.clear()

It is made again when it is needed. When it outgrows `SIZE_LIMIT`, the files go first that have not
been used for the longest time.
"""

import contextlib
import os
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo import backend
from zoo.storage import remove_leftovers, write_atomically

SIZE_LIMIT = 10 * 2**30  # bytes; change it before `load` if the disk has more room, or less


@dataclass(frozen=True)
class Entry:
    """One dataset as it was decoded: bytes on disk, seconds since 1970 of its last use."""

    name: str
    path: Path
    size: int
    used: float


def folder() -> Path:
    """Where the cache lies: `zoo` in Keras's folder of datasets, usually ~/.keras/datasets/zoo."""
    return backend.keras_home() / "datasets" / "zoo"


def entries() -> list[Entry]:
    """What the cache holds, the longest unused first."""
    found = []
    for path in folder().glob("*.npz"):
        with contextlib.suppress(FileNotFoundError):  # another process has removed it
            stat = path.stat()
            found.append(Entry(path.stem.rpartition("-")[0], path, stat.st_size, stat.st_mtime))
    return sorted(found, key=lambda entry: (entry.used, entry.path))


def clear(name: str | None = None) -> int:
    """Delete the entries of one dataset, or all; returns the bytes that are free again.

    Raises:
        OSError: if a file cannot be deleted.
    """
    chosen = [entry for entry in entries() if name in (None, entry.name)]
    for entry in chosen:
        entry.path.unlink(missing_ok=True)
    if folder().is_dir():
        remove_leftovers(folder())
    return sum(entry.size for entry in chosen)


def cached(
    name: str, digest: str, keys: set[str], make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The arrays that `make` returns, under these keys, kept in a file of this name and digest.

    A file takes its name when it is complete. One that is damaged, or has other keys, is made
    again; one that cannot be written costs a warning, and one larger than `SIZE_LIMIT` is not kept.
    """
    path = folder() / f"{name}-{digest}.npz"
    arrays = _read(path, keys)
    if arrays is not None:
        return arrays
    arrays = make()
    if sum(array.nbytes for array in arrays.values()) <= SIZE_LIMIT:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, lambda file: _write(file, arrays))
            _shrink()
        except OSError as error:
            warnings.warn(f"decoded images are not cached: {error}", stacklevel=2)
    return arrays


def _read(path: Path, keys: set[str]) -> dict[str, np.ndarray] | None:
    """The arrays of a file, which counts as used; None if it is not there or not as expected."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            if set(arrays) != keys:
                return None
            found = dict(arrays)
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile):
        return None
    with contextlib.suppress(OSError):  # a cache that may be read only
        os.utime(path)
    return found


def _write(file, arrays: dict[str, np.ndarray]) -> None:
    """What `np.savez` writes, without its copies of 16 megabytes."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            array = np.ascontiguousarray(array)
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                header = np.lib.format.header_data_from_array_1_0(array)
                np.lib.format.write_array_header_1_0(member, header)
                member.write(array.reshape(-1).view("uint8"))


def _shrink() -> None:
    """Delete what has not been used for the longest time until the rest is within the limit."""
    kept = entries()
    size = sum(entry.size for entry in kept)
    for entry in kept[:-1]:
        if size <= SIZE_LIMIT:
            return
        entry.path.unlink(missing_ok=True)
        size -= entry.size
