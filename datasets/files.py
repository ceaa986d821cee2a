"""Where data are looked for, and how they are fetched."""

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from zoo import backend


def keras_datasets() -> Path:
    """Keras's own download folder, usually ~/.keras/datasets."""
    return backend.keras_home() / "datasets"


def expanded(path: str | Path) -> Path:
    """The path with the home folder for a leading `~`, or as it is where there is none."""
    return Path(os.path.expanduser(path))


def find(
    dataset: str,
    filenames: Sequence[str],
    url: str | None,
    sha256: str,
    data_dir: str | Path | None = None,
    source: str = "",
    embedded: str = "digits",
) -> Path:
    """The first of `filenames` in data_dir, $ZOO_DATA or Keras's cache, else downloaded.

    What has no `url` is fetched by hand, from the `source`. `embedded` is the dataset that an error
    names as one that is always here.

    Raises:
        FileNotFoundError: if it is in none of them and cannot be fetched; names them.
        ValueError: if what was fetched does not have the checksum.
    """
    if data_dir is not None and not expanded(data_dir).is_dir():
        raise FileNotFoundError(f"--data-dir {data_dir} is not a folder")
    candidates = [data_dir, os.environ.get("ZOO_DATA"), keras_datasets()]
    folders = [expanded(folder) for folder in candidates if folder]
    for folder in folders:
        for filename in filenames:
            if (folder / filename).exists():
                return folder / filename
    if url is None:
        where = f" from {source}" if source else ""
        raise FileNotFoundError(
            f"{dataset} is not here and has no download: {' or '.join(filenames)} is in none of "
            f"{', '.join(map(str, folders))}. Next step: put the file{where} "
            f"into one of these folders, or name its folder with --data-dir or ZOO_DATA"
        )
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
            f"  in {', '.join(map(str, folders))}\n"
            f"  then tried {url}: {error}\n"
            f"Next step: put the file into one of these folders, name its folder with --data-dir "
            f"or ZOO_DATA, or run on embedded data with --dataset={embedded}"
        ) from error


def read_npz(path: Path, keys: Sequence[str]) -> list[np.ndarray]:
    """The named arrays of an .npz file.

    Raises:
        ValueError: if it is damaged or lacks one of them.
    """
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
