"""Augmentation schedules in JSON: which operations hold from which epoch on."""

import difflib
import errno
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.datasets.transforms.operations import OPERATIONS


@dataclass(frozen=True)
class Stage:
    """From `epoch` on: operations as (name, probability, magnitude 0 to 10)."""

    epoch: int
    operations: tuple[tuple[str, float, float], ...]


def read_schedule(path: str | Path) -> tuple[Stage, ...]:
    """The stages of a JSON file, in the order of their epochs.

        [
            {"epoch": 0, "operations": []},
            {"epoch": 12, "operations": [["Rotate", 0.3, 2], ["Cutout", 0.5, 4]]},
            {"epoch": 20, "operations": [["Rotate", 0.6, 5], ["Invert", 0.1, 0]]}
        ]

    An operation is its name, a probability from 0 to 1 and a magnitude from 0 to 10; a stage may
    have it twice.

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it cannot be read.
        ValueError: if it is not JSON, has another structure, an unknown operation, or a number out
            of its range.
    """
    if not isinstance(path, str | Path):
        raise ValueError(f"path={path!r} must be the path of a policy file, a JSON list of stages")
    path = Path(path).expanduser()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(
            errno.ENOENT, "there is no policy file, a JSON list of stages, at", str(path)
        ) from None
    except OSError as error:
        raise OSError(
            error.errno, f"the policy file cannot be read ({error.strerror})", str(path)
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{path} must hold a list of stages, like [{EXAMPLE}]")
    stages = tuple(_stage(entry, f"{path}, stage {i}") for i, entry in enumerate(entries, 1))
    epochs = [stage.epoch for stage in stages]
    if epochs[0] != 0 or any(b <= a for a, b in zip(epochs, epochs[1:], strict=False)):
        raise ValueError(f"{path}: the epochs must rise from 0, not {epochs}")
    return stages


def tabulate(
    stages: tuple[Stage, ...],
) -> tuple[list[str], list[int], np.ndarray, np.ndarray]:
    """Operations, epochs and two matrices (operations, epochs), NaN where a stage lacks one.

    The first is an operation's share of all the probabilities of a stage, 0 to 1, the second its
    mean magnitude, weighted by them.

    Raises:
        ValueError: if the stages are not what `read_schedule` returns.
    """
    if not isinstance(stages, tuple | list) or not all(isinstance(s, Stage) for s in stages):
        raise ValueError(f"stages must be what read_schedule returns, not {stages!r}")
    names = sorted({name for stage in stages for name, _, _ in stage.operations})
    shares, magnitudes = np.full((2, len(names), len(stages)), np.nan)
    for column, stage in enumerate(stages):
        total = sum(probability for _, probability, _ in stage.operations)
        for row, name in enumerate(names):
            entries = [(p, m) for known, p, m in stage.operations if known == name and p]
            if entries:
                p, m = np.transpose(entries)
                shares[row, column] = p.sum() / total
                magnitudes[row, column] = np.average(m, weights=p)
    return names, [stage.epoch for stage in stages], shares, magnitudes


EXAMPLE = '{"epoch": 0, "operations": [["Rotate", 0.3, 2]]}'


def _stage(entry, where) -> Stage:
    if not isinstance(entry, dict) or entry.keys() != {"epoch", "operations"}:
        raise ValueError(f"{where} must be like {EXAMPLE}, not {_short(entry)}")
    epoch, entries = entry["epoch"], entry["operations"]
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 0:
        raise ValueError(f"{where}: epoch must be a whole number from 0, not {_short(epoch)}")
    if not isinstance(entries, list):
        raise ValueError(f"{where}: operations must be a list, not {_short(entries)}")
    operations = [_operation(it, f"{where}, operation {i}") for i, it in enumerate(entries, 1)]
    return Stage(epoch, tuple(operations))


def _operation(entry, where) -> tuple[str, float, float]:
    if not isinstance(entry, list) or len(entry) != 3 or not isinstance(entry[0], str):
        raise ValueError(
            f'{where} must be [name, probability, magnitude] like ["Rotate", 0.3, 2], '
            f"not {_short(entry)}"
        )
    name, probability, magnitude = entry
    if name not in OPERATIONS:
        lower = {known.lower(): known for known in OPERATIONS}
        near = difflib.get_close_matches(name.lower(), lower, n=1)
        meant = f"did you mean {lower[near[0]]}? " if near else ""
        raise ValueError(
            f"{where}: no operation is named {name!r}; {meant}There are {', '.join(OPERATIONS)}"
        )
    for what, value, most in (("probability", probability, 1), ("magnitude", magnitude, 10)):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= most:
            raise ValueError(
                f"{where}: {name}'s {what} must be a number from 0 to {most}, not {_short(value)}"
            )
    return name, probability, magnitude


def _short(value) -> str:
    text = json.dumps(value)
    return text if len(text) < 60 else f"{text[:57]}..."
