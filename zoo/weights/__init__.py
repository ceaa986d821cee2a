"""Trained weights that ship with the zoo: `<model>-<tag>.weights.h5`, checksums on the cards."""

import hashlib
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import h5py
import keras

FOLDER = Path(__file__).parent


def load_into(model: keras.Model, name: str, weights: str, tags: Mapping[str, str]) -> None:
    """Load a tag of `tags` (tag -> SHA-256), or a `.weights.h5` file, into `model`.

    Raises:
        ValueError: no such tag or file, a file that is not what was trained, or one that does
            not fit the model.
    """
    path = FOLDER / f"{name}-{weights}.weights.h5" if weights in tags else Path(weights)
    if not path.is_file():
        raise ValueError(
            f"{name} has no weights {weights!r}: its tags are "
            f"{', '.join(tags) or 'none yet'}; a path of a .weights.h5 file works too"
        )
    if (
        weights in tags
        and (found := hashlib.sha256(path.read_bytes()).hexdigest()) != tags[weights]
    ):
        raise ValueError(
            f"{path} is not the file that was trained: its SHA-256 is {found[:12]}…, the card "
            f"says {tags[weights][:12]}…; install keras-session-zoo again"
        )
    misfit = f"the weights of {path} do not fit {name} as it was built"
    try:
        only_there, only_here = _differences(path, model)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns of layers it skips
            if not only_there and not only_here:
                model.load_weights(path)
                return
    except (ValueError, KeyError, OSError, UserWarning) as error:
        raise ValueError(f"{misfit}: {error}") from error
    raise ValueError(
        f"{misfit}: only the file has {_listed(only_there)}; only the model has "
        f"{_listed(only_here)}"
    )


def _differences(path: Path, model: keras.Model) -> tuple[list, list]:
    """(layer, shape) of the arrays that only the file, and that only the model has.

    Keras says nothing of those that the file alone has, a norm's for example. What does not count:
    an optimizer's, the random state of dropout, and names, which differ from process to process.
    """
    there = []

    def visit(where, item):
        kind = where.split("/")
        if isinstance(item, h5py.Dataset) and "optimizer" != kind[0] and "seed" not in where:
            there.append((str(item.parent.attrs.get("name", kind[-3])), tuple(item.shape)))

    with h5py.File(path) as file:
        file.visititems(visit)
    here = [(v.path.split("/")[-2], tuple(v.shape)) for v in model.weights]
    if Counter(shape for _, shape in there) == Counter(shape for _, shape in here):
        return [], []
    there, here = Counter(there), Counter(here)
    return list((there - here).elements()), list((here - there).elements())


def _listed(arrays) -> str:
    """The first of them, for a message."""
    named = [f"{layer} {shape}" for layer, shape in arrays[:3]]
    more = [f"{len(arrays) - 3} more"] if len(arrays) > 3 else []
    return ", ".join(named + more) or "nothing"
