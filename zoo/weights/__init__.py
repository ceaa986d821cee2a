"""Trained weights that ship with the zoo: `<model>-<tag>.weights.h5`, checksums on the cards."""

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns of layers it skips
            model.load_weights(path)
    except (ValueError, KeyError, OSError, UserWarning) as error:
        raise ValueError(
            f"the weights of {path} do not fit {name} as it was built "
            f"(input {model.input_shape}, output {model.output_shape}): {error}"
        ) from error
