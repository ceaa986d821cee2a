"""What a transformer needs around its blocks: class tokens, positions, pooling."""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo import checks


@keras.saving.register_keras_serializable(package="zoo")
class PrefixTokens(layers.Layer):
    """Learned tokens before the others, such as a class token: (b, t, d) to (b, count + t, d).

    They start at zero; their positions tell them from the rest.
    """

    def __init__(self, count=1, **kwargs):
        super().__init__(**kwargs)
        self.count = checks.whole_number("count", count, least=1)

    def build(self, input_shape):
        shape = (self.count, input_shape[-1])
        self.tokens = self.add_weight(shape=shape, initializer="zeros", name="tokens")

    def call(self, x):
        tokens = ops.cast(self.tokens, x.dtype)
        tokens = ops.broadcast_to(tokens, (ops.shape(x)[0], *tokens.shape))
        return ops.concatenate([tokens, x], axis=1)

    def compute_output_shape(self, input_shape):
        batch, length, width = input_shape
        return (batch, length + self.count, width)

    def get_config(self):
        return super().get_config() | {"count": self.count}


@keras.saving.register_keras_serializable(package="zoo")
class Positions(layers.Layer):
    """Adds a learned vector for every position; they start at zero: (b, t, d) to (b, t, d).

    Args:
        grid: (rows, columns) of the tokens.
        prefix_tokens: tokens before those of the grid; they have positions of their own.
        learned_grid: the grid that the positions are learned for; None: the same. Those of another
            are interpolated (`resized_positions`) at every call.

    Raises:
        ValueError: if an argument is out of its range; on the first call, if the grid and the
            prefix tokens are not as many as the tokens.
    """

    def __init__(self, grid, prefix_tokens=0, learned_grid=None, **kwargs):
        super().__init__(**kwargs)
        self.grid = checks.grid("grid", grid)
        self.learned_grid = checks.grid("learned_grid", learned_grid or grid)
        self.prefix_tokens = checks.whole_number("prefix_tokens", prefix_tokens, least=0)

    def build(self, input_shape):
        (rows, columns), (_, tokens, width) = self.grid, input_shape
        if tokens != self.prefix_tokens + rows * columns:
            raise ValueError(
                f"{self.name}: {tokens} tokens are not {self.prefix_tokens} and a grid of "
                f"{rows}x{columns}"
            )
        rows, columns = self.learned_grid
        self.table = self.add_weight(
            shape=(self.prefix_tokens + rows * columns, width), initializer="zeros", name="table"
        )

    def call(self, x):
        return x + ops.cast(self.positions(), x.dtype)

    def positions(self):
        """(t, d): what is added to the tokens."""
        if self.grid == self.learned_grid:
            return ops.convert_to_tensor(self.table)
        return resized_positions(self.table, self.learned_grid, self.grid, self.prefix_tokens)

    def get_config(self):
        return super().get_config() | {
            "grid": self.grid,
            "prefix_tokens": self.prefix_tokens,
            "learned_grid": self.learned_grid,
        }


@keras.saving.register_keras_serializable(package="zoo")
class SequencePositions(layers.Layer):
    """Adds a learned vector for every place of a sequence: (b, t, d) to (b, t, d).

    Args:
        length: the most tokens that a sequence can have.
        initializer: of the vectors.

    Raises:
        ValueError: if an argument is out of its range; on a call, if there are more tokens.
    """

    def __init__(self, length, initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.length = checks.whole_number("length", length, least=1)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        shape = (self.length, input_shape[-1])
        self.table = self.add_weight(shape=shape, initializer=self.initializer, name="table")

    def call(self, x, start=0):
        """`start` is the place of the first token: a number, or a tensor () or (b,); places below 0
        count as 0."""
        table = ops.cast(ops.convert_to_tensor(self.table), x.dtype)
        if isinstance(start, int):
            self._require_places(x.shape[1], start)
            return x + table[start : start + ops.shape(x)[1]]
        start = ops.expand_dims(ops.cast(start, "int32"), -1)
        places = start + ops.arange(ops.shape(x)[1], dtype="int32")
        return x + ops.take(table, ops.clip(places, 0, self.length - 1), axis=0)

    def compute_output_shape(self, input_shape):  # Keras would try 83 tokens for an unknown number
        self._require_places(input_shape[1])
        return input_shape

    def _require_places(self, tokens, start=0):
        if tokens is not None and start + tokens > self.length:
            raise ValueError(
                f"{self.name}: there are {self.length} positions, not enough for {tokens} tokens"
                f"{f' from {start} on' if start else ''}"
            )

    def get_config(self):
        initializer = keras.initializers.serialize(self.initializer)
        return super().get_config() | {"length": self.length, "initializer": initializer}


@keras.saving.register_keras_serializable(package="zoo")
class SequencePooling(layers.Layer):
    """The mean of the tokens, weighted by a softmax of a learned score: (b, t, d) to (b, d).

    Source: Hassani et al., Escaping the big data paradigm with compact transformers
    (arXiv:2104.05704).
    """

    def build(self, input_shape):
        self.score = layers.Dense(1, name="score", dtype=self.dtype_policy)
        self.score.build(input_shape)

    def call(self, x):
        weights = ops.softmax(self.score(x), axis=1)  # (b, t, 1)
        return ops.squeeze(ops.matmul(ops.transpose(weights, (0, 2, 1)), x), 1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])


def resized_positions(table, grid, new_grid, prefix_tokens=0):
    """Positions (tokens, d) of a grid, interpolated to another; prefix tokens keep theirs.

    Bicubic with a = -0.5, and when it shrinks with a kernel as much wider (antialiasing), as Pillow
    and `torch.nn.functional.interpolate(..., "bicubic", antialias=True)` do and timm for its
    transformers: two small matrices, the same on every backend.

    Args:
        table: (prefix_tokens + rows * columns, d).
        grid, new_grid: (rows, columns) each.
    """
    prefix, rest = table[:prefix_tokens], table[prefix_tokens:]
    maps = ops.reshape(rest, (*grid, table.shape[-1]))
    down, across = (cubic_matrix(size, new) for size, new in zip(grid, new_grid, strict=True))
    maps = ops.einsum("ir,rcd->icd", down, maps)
    maps = ops.einsum("jc,icd->ijd", across, maps)
    return ops.concatenate([prefix, ops.reshape(maps, (-1, table.shape[-1]))], axis=0)


@functools.cache
def cubic_matrix(size: int, new_size: int) -> np.ndarray:
    """(new_size, size): the weights of the old samples in each new one, rows that sum to 1."""
    scale = size / new_size
    width = max(scale, 1.0)
    centres = (np.arange(new_size) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, None] - np.arange(size)) / width
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")
