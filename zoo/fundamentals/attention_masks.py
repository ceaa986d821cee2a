"""Which keys a query may ask: full, causal, windowed and sparse attention, as (t, t) booleans.

Row i tells what position i may ask. What costs time and memory is the number of True.

Source: Child et al., Generating long sequences with sparse transformers (arXiv:1904.10509), for
`strided` and `fixed`.
"""

import numpy as np

from zoo import checks


def full(length: int) -> np.ndarray:
    """Everything: length^2 scores."""
    checks.whole_number("length", length, least=1)
    return np.ones((length, length), bool)


def causal(length: int) -> np.ndarray:
    """Itself and all before it, as a language model needs it."""
    return np.tril(full(length))


def windowed(length: int, reach: int) -> np.ndarray:
    """The positions at most `reach` away."""
    checks.whole_number("reach", reach, least=0)
    return np.abs(_distance(length)) <= reach


def strided(length: int, stride: int) -> np.ndarray:
    """The `stride` positions up to itself, and every stride-th before: causal.

    For images of rows `stride` long: the row so far, and the column above. After two layers every
    earlier position can be reached.
    """
    checks.whole_number("stride", stride, least=1)
    distance = _distance(length)
    return (distance >= 0) & ((distance < stride) | (distance % stride == 0))


def fixed(length: int, stride: int, summary: int = 1) -> np.ndarray:
    """Its own block of `stride` so far, and the last `summary` positions of the blocks before.

    For text, where no column has a meaning: the summary positions gather what their block holds and
    hand it on.

    Raises:
        ValueError: if there are more summary positions than a block has.
    """
    checks.whole_number("stride", stride, least=1)
    checks.whole_number("summary", summary, least=1, most=stride)
    position = np.arange(length)
    same_block = position[:, None] // stride == position // stride
    is_summary = position % stride >= stride - summary
    return causal(length) & (same_block | is_summary)


def column(length: int, stride: int) -> np.ndarray:
    """Itself and every stride-th position before: the column so far, in rows of `stride`."""
    checks.whole_number("stride", stride, least=1)
    distance = _distance(length)
    return (distance >= 0) & (distance % stride == 0)


def shaded(kind: str, length: int, stride: int) -> np.ndarray:
    """A mask to be drawn, (t, t): 3 for the position itself, 2 for what is near, 1 for what is far.

    Near is the own row so far, or, of the kind strided, as many positions back.

    Args:
        kind: "causal", "strided" or "fixed".
    """
    checks.one_of("kind", kind, ("causal", "strided", "fixed"))
    allowed = {"causal": causal, "strided": strided, "fixed": fixed}[kind]
    mask = allowed(length) if kind == "causal" else allowed(length, stride)
    position = np.arange(length)
    near = _distance(length) < stride
    if kind == "fixed":
        near = position[:, None] // stride == position // stride
    return mask * (1 + near + np.eye(length, dtype=int))


def _distance(length: int) -> np.ndarray:
    """(length, length): how far back key j lies from query i."""
    checks.whole_number("length", length, least=1)
    position = np.arange(length)
    return position[:, None] - position
