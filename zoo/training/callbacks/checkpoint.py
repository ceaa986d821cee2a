"""Checkpoints that survive a kill, a full disk and a loss that blows up."""

import re
from pathlib import Path

import keras
import numpy as np

from zoo import checks
from zoo.storage import remove_leftovers, write_atomically

KEPT = 2  # the latest, and the one before it


class Checkpoint(keras.callbacks.Callback):
    """Save the whole state of training after each epoch to `folder/epoch-<n>.npz`.

        model.fit(..., initial_epoch=restore(model, folder), callbacks=[Checkpoint(folder)])

    That is every variable of model and optimizer, including dropout's seeds, which Keras's
    `save_weights` leaves out. A file takes its name once it is complete. Each epoch begins from
    a random state that `seed` and its number fix, another for each pair, so that a resumed one
    begins alike: on torch, dropout draws from torch's global generator.

    Raises:
        ValueError: if the folder is no path, or the seed is no whole number, 0 or more.
        OSError: in `fit`, if a checkpoint cannot be written; names the last complete one.
    """

    def __init__(self, folder: str | Path, seed: int = 0):
        super().__init__()
        self.folder = checks.path("folder", folder)
        self.seed = checks.whole_number("seed", seed, least=0)

    def on_epoch_begin(self, epoch, logs=None):
        state = np.random.SeedSequence((self.seed, epoch)).generate_state(1)
        keras.utils.set_random_seed(int(state[0]))

    def on_epoch_end(self, epoch, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {f"{i:05d}": _storable(v) for i, v in enumerate(_state(self.model))}
        path = self.folder / f"epoch-{epoch + 1:04d}.npz"
        try:
            write_atomically(path, lambda file: np.savez(file, **state))
        except OSError as error:
            kept = latest(self.folder)
            raise OSError(
                error.errno,
                f"the checkpoint of epoch {epoch + 1} could not be written ({error.strerror}); "
                f"{f'{kept} is whole' if kept else 'there is none before it'}. "
                f"Make room and resume",
            ) from error
        for old in checkpoints(self.folder)[:-KEPT]:
            old.unlink()


def checkpoints(folder: str | Path) -> list[Path]:
    """The checkpoint files of a folder, oldest first."""
    found = Path(folder).glob("epoch-*.npz")
    return sorted(path for path in found if re.search(r"-\d+\.npz$", path.name))


def latest(folder: str | Path) -> Path | None:
    """The newest checkpoint file of a folder, if there is one."""
    return (checkpoints(folder) or [None])[-1]


def restore(model: keras.Model, folder: str | Path) -> int:
    """Put the newest readable checkpoint into a compiled model; returns its number of epochs.

    Without a checkpoint that is 0. Temporary files of trainings that were killed while they wrote
    one are removed.

    Raises:
        ValueError: if the model is not compiled or has no weights yet to put it into, or the
            checkpoint is of another model or optimizer.
    """
    checks.compiled_model(model)
    folder = checks.path("folder", folder)
    remove_leftovers(folder)
    if checkpoints(folder) and not model.built:
        raise ValueError(
            f"{model.name} has no weights yet for {latest(folder)}; call it on a batch first"
        )
    if model.built:
        model.optimizer.build(model.trainable_variables)
    for path in reversed(checkpoints(folder)):
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                values = [arrays[key] for key in sorted(arrays)]
        except Exception as error:
            print(f"{path} cannot be read ({error}); going back to the one before it")
            continue
        variables = _state(model)
        ours, theirs = [[tuple(v.shape) for v in state] for state in (variables, values)]
        if ours != theirs:
            raise ValueError(
                f"{path} holds {len(theirs)} variables of another model or optimizer "
                f"(this one has {len(ours)}, or other shapes); resume with the arguments and the "
                f"version of the zoo that it was started with"
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return int(path.stem.rpartition("-")[2])
    return 0


def _storable(variable) -> np.ndarray:
    value = keras.ops.convert_to_numpy(variable)
    if value.dtype.name == "bfloat16":  # a numpy file would hold bytes of no type
        value = value.astype("float32")
    return value


def _state(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]
