"""Sequences written out as others by a model of encoder and decoder."""

import keras
import numpy as np

from zoo import checks

PADDING = 0


def translate(
    model: keras.Model, source, *, start: int, end: int, length: int, batch_size: int = 256
) -> np.ndarray:
    """The most likely next token again and again: ids (n, length), padded with 0 behind the end.

    Every step runs the whole model on targets of the full length, of which the tokens that are not
    yet known are padding: causal attention does not see them, and all steps have one shape.

    Args:
        model: of the task "translation": {"source", "target"} to logits (n, t, vocabulary).
        source: ids (n, s), each row with one other than padding at least.
        start: the id that every target begins with; it is not in what is returned.
        end: the id that a target stops at; it is.
        length: how many tokens are written at most.

    Raises:
        ValueError: if an argument is out of its range, or a source is all padding.
    """
    checks.model(model)
    source = checks.array("source", source)
    checks.whole_number("length", length, least=1)
    checks.whole_number("batch_size", batch_size, least=1)
    for name, token in (("start", start), ("end", end)):
        checks.whole_number(name, token, least=1)
    if source.ndim != 2 or source.dtype.kind not in "iu":
        raise ValueError(f"source must be ids (n, s), not {source.dtype} of shape {source.shape}")
    empty = np.flatnonzero((source == PADDING).all(axis=1))
    if len(empty):
        raise ValueError(f"source {empty[0]} is all padding; there is nothing to attend to")
    parts = [
        _written(model, source[first : first + batch_size], start, end, length)
        for first in range(0, len(source), batch_size)
    ]
    return np.concatenate([np.zeros((0, length), "int32"), *parts])


def _written(model, source, start, end, length) -> np.ndarray:
    target = np.full((len(source), length), PADDING, "int32")
    target[:, 0] = start
    written = np.full_like(target, PADDING)
    open_rows = np.full(len(source), True)
    for step in range(length):
        logits = model.predict_on_batch({"source": source, "target": target})[:, step]
        written[:, step] = np.where(open_rows, logits.argmax(axis=-1), PADDING)
        open_rows &= written[:, step] != end
        if step + 1 == length or not open_rows.any():
            break
        target[:, step + 1] = written[:, step]
    return written
