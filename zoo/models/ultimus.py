"""Ultimus, session 9: four attention blocks on one pooled vector, 25,978 parameters.

    image (32, 32, 3) -> conv 16 -> conv 32 -> conv 48 -> mean (48,) -> Ultimus x 4 -> logits

Source: The School of AI, EVA session 9, C>C>C>U>U>U>U>FC.
"""

import keras
from keras import layers, ops

from zoo.layers import conv_bn_relu
from zoo.registry import register

WIDTH, INNER, BLOCKS = 48, 8, 4


@keras.saving.register_keras_serializable(package="zoo")
class Ultimus(layers.Layer):
    """Attention among the eight numbers of one vector: (b, 48) to (b, 48), 1,608 parameters."""

    def __init__(self, inner=INNER, scale="after", **kwargs):
        super().__init__(**kwargs)
        if scale not in ("after", "before"):
            raise ValueError(f'scale={scale!r} must be "after" or "before" the softmax')
        self.inner, self.scale = inner, scale
        self.query, self.key, self.value = [
            layers.Dense(inner, name=name) for name in ("query", "key", "value")
        ]

    def build(self, input_shape):
        for projection in (self.query, self.key, self.value):
            projection.build(input_shape)
        self.out = layers.Dense(input_shape[-1], name="out")
        self.out.build((*input_shape[:-1], self.inner))

    def call(self, x):  # (b, 48)
        q, k, v = self.query(x), self.key(x), self.value(x)  # (b, 8) each
        attention = q[:, :, None] * k[:, None, :]  # Q^T K, (b, 8, 8)
        root = self.inner**0.5
        if self.scale == "after":  # as the lesson writes it
            attention = ops.softmax(attention) / root
        else:  # the usual scaled dot product
            attention = ops.softmax(attention / root)
        z = ops.squeeze(v[:, None, :] @ attention, 1)  # V AM, (b, 8)
        return self.out(z)

    def multiply_adds(self):
        """Products of one vector's pass: the four layers, Q^T K and V AM."""
        projections = (self.query, self.key, self.value, self.out)
        kernels = sum(layer.kernel.shape[0] * layer.kernel.shape[1] for layer in projections)
        return kernels + 2 * self.inner**2

    def get_config(self):
        return super().get_config() | {"inner": self.inner, "scale": self.scale}


@register(session=9, dataset="cifar10", source="The School of AI, EVA session 9")
def ultimus(*, input_shape=(32, 32, 3), num_classes=10, scale="after", residual=False):
    """Three convolutions, one pooled vector, four attention blocks on it."""
    image = keras.Input(input_shape, name="image")  # (b, 32, 32, 3)
    x = conv_bn_relu(image, 16, "conv1")
    x = conv_bn_relu(x, 32, "conv2")
    x = conv_bn_relu(x, WIDTH, "conv3")
    x = layers.GlobalAveragePooling2D(name="pool")(x)  # (b, 48)
    for i in range(1, BLOCKS + 1):
        y = Ultimus(scale=scale, name=f"ultimus{i}")(x)
        x = layers.Add(name=f"ultimus{i}_add")([x, y]) if residual else y
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name="ultimus")


@register(
    session=9, dataset="cifar10", source="The School of AI, EVA session 9", variant_of="ultimus"
)
def ultimus_residual(**overrides):
    """Ultimus with a skip connection around each of its four blocks."""
    return ultimus(**{"residual": True} | overrides)
