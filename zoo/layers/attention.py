"""Multi-head self-attention, with its attention to look at."""

import math

import keras
from keras import layers, ops

from zoo import backend, checks
from zoo.layers.maps import divisors


@keras.saving.register_keras_serializable(package="zoo")
class SelfAttention(layers.Layer):
    """Every token gathers from all tokens what answers its query: (b, t, d) to (b, t, d).

        attention = softmax(Q K^T / sqrt(d / heads))        (b, heads, t, t)
        output    = (attention V, the heads side by side) W + bias

    The same numbers as `keras.layers.MultiHeadAttention(heads, d // heads)(x, x)`. One matrix
    makes Q, K and V, in this order, the heads of each side by side, as in timm; there are
    4 d (d + 1) parameters. Padding masks of the input are heeded: nothing is gathered from padding.
    Source: Vaswani et al., Attention is all you need (arXiv:1706.03762).

    Args:
        heads: how many; they share the width d equally.
        causal: whether a token attends to itself and what comes before it only.

    Raises:
        ValueError: if an argument is out of its range; on the first call, if the heads do not
            divide the width.
    """

    def __init__(self, heads, causal=False, **kwargs):
        super().__init__(**kwargs)
        self.heads = checks.whole_number("heads", heads, least=1)
        self.causal = checks.flag("causal", causal)
        self.supports_masking = True

    def build(self, input_shape):
        width = input_shape[-1]
        if width % self.heads:
            raise ValueError(
                f"{self.name}: {self.heads} heads do not divide a width of {width}; "
                f"{divisors(width)} do"
            )
        self.length = input_shape[1]
        self.qkv = layers.Dense(3 * width, name="qkv", dtype=self.dtype_policy)
        self.out = layers.Dense(width, name="out", dtype=self.dtype_policy)
        self.qkv.build(input_shape)
        self.out.build(input_shape)

    def call(self, x, mask=None):  # (b, t, d); mask (b, t)
        q, k, v = self.queries_keys_values(x)  # (b, t, heads, d / heads) each
        allowed = self.allowed(x, mask)
        if backend.NAME == "torch":  # it has a kernel for the whole
            z = ops.dot_product_attention(q, k, v, mask=allowed)
        else:
            v = ops.transpose(v, (0, 2, 1, 3))
            z = ops.transpose(ops.matmul(attention_of(q, k, allowed), v), (0, 2, 1, 3))
        return self.out(ops.reshape(z, ops.shape(x)))

    def attention(self, x, mask=None):
        """(b, heads, t, t): row i of a head says how much token i gathers from each token."""
        q, k, _ = self.queries_keys_values(x)
        return attention_of(q, k, self.allowed(x, mask))

    def queries_keys_values(self, x):
        """(b, t, heads, d / heads) each."""
        length, width = ops.shape(x)[1], x.shape[-1]
        parts = ops.split(self.qkv(x), 3, axis=-1)
        return [ops.reshape(p, (-1, length, self.heads, width // self.heads)) for p in parts]

    def allowed(self, x, mask=None):
        """Which keys a query may attend to, to be broadcast to (b, heads, t, t); None: all."""
        allowed = None
        if mask is not None:
            allowed = ops.cast(mask, "bool")[:, None, None, :]
        if self.causal:
            position = ops.arange(ops.shape(x)[1])
            past = (position[None, :] <= position[:, None])[None, None]
            allowed = past if allowed is None else ops.logical_and(past, allowed)
        return allowed

    def multiply_adds(self):
        """Products for one sequence: the two matrices, Q K^T and attention V; None if its length
        is not known."""
        if self.length is None:
            return None
        kernels = math.prod(self.qkv.kernel.shape) + math.prod(self.out.kernel.shape)
        return self.length * kernels + 2 * self.length**2 * self.out.kernel.shape[0]

    def get_config(self):
        return super().get_config() | {"heads": self.heads, "causal": self.causal}


def attention_of(queries, keys, allowed=None):
    """softmax(Q K^T / sqrt(d)), (b, heads, t, s), of (b, t, heads, d) and (b, s, heads, d).

    Args:
        allowed: which keys a query may attend to, broadcast to (b, heads, t, s); None: all.
    """
    queries = ops.transpose(queries, (0, 2, 1, 3))
    keys = ops.transpose(keys, (0, 2, 3, 1))
    scores = ops.matmul(queries * queries.shape[-1] ** -0.5, keys)
    if allowed is not None:
        scores = ops.where(allowed, scores, ops.cast(-math.inf, scores.dtype))
    return ops.softmax(scores)
