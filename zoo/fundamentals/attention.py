"""Attention in numpy: a query asks all keys, and gathers their values by how well they answer.

    scores = Q K^T / sqrt(d)        attention = softmax(scores)        output = attention V

Why the root? A score is a sum of d products; of numbers with variance 1 it has the variance d, and
a softmax of numbers so far apart is 1 for one key and 0 for the rest, where its gradient vanishes.

With several heads the width is cut into as many parts, each head attends by itself, and a linear
layer merges what they found:

    output = (head 1 | head 2 | ...) W + bias

A mask says which keys a query may ask: the scores of the others become minus infinity, so that
their attention is 0 exactly. In self-attention queries, keys and values come from one sequence; in
cross attention the queries from one, keys and values from another.

Source: Vaswani et al., Attention is all you need (arXiv:1706.03762); The School of AI, EVA
sessions 9 and 10.
"""

from dataclasses import dataclass

import numpy as np

from zoo import checks
from zoo.fundamentals.softmax import softmax


def attention(queries, keys, values, allowed=None) -> tuple[np.ndarray, np.ndarray]:
    """What each query gathers, (..., t, v), and its attention, (..., t, s), rows that sum to 1.

    Args:
        queries: (..., t, d).
        keys: (..., s, d).
        values: (..., s, v).
        allowed: which keys (s) each query (t) may ask, True or False, (t, s) or with the leading
            axes of the queries; None: all.

    Raises:
        ValueError: if the shapes do not fit together, or a query may not ask any key: frameworks
            give NaN, zeros or the mean of all values there.
    """
    queries, keys, values = (
        checks.array(name, x)
        for name, x in (("queries", queries), ("keys", keys), ("values", values))
    )
    if min(queries.ndim, keys.ndim, values.ndim) < 2:
        raise ValueError("queries, keys and values must be (..., how many, width)")
    if queries.shape[-1] != keys.shape[-1] or keys.shape[-2] != values.shape[-2]:
        raise ValueError(
            f"queries {queries.shape}, keys {keys.shape} and values {values.shape} do not fit "
            f"together: queries and keys have one width, keys and values one number"
        )
    scores = queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])
    if allowed is not None:
        scores = masked(scores, allowed)
    weights = softmax(scores)
    return weights @ values, weights


def window_attention(x, window: int) -> np.ndarray:
    """Self-attention (t, d) of tokens that ask their own window alone: t * window scores.

    Raises:
        ValueError: if the windows do not divide the tokens.
    """
    x = _in_rows(x, "window", window)
    return attention(x, x, x)[0].reshape(-1, x.shape[-1])


def axial_attention(x, side: int) -> np.ndarray:
    """Self-attention (t, d) of an image of rows `side` long, down its columns, then along its rows.

    t (rows + side) scores in place of t^2, and yet every token reaches every other. Source: Ho et
    al., Axial attention in multidimensional transformers (arXiv:1912.12180).

    Raises:
        ValueError: if the rows do not divide the tokens.
    """
    columns = _in_rows(x, "side", side).swapaxes(0, 1)
    rows = attention(columns, columns, columns)[0].swapaxes(0, 1)
    return attention(rows, rows, rows)[0].reshape(-1, rows.shape[-1])


def column_attention(x, stride: int) -> np.ndarray:
    """Causal self-attention (t, d) down the columns of rows `stride` long.

    It is row attention of the transposed matrix: t (t / stride) scores in place of t^2.

    Raises:
        ValueError: if the rows do not divide the tokens.
    """
    columns = _in_rows(x, "stride", stride).swapaxes(0, 1)
    past = np.tril(np.ones(2 * (columns.shape[1],), bool))
    below = attention(columns, columns, columns, past)[0]
    return below.swapaxes(0, 1).reshape(-1, below.shape[-1])


def _in_rows(x, name: str, length: int) -> np.ndarray:
    """(t, d) as (t / length, length, d)."""
    x = checks.array("x", x)
    checks.whole_number(name, length, least=1)
    if x.ndim != 2 or len(x) % length:
        raise ValueError(f"x {x.shape} must be (tokens, width), its tokens a multiple of {length}")
    return x.reshape(-1, length, x.shape[-1])


def masked(scores: np.ndarray, allowed) -> np.ndarray:
    """Scores (..., t, s) with minus infinity where a query may not ask.

    Raises:
        ValueError: if `allowed` is not booleans of that shape, or a query may not ask any key.
    """
    allowed = np.asarray(allowed)
    if allowed.dtype != bool:
        raise ValueError(f"allowed must be True or False for every score, not {allowed.dtype}")
    try:
        allowed = np.broadcast_to(allowed, scores.shape)
    except ValueError:
        raise ValueError(
            f"allowed {allowed.shape} does not fit scores {scores.shape}, (..., queries, keys)"
        ) from None
    silent = np.argwhere(~allowed.any(axis=-1))
    if len(silent):
        raise ValueError(
            f"query {silent[0][-1]} may not ask any key: its softmax is not defined; allow it one, "
            f"itself for example, or leave the query out"
        )
    return np.where(allowed, scores, -np.inf)


@dataclass(frozen=True)
class Projections:
    """The matrices of multi-head attention, (d, d) each, and their biases (d,)."""

    query: np.ndarray
    key: np.ndarray
    value: np.ndarray
    output: np.ndarray
    biases: np.ndarray  # (4, d), in the order above

    @classmethod
    def random(cls, width: int, seed: int = 0) -> "Projections":
        """Matrices that keep the variance, biases of 0."""
        rng = np.random.default_rng(seed)
        matrices = rng.normal(0, width**-0.5, (4, width, width))
        return cls(*matrices, np.zeros((4, width)))


def multi_head_attention(
    x, projections: Projections, heads: int, context=None, allowed=None
) -> tuple[np.ndarray, np.ndarray]:
    """Output (t, d) and the attention of every head, (heads, t, s).

    Args:
        x: (t, d), the sequence that asks.
        heads: how many; they divide the width.
        context: (s, d), the sequence that answers; None: `x` itself.
        allowed: which of the s a query may ask, (t, s) or (heads, t, s); None: all.

    Raises:
        ValueError: if the heads do not divide the width, the shapes do not fit, or a query may not
            ask any key.
    """
    x = checks.array("x", x)
    context = x if context is None else checks.array("context", context)
    query_bias, key_bias, value_bias, output_bias = projections.biases
    queries = split_heads(x @ projections.query + query_bias, heads)
    keys = split_heads(context @ projections.key + key_bias, heads)
    values = split_heads(context @ projections.value + value_bias, heads)
    gathered, weights = attention(queries, keys, values, allowed)
    return merge_heads(gathered) @ projections.output + output_bias, weights


def split_heads(x: np.ndarray, heads: int) -> np.ndarray:
    """(t, d) to (heads, t, d / heads): head 1 has the first numbers of each token, and so on.

    Raises:
        ValueError: if the heads do not divide the width.
    """
    length, width = x.shape
    checks.whole_number("heads", heads, least=1)
    if width % heads:
        raise ValueError(f"{heads} heads do not divide a width of {width}")
    return x.reshape(length, heads, width // heads).transpose(1, 0, 2)


def merge_heads(x: np.ndarray) -> np.ndarray:
    """(heads, t, d / heads) to (t, d), the heads side by side."""
    heads, length, width = x.shape
    return x.transpose(1, 0, 2).reshape(length, heads * width)
