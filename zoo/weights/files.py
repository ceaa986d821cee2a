"""Files of weights: found, compared with their checksum and with the model, loaded."""

import hashlib
import io
import math
import tempfile
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import h5py
import keras

from zoo.weights.entry import WeightsEntry


def load_into(model: keras.Model, path: Path) -> None:
    """Load a `.weights.h5` or `.keras` file into `model`.

    Shapes are compared, which cannot tell a group norm's weights from a layer norm's.

    Raises:
        Misfit: if the file is damaged or does not fit the model; says which layers do not.
    """
    misfit = f"the weights of {path} do not fit {model.name} as it was built"
    only_there, only_here = [], []
    try:
        only_there, only_here = _differences(path, model)
        if not only_there and not only_here:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # Keras only warns of layers it skips
                model.load_weights(path)
            return
    except (ValueError, KeyError, OSError, UserWarning, zipfile.BadZipFile) as error:
        traceback.clear_frames(error.__traceback__)  # one of Keras's holds the file open
        raise Misfit(f"{misfit}: {error}") from error
    raise Misfit(
        f"{misfit}: only the file has {_listed(only_there)}; only the model has "
        f"{_listed(only_here)}{_of_another_grid(only_there, model)}",
        only_there,
    )


class Misfit(ValueError):
    """Weights that do not fit; `only_there` are the (layer, shape) of the file alone."""

    def __init__(self, message: str, only_there=()):
        super().__init__(message)
        self.only_there = list(only_there)


def checked_file(name: str, weights: str, entries: Mapping[str, WeightsEntry]) -> Path:
    """The file of a tag, compared with its checksum, or a file of a user's.

    Raises:
        ValueError: if there is no such tag or file, or the file is not the one that was trained.
    """
    entry = entries.get(weights)
    path = entry.path if entry else Path(str(weights)).expanduser()
    if not path.is_file():
        raise ValueError(
            f"{name} has no weights {weights!r}: its tags are "
            f"{', '.join(entries) or 'none yet'}; a path of a .weights.h5 or .keras file works too"
        )
    if entry and (found := hashlib.sha256(path.read_bytes()).hexdigest()) != entry.sha256:
        raise ValueError(
            f"{path} is not the file that was trained: its SHA-256 is {found[:12]}…, the card "
            f"says {entry.sha256[:12]}…; install keras-session-zoo again"
        )
    return path


def _differences(path: Path, model: keras.Model) -> tuple[list, list]:
    """The arrays that only the file has, and those that only the model has.

    Keras ignores weights in the file that the model does not have, a norm's for example.
    """
    there, here = _stored(path), [("", tuple(v.shape)) for v in model.weights]
    if _without(there, here) or _without(here, there):  # a layer may store other arrays than it has
        with tempfile.TemporaryDirectory() as folder:
            model.save_weights(fresh := Path(folder, "fresh.weights.h5"))
            here = _stored(fresh)
    return _without(there, here), _without(here, there)


def _stored(path: Path) -> list[tuple[str, tuple]]:
    """(layer, shape) of each array in a `.weights.h5` or `.keras` file, but for an optimizer's."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            path = io.BytesIO(archive.read("model.weights.h5"))
    found = []

    def visit(where, item):
        if isinstance(item, h5py.Dataset) and not where.startswith("optimizer/"):
            found.append((item.parent.attrs.get("name", where), tuple(item.shape)))

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def _without(arrays, others) -> list[tuple[str, tuple]]:
    """The arrays whose shapes are more than those of the others; names differ between processes."""
    spare = Counter(shape for _, shape in arrays)
    spare.subtract(Counter(shape for _, shape in others))
    left = []
    for layer, shape in sorted(arrays, key=set(others).__contains__):  # those of other names first
        if spare[shape] > 0:
            spare[shape] -= 1
            left.append((layer, shape))
    return left


def _of_another_grid(only_there, model) -> str:
    """For a message: what to do about positions of another grid; "" if there are none."""
    for layer in model.layers:
        rows = next((shape[0] for name, shape in only_there if name == layer.name), None)
        if rows is None or not hasattr(layer, "learned_grid"):
            continue
        patches, (height, width) = rows - layer.prefix_tokens, layer.learned_grid
        side = math.isqrt(max(patches, 0))
        grid = f"({side}, {side})" if side**2 == patches else "(rows, columns)"
        return (
            f"; its positions are of {patches} patches, the model's of {height}x{width}: "
            f"position_grid={grid} takes them and interpolates"
        )
    return ""


def _listed(arrays) -> str:
    """The first of them, for a message."""
    named = [f"{layer} {shape}" for layer, shape in arrays[:3]]
    more = [f"{len(arrays) - 3} more"] if len(arrays) > 3 else []
    return ", ".join(named + more) or "nothing"
