"""Multi-head attention of one sequence to another."""

import math

import keras
from keras import layers, ops

from zoo import checks
from zoo.layers.attention import attention_of, gathered, require_heads


@keras.saving.register_keras_serializable(package="zoo")
class CrossAttention(layers.Layer):
    """Every token of a sequence gathers from those of another: (b, t, d), (b, s, c) to (b, t, d).

        attention = softmax(Q K^T / sqrt(d / heads))        (b, heads, t, s)
        output    = (attention V, the heads side by side) W + bias

    Q is made of the first sequence, K and V by one matrix, in this order, of the second, the
    context. The same numbers as `keras.layers.MultiHeadAttention(heads, d // heads)(x, context)`;
    there are 2 (d + 1) d + 2 (c + 1) d parameters. Nothing is gathered from padding of the context.
    Source: Vaswani et al., Attention is all you need (arXiv:1706.03762), 3.2.3.

    Args:
        heads: how many; they share the width d equally.

    Raises:
        ValueError: if `heads` is out of its range; on the first call, if the heads do not divide
            the width.
    """

    def __init__(self, heads, **kwargs):
        super().__init__(**kwargs)
        self.heads = checks.whole_number("heads", heads, least=1)
        self.supports_masking = True

    def build(self, x_shape, context_shape):
        width = require_heads(self.name, self.heads, x_shape[-1])
        self.lengths = x_shape[1], context_shape[1]
        self.q = layers.Dense(width, name="q", dtype=self.dtype_policy)
        self.kv = layers.Dense(2 * width, name="kv", dtype=self.dtype_policy)
        self.out = layers.Dense(width, name="out", dtype=self.dtype_policy)
        self.q.build(x_shape)
        self.kv.build(context_shape)
        self.out.build(x_shape)

    def call(self, x, context, context_mask=None):  # (b, t, d), (b, s, c); mask (b, s)
        q, k, v = self.queries_keys_values(x, context)
        z = gathered(q, k, v, self.allowed(context_mask))
        return self.out(ops.reshape(z, ops.shape(x)))

    def attention(self, x, context, context_mask=None):
        """(b, heads, t, s): row i of a head says how much token i gathers from each other one."""
        q, k, _ = self.queries_keys_values(x, context)
        return attention_of(q, k, self.allowed(context_mask))

    def queries_keys_values(self, x, context):
        """(b, t, heads, d / heads), then twice (b, s, heads, d / heads)."""
        parts = [self.q(x), *ops.split(self.kv(context), 2, axis=-1)]
        size = x.shape[-1] // self.heads
        return [ops.reshape(p, (-1, ops.shape(p)[1], self.heads, size)) for p in parts]

    def allowed(self, context_mask=None):
        """Which keys a query may attend to, to be broadcast to (b, heads, t, s); None: all."""
        if context_mask is None:
            return None
        return ops.cast(context_mask, "bool")[:, None, None, :]

    def multiply_adds(self):
        """Products for one pair of sequences: the matrices, Q K^T and attention V; None if a length
        is not known."""
        if None in self.lengths:
            return None
        length, source_length = self.lengths
        of_x = math.prod(self.q.kernel.shape) + math.prod(self.out.kernel.shape)
        products = length * of_x + source_length * math.prod(self.kv.kernel.shape)
        return products + 2 * length * source_length * self.q.kernel.shape[1]

    def compute_output_shape(self, x_shape, context_shape):
        return x_shape

    def get_config(self):
        return super().get_config() | {"heads": self.heads}
