"""Any image folder, or a zip of one: a folder a class, decoded once and cached."""

import io
import os
import zipfile
import zlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image
from sklearn.model_selection import train_test_split

from zoo.datasets.dataset import Dataset, fit
from zoo.datasets.files import cached

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
SPLIT_OF = {"train": "train", "test": "val", "val": "val"}  # folder -> split
HELD_OUT = 0.2


def load(path: Path, image_shape=None, seed: int = 0) -> Dataset:
    """Read `train/<class>/*` with `test/<class>/*` or `val/<class>/*`, or `<class>/*` alone.

    Args:
        path: a folder or a zip file; one enclosing folder in the zip is looked through.
        image_shape: (height, width, channels) to resize to; None needs images of one size.
        seed: with `<class>/*` alone, chooses the fifth of each class that is held out.

    Raises:
        ValueError: not a layout as above, a single class, an empty one, a damaged file, images
            of different sizes; with the path.
    """
    files = _list_zip(path) if path.is_file() else _list_folder(path)
    splits = _splits(path, files)
    names = sorted({PurePosixPath(file).parts[-2] for file in splits["train"]})
    stamp = f"{path.resolve()} {image_shape} {sorted(files.items())}"
    arrays = cached(path.stem, stamp, lambda: _decode(path, splits, names, image_shape))
    if "x_val" not in arrays:
        x, y = arrays["x_train"], arrays["y_train"]
        if np.bincount(y).min() < 2:
            raise ValueError(
                f"{path}: to hold images out, each class needs two; "
                f"{names[np.bincount(y).argmin()]!r} has one"
            )
        keep, hold = train_test_split(
            np.arange(len(y)), test_size=max(HELD_OUT, len(names) / len(y)), random_state=seed,
            stratify=y,
        )  # fmt: skip
        arrays = {"x_train": x[keep], "y_train": y[keep], "x_val": x[hold], "y_val": y[hold]}
    splits = [arrays[key] for key in ("x_train", "y_train", "x_val", "y_val")]
    mean, std = _statistics(arrays["x_train"])
    return Dataset(path.stem, *splits, tuple(names), mean, std)


def _list_folder(path: Path) -> dict[str, tuple]:
    """Relative name -> (size, time of change) of each image; empty folders count as `name/`."""
    files = {}
    for folder, subfolders, names in os.walk(path):
        here = Path(folder).relative_to(path).as_posix()
        images = [name for name in names if Path(name).suffix.lower() in SUFFIXES]
        for name in images:
            stat = os.stat(os.path.join(folder, name))
            files[f"{here}/{name}"] = (stat.st_size, stat.st_mtime_ns)
        if not images and not subfolders:
            files[f"{here}/"] = ()
    return files


def _list_zip(path: Path) -> dict[str, tuple]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                info.filename: (info.file_size, info.CRC)
                for info in archive.infolist()
                if info.is_dir() or Path(info.filename).suffix.lower() in SUFFIXES
            }
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(
            f"{path} is not a complete zip file ({error}); fetch it again, or name a folder"
        ) from error


def _splits(path: Path, files) -> dict[str, list[str]]:
    """The image names of "train" and, where there are two splits, "val"; every class in each."""
    parents = {str(folder) for name in files for folder in PurePosixPath(name).parents}
    found = defaultdict(lambda: defaultdict(list))  # split -> class -> image names
    for name in sorted(files):
        entry = PurePosixPath(name)
        if not name.endswith("/"):
            folder, images = entry.parent, [name]
        elif str(entry) not in parents:  # an empty folder: a class without images
            folder, images = entry, []
        else:
            continue
        if folder.name and folder.name not in SPLIT_OF:
            found[SPLIT_OF.get(folder.parent.name)][folder.name] += images
    splits = {split: found[split] for split in ("train", "val") if split in found}
    splits = splits or {"train": found[None]}
    classes = set().union(*splits.values())
    empty = {label for images in splits.values() for label in classes if not images.get(label)}
    if not classes:
        raise ValueError(f"{path} holds no images as train/<class>/* or <class>/*")
    if "train" not in splits or (len(splits) == 1 and None not in found):
        raise ValueError(f"{path} has {'/'.join(splits)}/<class>/* only; it needs train and val")
    if empty:
        raise ValueError(
            f"{path}: the class {', '.join(sorted(empty))} has a folder without images; "
            f"add some or remove the class from every split"
        )
    if len(classes) < 2:
        raise ValueError(f"{path} has one class only, {classes.pop()!r}; a classifier needs two")
    return {split: sorted(sum(images.values(), [])) for split, images in splits.items()}


def _decode(path: Path, splits, names, image_shape) -> dict[str, np.ndarray]:
    number = {name: i for i, name in enumerate(names)}
    archive = zipfile.ZipFile(path) if path.is_file() else None

    def read(name: str) -> np.ndarray:
        try:
            data = archive.read(name) if archive else (path / name).read_bytes()
            image = Image.open(io.BytesIO(data))
            if image.mode not in ("L", "RGB"):
                image = image.convert("RGB")
            image = np.asarray(image)
        except (
            OSError,
            SyntaxError,
            ValueError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            raise ValueError(
                f"{path}: the image {name} cannot be read ({error}); repair or remove it"
            ) from error
        image = image if image.ndim == 3 else image[..., None]
        return image if image_shape is None else fit(image, image_shape)

    arrays = {}
    with ThreadPoolExecutor() as threads:
        for split, files in splits.items():
            images = list(threads.map(read, files))
            odd = next((i for i, x in enumerate(images) if x.shape != images[0].shape), None)
            if odd is not None:
                raise ValueError(
                    f"{path} mixes sizes or channels: {files[0]} is {images[0].shape}, "
                    f"{files[odd]} is {images[odd].shape}; give image_shape=(h, w, channels)"
                )
            labels = [number[PurePosixPath(name).parts[-2]] for name in files]
            arrays[f"x_{split}"], arrays[f"y_{split}"] = np.stack(images), np.array(labels)
    if archive:
        archive.close()
    return arrays


def _statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation a channel, pixels counted 0 to 1."""
    counts = [np.bincount(images[..., c].ravel(), minlength=256) for c in range(images.shape[-1])]
    levels = np.arange(256) / 255
    mean = [float(np.average(levels, weights=count)) for count in counts]
    variance = [
        np.average((levels - m) ** 2, weights=count) for m, count in zip(mean, counts, strict=True)
    ]
    return tuple(mean), tuple(float(np.sqrt(v)) or 1.0 for v in variance)
