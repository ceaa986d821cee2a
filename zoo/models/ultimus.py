"""Ultimus, session 9: four attention blocks on one pooled vector, 25,978 parameters.

    image (32, 32, 3) -> conv 16 -> conv 32 -> conv 48 -> mean (48,) -> Ultimus x 4 -> logits

Source: The School of AI, EVA session 9, C>C>C>U>U>U>U>FC. Where the lesson leaves a choice open:
batch norm and ReLU after each convolution, no bias before the norm; the first two convolutions
stride by 2 and the third is dilated by 3, so that the maps arrive at 8x8 and a value of theirs sees
31x31 pixels; `same` padding.

The block needs help to start. Fresh layers make Q and K nearly zero, so the softmax is 1/8
everywhere, the eight numbers of Z are all the same, and a division by 8^0.5 makes them smaller
still; after four blocks next to nothing of the image is left. Deviation, in the initial values
alone: the biases of Q and K start spread from -2 to 2, which makes AM a matrix of full rank, and V
and Out start twice as large as Glorot's, which makes up for the shrinking. `spread=0, gain=1` is
Keras's usual start; recipes/s9_stuck_at_ten.py measures both starts on the plain net. The residual
variant, whose skip connections carry the image past the blocks, has the usual one.
"""

import math

import keras
from keras import initializers, layers, ops

from zoo import checks
from zoo.layers import conv_bn_relu
from zoo.registry import register

WIDTH, INNER, BLOCKS = 48, 8, 4


def glorot(gain=1.0):
    """Glorot's uniform initial values, `gain` times as large."""
    return initializers.VarianceScaling(gain**2, "fan_avg", "uniform")


@keras.saving.register_keras_serializable(package="zoo")
class Ultimus(layers.Layer):
    """Attention among the eight numbers of one vector: (b, 48) to (b, 48), 1,608 parameters.

    Args:
        inner: the width of Q, K and V.
        scale: whether to divide by the root of `inner` "before" the softmax or "after" it.
        spread: the biases of Q and K start from minus to plus this.
        gain: how much larger than Glorot's the kernels of V and Out start.

    Raises:
        ValueError: if an argument is out of its range.
    """

    def __init__(self, inner=INNER, scale="after", spread=2.0, gain=2.0, **kwargs):
        super().__init__(**kwargs)
        self.inner = checks.whole_number("inner", inner, least=1)
        self.scale = checks.one_of("scale", scale, ("after", "before"))
        self.spread = checks.number("spread", spread)
        self.gain = checks.number("gain", gain, above=0)

    def build(self, input_shape):
        width = input_shape[-1]
        # The lesson's three fully connected layers 48 > 8, side by side in one matrix.
        self.qkv = layers.Dense(
            3 * self.inner,
            kernel_initializer=self._qkv_kernel,
            bias_initializer=self._qkv_bias,
            name="qkv",
        )
        self.out = layers.Dense(width, kernel_initializer=self._out_kernel, name="out")
        self.qkv.build((None, width))
        self.out.build((None, self.inner))

    def _qkv_kernel(self, shape, dtype=None):
        part = (shape[0], self.inner)
        q = glorot()(part, dtype)
        k = glorot()(part, dtype)
        v = glorot(self.gain)(part, dtype)
        return ops.concatenate([q, k, v], axis=1)

    def _out_kernel(self, shape, dtype=None):
        return glorot(self.gain)(shape, dtype)

    def _qkv_bias(self, shape, dtype=None):
        spread = ops.linspace(-self.spread, self.spread, self.inner, dtype=dtype)
        return ops.concatenate([spread, spread, ops.zeros_like(spread)])

    def call(self, x):  # (b, 48)
        q, k, v = ops.split(self.qkv(x), 3, axis=-1)  # (b, 8) each
        attention = q[:, :, None] * k[:, None, :]  # Q^T K, (b, 8, 8)
        root = self.inner**0.5
        if self.scale == "after":  # as the lesson writes it
            attention = ops.softmax(attention) / root
        else:  # the usual scaled dot product
            attention = ops.softmax(attention / root)
        z = ops.squeeze(v[:, None, :] @ attention, 1)  # V AM, (b, 8)
        return self.out(z)

    def multiply_adds(self):
        """Multiply-adds of one vector: the four layers, Q^T K and V AM."""
        kernels = sum(math.prod(layer.kernel.shape) for layer in (self.qkv, self.out))
        return kernels + 2 * self.inner**2

    def get_config(self):
        return super().get_config() | {
            "inner": self.inner,
            "scale": self.scale,
            "spread": self.spread,
            "gain": self.gain,
        }


def conv_relu(x, filters, name, **conv):
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv", **conv)(x)
    return layers.ReLU(name=f"{name}_relu")(x)


@register(
    session=9,
    dataset="cifar10",
    source="The School of AI, EVA session 9",
    params=25_978,
)
def ultimus(
    *,
    input_shape=(32, 32, 3),
    num_classes=10,
    scale="after",
    residual=False,
    batch_norm=True,
    spread=2.0,
    gain=2.0,
    name="ultimus",
):
    """Three convolutions, one pooled vector, four attention blocks on it.

    Args:
        scale, spread, gain: of the blocks, `Ultimus`.
        residual: whether a skip connection leads around each block.
        batch_norm: whether the convolutions have a batch norm.

    Raises:
        ValueError: if an argument is out of its range.
    """
    checks.flag("residual", residual)
    checks.flag("batch_norm", batch_norm)
    conv = conv_bn_relu if batch_norm else conv_relu
    image = keras.Input(input_shape, name="image")  # (b, 32, 32, 3)
    x = conv(image, 16, "conv1", strides=2)  # (b, 16, 16, 16)
    x = conv(x, 32, "conv2", strides=2)  # (b, 8, 8, 32)
    x = conv(x, WIDTH, "conv3", dilation_rate=3)  # (b, 8, 8, 48), where GradCAM looks
    x = layers.GlobalAveragePooling2D(name="pool")(x)  # (b, 48)
    for i in range(1, BLOCKS + 1):
        y = Ultimus(scale=scale, spread=spread, gain=gain, name=f"ultimus{i}")(x)
        x = layers.Add(name=f"ultimus{i}_add")([x, y]) if residual else y
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name=name)


@register(
    session=9,
    dataset="cifar10",
    source="The School of AI, EVA session 9",
    variant_of="ultimus",
    params=25_978,
)
def ultimus_residual(*, residual=True, spread=0.0, gain=1.0, name="ultimus_residual", **overrides):
    """Ultimus with a skip connection around each of its four blocks."""
    return ultimus(residual=residual, spread=spread, gain=gain, name=name, **overrides)
