"""Positions as waves, which nothing has to learn."""

import keras
from keras import layers, ops

from zoo.fundamentals.positional import frequencies


@keras.saving.register_keras_serializable(package="zoo")
class SinusoidalPositions(layers.Layer):
    """Adds the waves that encode each token's position: (b, t, d) to (b, t, d), t of any size.

    The numbers of `zoo.fundamentals.positional.sinusoidal`, computed in float32 whatever the
    precision of the tokens: in bfloat16 the positions 256 and 257 are one number.

    Raises:
        ValueError: on the first call, if the width is odd.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        self.frequencies = frequencies(input_shape[-1]).astype("float32")  # (d / 2,)

    def call(self, x):
        position = ops.arange(ops.shape(x)[1], dtype="float32")
        angles = ops.outer(position, self.frequencies)  # (t, d / 2)
        waves = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)
        return x + ops.cast(ops.reshape(waves, (-1, x.shape[-1])), x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
