"""What an argument must be, one check for each kind; each returns the value it was given.

    steps = checks.whole_number("steps", steps, least=1)

A message names the argument, its value and what was expected.
"""

import difflib
import math
import numbers
import os
from collections.abc import Collection
from pathlib import Path

import numpy as np


def whole_number(name: str, value, *, least: int | None = None, most: int | None = None) -> int:
    """An integer, numpy's included; 2.0, True and "2" are none.

    Raises:
        ValueError: if it is no integer, or outside `least` to `most`.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool | np.bool_)
    if not whole or not _within(value, least, most):
        raise ValueError(f"{name}={value!r} must be a whole number{_range(least, most)}")
    return int(value)


def number(
    name: str,
    value,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """A finite real number; `least` and `most` are allowed themselves, `above` and `below` not.

    Raises:
        ValueError: if it is no number, not finite, or outside the range.
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    inside = real and math.isfinite(value) and _within(value, least, most)
    inside = inside and (above is None or value > above) and (below is None or value < below)
    if not inside:
        raise ValueError(
            f"{name}={value!r} must be a finite number{_range(least, most, above, below)}"
        )
    return value


def probability(name: str, value) -> float:
    """A number from 0 to 1; `ValueError` if it is not."""
    return number(name, value, least=0, most=1)


def several_numbers(
    name: str,
    values,
    counts: Collection[int],
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> tuple[float, ...]:
    """Finite numbers, as many as one of `counts`; where that is 1, a bare number too.

    Raises:
        ValueError: if they are something else, another number of them, or outside the range.
    """
    listed = isinstance(values, tuple | list) or getattr(values, "ndim", None) == 1
    listed = tuple(values) if listed else (values,)
    try:
        checked = tuple(
            float(number(name, value, least=least, most=most, above=above, below=below))
            for value in listed
        )
    except ValueError:
        checked = ()
    if len(checked) not in counts:
        raise ValueError(
            f"{name}={values!r} must be {' or '.join(map(str, counts))} finite "
            f"number{'' if tuple(counts) == (1,) else 's'}{_range(least, most, above, below)}"
        )
    return checked


def array(name: str, values) -> np.ndarray:
    """Numbers, or True and False, of any shape.

    Raises:
        ValueError: if they are something else, or lists of different lengths.
    """
    try:
        made = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be one array, not lists of different lengths") from error
    if made.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be numbers, not {made.dtype} of shape {made.shape}")
    return made


def flag(name: str, value) -> bool:
    """True or False; `ValueError` if it is neither."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}={value!r} must be True or False")
    return bool(value)


def one_of(name: str, value, known: Collection[str]) -> str:
    """One of several names; `ValueError` with the nearest if it is none of them."""
    if value not in tuple(known):  # a list as the value cannot be looked up in a dict
        near = difflib.get_close_matches(str(value), known, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name}={value!r} must be one of {', '.join(known)}{meant}")
    return value


def class_labels(name: str, labels, count: int, classes: int | None = None) -> np.ndarray:
    """Integer labels (count,), each below `classes` where that is known.

    Raises:
        ValueError: if they are one-hot or no integers, another number of them, or out of range.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[0] == count:
        raise ValueError(
            f"{name} of shape {labels.shape} look one-hot; integers of shape ({count},) are "
            f"needed: labels.argmax(axis=-1)"
        )
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise ValueError(
            f"{name} must be {count} integers, one per image, not {labels.dtype} of shape "
            f"{labels.shape}"
        )
    if classes is not None and count and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"{name} run from {labels.min()} to {labels.max()}; the {classes} classes are "
            f"0 to {classes - 1}"
        )
    return labels


def image_shape(value) -> tuple[int, int, int]:
    """(height, width, channels), channels 1 or 3; `ValueError` if it is not."""
    sides = value if isinstance(value, tuple | list) else ()
    whole = [isinstance(n, numbers.Integral) and not isinstance(n, bool) for n in sides]
    if len(sides) != 3 or not all(whole) or min(sides) < 1 or sides[2] not in (1, 3):
        raise ValueError(f"image_shape={value!r} must be (height, width, 1 or 3) in whole pixels")
    return tuple(int(n) for n in sides)


def grid(name: str, value) -> tuple[int, int]:
    """(rows, columns), whole numbers of 1 or more; `ValueError` for anything else."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError(f"{name}={value!r} must be (rows, columns)")
    rows, columns = [whole_number(name, side, least=1) for side in value]
    return rows, columns


def path(name: str, value) -> Path:
    """The path of a file or folder, as a string or Path; `ValueError` if it is none."""
    if not isinstance(value, str | os.PathLike) or value == "":
        raise ValueError(f"{name}={value!r} must be the path of a file or folder")
    return Path(value)


def model(value, name: str = "model"):
    """A Keras model; `ValueError` if it is something else."""
    import keras  # kept out of what needs no backend

    if not isinstance(value, keras.Model):
        raise ValueError(
            f"{name} must be a keras.Model, such as zoo.get(...) gives, not "
            f"{'None' if value is None else f'a {type(value).__name__}'}"
        )
    return value


def compiled_model(value, name: str = "model"):
    """A Keras model that has been compiled; `ValueError` if it is something else."""
    if getattr(model(value, name), "optimizer", None) is None:
        raise ValueError(
            f"{value.name} is not compiled; call {name}.compile(optimizer, loss) first"
        )
    return value


def _within(value, least, most) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _range(least, most, above=None, below=None) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    bounds = [
        f"{least} or more" if least is not None else "",
        f"above {above}" if above is not None else "",
        f"{most} or less" if most is not None else "",
        f"below {below}" if below is not None else "",
    ]
    stated = " and ".join(bound for bound in bounds if bound)
    return f", {stated}" if stated else ""
