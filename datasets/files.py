"""Where data are looked for, how they are fetched, and the cache of decoded images."""

import hashlib
import os
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from zoo.storage import write_atomically


def keras_datasets() -> Path:
    """Keras's own download folder, usually ~/.keras/datasets."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"


def find(
    dataset: str,
    filenames: Sequence[str],
    url: str,
    sha256: str,
    data_dir: str | Path | None = None,
) -> Path:
    """The first of `filenames` in data_dir, $ZOO_DATA or Keras's cache, else a download of `url`.

    Raises:
        FileNotFoundError: it is nowhere and cannot be fetched; says where it was looked for.
        ValueError: what was fetched does not have the checksum.
    """
    if data_dir is not None and not Path(data_dir).expanduser().is_dir():
        raise FileNotFoundError(f"--data-dir {data_dir} is not a folder")
    places = [data_dir, os.environ.get("ZOO_DATA"), keras_datasets()]
    places = [Path(place).expanduser() for place in places if place]
    for place in places:
        for filename in filenames:
            if (place / filename).exists():
                return place / filename
    fetched = url.rpartition("/")[2]
    try:
        return Path(keras.utils.get_file(fetched, url, file_hash=sha256, hash_algorithm="sha256"))
    except Exception as error:
        if isinstance(error, ValueError) and "file hash does not match" in str(error):
            (keras_datasets() / fetched).unlink(missing_ok=True)
            raise ValueError(
                f"{url} does not have the checksum of {dataset} ({sha256[:12]}…): {error}"
            ) from error
        raise FileNotFoundError(
            f"{dataset} is not here and could not be downloaded.\n"
            f"  looked for {' or '.join(filenames)}\n"
            f"  in {', '.join(map(str, places))}\n"
            f"  then tried {url}: {error}\n"
            f"Next step: put the file into one of these folders, name its folder with --data-dir "
            f"or ZOO_DATA, or run on embedded data with --dataset=digits"
        ) from error


def read_npz(path: Path, keys: Sequence[str]) -> list[np.ndarray]:
    """The named arrays of an .npz file; `ValueError` with the path if it is damaged."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            missing = [key for key in keys if key not in arrays]
            if missing:
                raise ValueError(f"it has no {', '.join(missing)}, only {', '.join(arrays)}")
            return [arrays[key] for key in keys]
    except (ValueError, OSError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} cannot be read ({error}); delete it and fetch it again"
        ) from error


def cached(name: str, fingerprint: str, make: Callable[[], dict[str, np.ndarray]]):
    """The arrays that `make` returns, kept in Keras's cache under `name` and `fingerprint`.

    A cache file takes its name when it is complete, so that a killed run leaves none behind that
    is half written; one that cannot be written costs a warning.
    """
    digest = hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
    path = keras_datasets() / "zoo" / f"{name}-{digest}.npz"
    if path.exists():
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except (ValueError, OSError, EOFError, zipfile.BadZipFile):
            pass  # damaged from outside: made anew
    arrays = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: np.savez(file, **arrays))
    except OSError as error:
        warnings.warn(f"decoded images are not cached: {error}", stacklevel=2)
    return arrays
