"""Causal self-attention to part of the past, where only that part is computed."""

import math

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.fundamentals import attention_masks as masks
from zoo.layers.attention import SelfAttention

PATTERNS = ("strided", "fixed")


@keras.saving.register_keras_serializable(package="zoo")
class SparseAttention(SelfAttention):
    """Causal self-attention of the masks `strided` or `fixed`: (b, t, d) to (b, t, d).

    The tokens are laid out as a matrix, `stride` to a row. One softmax goes over two parts: what is
    near, and what is far.

        strided   the last `stride` tokens;          the column above, for images of such rows
        fixed     the own row up to the token;       the last `summary` tokens of each row above

    Column attention is row attention of the transposed matrix. A token has 2 stride + t / stride
    scores at most in place of t: with the stride near sqrt(t), t sqrt(t) in all. The numbers are
    those of `SelfAttention` under `zoo.fundamentals.attention_masks`; so are its weights. Source:
    Child et al., Generating long sequences with sparse transformers (arXiv:1904.10509).

    Args:
        heads: how many; they share the width d equally.
        pattern: "strided" or "fixed".
        stride: tokens of a row.
        summary: of the pattern fixed, tokens at the end of a row that all rows below attend to.
        options: those of `SelfAttention`: use_bias, kernel_initializer, out_initializer.

    Raises:
        ValueError: if an argument is out of its range; on the first call, if the number of tokens
            is not known or no multiple of the stride, or the heads do not divide the width; on a
            call with a padding mask.
    """

    def __init__(self, heads, pattern="strided", stride=16, summary=1, **options):
        options.pop("causal", None)  # it always is
        super().__init__(heads, causal=True, **options)
        self.pattern = checks.one_of("pattern", pattern, PATTERNS)
        self.stride = checks.whole_number("stride", stride, least=1)
        self.summary = checks.whole_number("summary", summary, least=1, most=stride)
        self.supports_masking = False

    def build(self, input_shape):
        super().build(input_shape)
        if self.length is None or self.length % self.stride:
            raise ValueError(
                f"{self.name}: {self.length or 'an unknown number of'} tokens are no multiple of a "
                f"stride of {self.stride}"
            )

    def call(self, x, mask=None):
        if mask is not None:
            raise ValueError(f"{self.name} knows no padding; give it sequences without")
        q, k, v = (self.rows(part) for part in self.queries_keys_values(x))
        q = q * q.shape[-1] ** -0.5
        if self.pattern == "strided":
            near_k, near_v = with_row_above(k), with_row_above(v)
            far = transposed(ops.matmul(transposed(q), ops.swapaxes(transposed(k), -1, -2)))
        else:
            near_k, near_v = k, v
            far_k, far_v = self.summaries(k), self.summaries(v)  # (b, heads, 1, far, d / heads)
            far = ops.matmul(q, ops.swapaxes(far_k, -1, -2))
        near = ops.matmul(q, ops.swapaxes(near_k, -1, -2))  # (b, heads, rows, stride, near)
        scores = ops.concatenate([near, far], axis=-1)
        scores = ops.where(self.computed(), scores, ops.cast(-math.inf, scores.dtype))
        near, far = ops.split(ops.softmax(scores), [near.shape[-1]], axis=-1)
        if self.pattern == "strided":
            z = transposed(ops.matmul(transposed(far), transposed(v)))
        else:
            z = ops.matmul(far, far_v)
        z = z + ops.matmul(near, near_v)
        z = ops.reshape(z, (-1, self.heads, self.length, z.shape[-1]))
        return self.out(ops.reshape(ops.transpose(z, (0, 2, 1, 3)), ops.shape(x)))

    def rows(self, part):
        """(b, t, heads, d / heads) as (b, heads, rows, stride, d / heads)."""
        part = ops.transpose(part, (0, 2, 1, 3))
        shape = (-1, self.heads, self.length // self.stride, self.stride, part.shape[-1])
        return ops.reshape(part, shape)

    def summaries(self, part):
        """The last tokens of all rows, (b, heads, 1, rows * summary, d / heads)."""
        last = part[:, :, :, self.stride - self.summary :]
        return ops.reshape(last, (-1, self.heads, 1, last.shape[2] * self.summary, last.shape[4]))

    def computed(self) -> np.ndarray:
        """Which of the scores that are computed count: (rows, stride, near + far)."""
        rows, stride = self.length // self.stride, self.stride
        row, place = np.arange(rows), np.arange(stride)
        if self.pattern == "strided":
            distance = stride + place[:, None] - np.arange(2 * stride)
            exists = (row[:, None] > 0) | (np.arange(2 * stride) >= stride)  # above row 0 is none
            near = (distance >= 0) & (distance < stride) & exists[:, None]
            far = row[:, None, None] > row  # the own row is near
        else:
            near = np.broadcast_to(place[:, None] >= place, (rows, stride, stride))
            far = row[:, None, None] > np.repeat(row, self.summary)
        far = np.broadcast_to(far, (rows, stride, far.shape[-1]))
        return np.concatenate([near, far], axis=-1)

    def allowed(self, x, mask=None):
        """The pattern as a mask (t, t), for `attention`."""
        if self.pattern == "strided":
            return masks.strided(self.length, self.stride)
        return masks.fixed(self.length, self.stride, self.summary)

    def multiply_adds(self):
        """Products for one sequence: the two matrices, and the scores that are computed twice."""
        kernels = math.prod(self.qkv.kernel.shape) + math.prod(self.out.kernel.shape)
        return self.length * kernels + 2 * self.computed().size * self.out.kernel.shape[0]

    def get_config(self):
        own = {"pattern": self.pattern, "stride": self.stride, "summary": self.summary}
        return super().get_config() | own


def with_row_above(part):
    """Each row behind the one above it, (b, heads, rows, 2 stride, e); above the first zeros."""
    above = ops.pad(part, [(0, 0), (0, 0), (1, 0), (0, 0), (0, 0)])[:, :, :-1]
    return ops.concatenate([above, part], axis=3)


def transposed(part):
    """The matrix of tokens with rows and columns exchanged."""
    return ops.swapaxes(part, 2, 3)


def with_sparse_attention(
    model: keras.Model, length: int, pattern: str, stride: int
) -> keras.Model:
    """A copy for sequences of `length` ids, weights included, its causal attention sparse.

    Raises:
        ValueError: if the model has no causal `SelfAttention`, or as in `SparseAttention`.
    """
    own = {"pattern": pattern, "stride": stride}
    made = []

    def copied(layer):
        if not isinstance(layer, SelfAttention) or not layer.causal:
            return type(layer).from_config(layer.get_config())
        made.append(SparseAttention.from_config(layer.get_config() | own))
        return made[-1]

    copy = keras.models.clone_model(model, keras.Input((length,), dtype="int32"), copied)
    if not made:
        raise ValueError(f"{model.name} has no causal SelfAttention that could be sparse")
    copy.set_weights(model.get_weights())
    return copy
