"""Multi-head self-attention, with its attention to look at."""

import math

import keras
from keras import layers, ops

from zoo import backend, checks
from zoo.layers.maps import divisors
from zoo.layers.rotary import rotated


@keras.saving.register_keras_serializable(package="zoo")
class SelfAttention(layers.Layer):
    """Every token gathers from all tokens what answers its query: (b, t, d) to (b, t, d).

        attention = softmax(Q K^T / sqrt(d / heads))        (b, heads, t, t)
        output    = (attention V, the heads side by side) W + bias

    The same numbers as `keras.layers.MultiHeadAttention(heads, d // heads)(x, x)`. One matrix
    makes Q, K and V, in this order, the heads of each side by side, as in timm; there are
    4 d (d + 1) parameters, or 4 d d without biases. Padding masks of the input are heeded: nothing
    is gathered from padding. Source: Vaswani et al., Attention is all you need (arXiv:1706.03762).

    Args:
        heads: how many; they share the width d equally.
        causal: whether a token attends to itself and what comes before it only.
        use_bias: whether the two matrices have biases.
        rotary_length: positions are told by rotating queries and keys (`zoo.layers.rotated`), of
            sequences of at most so many tokens; None: nothing here tells positions.
        kernel_initializer: of the matrix that makes Q, K and V.
        out_initializer: of the matrix W.

    Raises:
        ValueError: if an argument is out of its range; on the first call, if the heads do not
            divide the width.
    """

    def __init__(
        self,
        heads,
        causal=False,
        use_bias=True,
        rotary_length=None,
        kernel_initializer="glorot_uniform",
        out_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.heads = checks.whole_number("heads", heads, least=1)
        self.causal = checks.flag("causal", causal)
        self.use_bias = checks.flag("use_bias", use_bias)
        if rotary_length is not None:
            checks.whole_number("rotary_length", rotary_length, least=1)
        self.rotary_length = rotary_length
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.out_initializer = keras.initializers.get(out_initializer)
        self.supports_masking = True

    def build(self, input_shape):
        width = require_heads(self.name, self.heads, input_shape[-1])
        if self.rotary_length is not None and width // self.heads % 2:
            raise ValueError(
                f"{self.name}: rotary positions turn pairs of numbers, and {self.heads} heads of a "
                f"width of {width} have {width // self.heads}; give an even number for each"
            )
        self.length = input_shape[1]
        options = {"use_bias": self.use_bias, "dtype": self.dtype_policy}
        start = {"kernel_initializer": self.kernel_initializer}
        self.qkv = layers.Dense(3 * width, name="qkv", **start, **options)
        start = {"kernel_initializer": self.out_initializer}
        self.out = layers.Dense(width, name="out", **start, **options)
        self.qkv.build(input_shape)
        self.out.build(input_shape)

    def call(self, x, mask=None):  # (b, t, d); mask (b, t)
        q, k, v = self.queries_keys_values(x)  # (b, t, heads, d / heads) each
        if backend.NAME == "torch" and mask is None:  # its kernel knows what is causal
            z = ops.dot_product_attention(q, k, v, is_causal=self.causal)
        else:
            z = gathered(q, k, v, self.allowed(x, mask))
        return self.out(ops.reshape(z, ops.shape(x)))

    def extend(self, x, keys, values, start, first):
        """The attention of a causal layer to further tokens, those before them not computed again.

        Args:
            x: (b, t, d), the tokens of the slots `start` to `start + t - 1`.
            keys, values: (b, slots, heads, d / heads) of the slots before; the rest is overwritten.
            start: a number, or a tensor ().
            first: (b,), the slot of each sequence's first token; those before it are padding.

        Returns:
            The output (b, t, d), and keys and values with those of the tokens added.
        """
        q, k, v = self.queries_keys_values(x, start)
        keys = ops.slice_update(keys, (0, start, 0, 0), k)
        values = ops.slice_update(values, (0, start, 0, 0), v)
        slot, first = ops.arange(keys.shape[1], dtype="int32"), ops.cast(first, "int32")
        own = slot[: x.shape[1], None] + start  # (t, 1)
        past = (slot <= own) & (slot >= first[:, None, None])  # (b, t, slots)
        allowed = past | (slot == own)  # padding attends to itself: a softmax of nothing is NaN
        z = gathered(q, keys, values, allowed[:, None])
        return self.out(ops.reshape(z, ops.shape(x))), keys, values

    def attention(self, x, mask=None):
        """(b, heads, t, t): row i of a head says how much token i gathers from each token."""
        q, k, _ = self.queries_keys_values(x)
        return attention_of(q, k, self.allowed(x, mask))

    def queries_keys_values(self, x, start=0):
        """(b, t, heads, d / heads) each; `start` is the place of the first token."""
        length, width = ops.shape(x)[1], x.shape[-1]
        parts = ops.split(self.qkv(x), 3, axis=-1)
        q, k, v = [ops.reshape(p, (-1, length, self.heads, width // self.heads)) for p in parts]
        if self.rotary_length is not None:
            q, k = rotated(q, start), rotated(k, start)
        return q, k, v

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
        initializers = {
            "kernel_initializer": self.kernel_initializer,
            "out_initializer": self.out_initializer,
        }
        return (
            super().get_config()
            | {"heads": self.heads, "causal": self.causal, "use_bias": self.use_bias}
            | {"rotary_length": self.rotary_length}
            | {name: keras.initializers.serialize(one) for name, one in initializers.items()}
        )


def gathered(queries, keys, values, allowed=None):
    """attention V: (b, t, heads, d) of queries of this shape, keys and values (b, s, heads, d)."""
    if backend.NAME == "torch":  # it has a kernel for the whole
        return ops.dot_product_attention(queries, keys, values, mask=allowed)
    values = ops.transpose(values, (0, 2, 1, 3))
    z = ops.matmul(attention_of(queries, keys, allowed), values)
    return ops.transpose(z, (0, 2, 1, 3))


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


def require_heads(name, heads, width):
    """The width; `ValueError` if the heads do not divide it, with the numbers that do."""
    if width % heads:
        raise ValueError(
            f"{name}: {heads} heads do not divide a width of {width}; {divisors(width)} do"
        )
    return width
