"""Any image folder, or a zip of one: a folder a class, decoded once and cached."""

import io
import os
import re
import zipfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps
from sklearn.model_selection import train_test_split

from zoo.datasets.dataset import Dataset, check_shape, fit
from zoo.datasets.files import cached

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
SPLIT_OF = {  # folder, in any case -> split
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    "test": "test",
}
HELD_OUT = 0.2


def load(path: Path, image_shape=None, seed: int = 0) -> Dataset:
    """Read `train/<class>/*` with `val/<class>/*` or `test/<class>/*`, or `<class>/*` alone.

    Where there are both, `val` is what is validated on. Images are turned as their EXIF says,
    transparent ones laid on white, 16-bit ones brought to 8.

    Args:
        path: a folder or a zip file; one enclosing folder in the zip is looked through.
        image_shape: (height, width, channels) to resize to; None needs images of one size.
        seed: with `<class>/*` alone, chooses the fifth of each class that is held out.

    Raises:
        ValueError: not a layout as above, a single class, an empty one, a damaged file, images
            of different sizes; with the path.
    """
    if image_shape is not None:
        check_shape(image_shape)
    files = _list_zip(path) if path.is_file() else _list_folder(path)
    splits = _splits(path, files)
    names = sorted(set(splits["train"].values()))
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
    for folder, subfolders, names in os.walk(path, followlinks=True):
        here = Path(folder).relative_to(path).as_posix()
        images = [name for name in names if _wanted(f"{here}/{name}")]
        for name in images:
            stat = os.stat(os.path.join(folder, name))
            files[f"{here}/{name}"] = (stat.st_size, stat.st_mtime_ns)
        if not images and not subfolders and not _hidden(here):
            files[f"{here}/"] = ()
    return files


def _wanted(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES and not _hidden(name)


def _hidden(name: str) -> bool:
    """Whether it is what systems leave beside images: .DS_Store, __MACOSX/, ._name."""
    parts = PurePosixPath(name).parts
    return any(part == "__MACOSX" or part.startswith(".") for part in parts)


def _list_zip(path: Path) -> dict[str, tuple]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                info.filename: (info.file_size, info.CRC)
                for info in archive.infolist()
                if _wanted(info.filename) or (info.is_dir() and not _hidden(info.filename))
            }
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(
            f"{path} is not a complete zip file ({error}); fetch it again, or name a folder"
        ) from error


def _splits(path: Path, files) -> dict[str, dict[str, str]]:
    """Split ("train" and, where there are two, "val") -> image name -> class; checked."""
    parents = {str(folder) for name in files for folder in PurePosixPath(name).parents}
    found = defaultdict(dict)  # split -> image name -> class; an empty class is its folder's name
    for name in sorted(files):
        entry = PurePosixPath(name)
        if name.endswith("/") and str(entry) in parents:
            continue  # a zip lists folders that are not empty, too
        folders = entry.parts if name.endswith("/") else entry.parts[:-1]
        at = next((i for i, part in enumerate(folders) if part.lower() in SPLIT_OF), None)
        if at is None and folders:  # <class>/*, below whatever encloses it
            found[None][name] = folders[-1]
        elif at is not None and len(folders) > at + 1:  # train/<class>/*, however deep
            found[SPLIT_OF[folders[at].lower()]][name] = folders[at + 1]
    if "val" not in found and "test" in found:
        found["val"] = found["test"]
    splits = {split: found[split] for split in ("train", "val") if split in found}
    if len(splits) == 1:
        raise ValueError(f"{path} has {'/'.join(splits)}/<class>/* only; it needs train and val")
    splits = splits or {"train": found[None]}
    images = {
        split: {name: label for name, label in names.items() if not name.endswith("/")}
        for split, names in splits.items()
    }
    classes = {label for names in splits.values() for label in names.values()}
    empty = {c for names in images.values() for c in classes - set(names.values())}
    if not any(images.values()):
        raise ValueError(
            f"{path} holds no images as train/<class>/* or <class>/*; "
            f"images end in {' '.join(sorted(SUFFIXES))}"
        )
    if empty:
        raise ValueError(
            f"{path}: the class {', '.join(sorted(empty))} has a folder without images; "
            f"add some or remove the class from every split"
        )
    if len(classes) < 2:
        raise ValueError(f"{path} has one class only, {classes.pop()!r}; a classifier needs two")
    return images


def _decode(path: Path, splits, names, image_shape) -> dict[str, np.ndarray]:
    number = {name: i for i, name in enumerate(names)}
    archive = zipfile.ZipFile(path) if path.is_file() else None

    def read(name: str) -> np.ndarray:
        try:
            data = archive.read(name) if archive else (path / name).read_bytes()
            image = _eight_bits(Image.open(io.BytesIO(data)))
        except Exception as error:  # whatever a damaged file makes Pillow or zipfile raise
            why = re.sub(r" *<_io.BytesIO[^>]*>", "", str(error))
            raise ValueError(
                f"{path}: the image {name} cannot be read ({why}); repair or remove it"
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
                    f"{path} mixes sizes or channels: {list(files)[0]} is {images[0].shape}, "
                    f"{list(files)[odd]} is {images[odd].shape}; "
                    f"give image_shape=(h, w, channels)"
                )
            labels = [number[label] for label in files.values()]
            arrays[f"x_{split}"], arrays[f"y_{split}"] = np.stack(images), np.array(labels)
    if archive:
        archive.close()
    return arrays


def _eight_bits(image: Image.Image) -> np.ndarray:
    """A picture as uint8, (h, w) or (h, w, 3)."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip it to white
        return (np.asarray(image) // 256).clip(0, 255).astype("uint8")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))


def _statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation a channel, pixels counted 0 to 1."""
    counts = [np.bincount(images[..., c].ravel(), minlength=256) for c in range(images.shape[-1])]
    levels = np.arange(256) / 255
    mean = [float(np.average(levels, weights=count)) for count in counts]
    variance = [
        np.average((levels - m) ** 2, weights=count) for m, count in zip(mean, counts, strict=True)
    ]
    return tuple(mean), tuple(float(np.sqrt(v)) or 1.0 for v in variance)
