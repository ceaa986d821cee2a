"""A bias by itself."""

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="zoo")
class Bias(layers.Layer):
    """Adds a learned number to each channel, from 0 on: (..., d) to (..., d).

    For logits whose matrix is that of the token embedding, which has no bias.
    """

    def build(self, input_shape):
        self.bias = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="bias")

    def call(self, x):
        return x + keras.ops.cast(self.bias, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
