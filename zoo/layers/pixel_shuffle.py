"""Pixel shuffle: maps twice as high and wide from a quarter of the channels; nothing is learnt.

Source: Shi et al., Real-time single image and video super-resolution (2016).
"""

import keras
import numpy as np

from zoo import checks


@keras.saving.register_keras_serializable(package="zoo")
class PixelShuffle(keras.layers.Layer):
    """The channels of a pixel laid out as a block of pixels: (h, w, c b b) becomes (h b, w b, c).

    Channels are taken in the order of `torch.nn.PixelShuffle`: the first b b make the first
    channel's block, row by row. `keras.ops.depth_to_space` takes every c-th.

    Raises:
        ValueError: if a block is smaller than 2x2; when it is built, if its input is not maps, or
            their number of channels is not a multiple of b b.
    """

    def __init__(self, block_size=2, **kwargs):
        super().__init__(**kwargs)
        self.block_size = checks.whole_number("block_size", block_size, least=2)

    def build(self, input_shape):
        per_block = self.block_size**2
        if len(input_shape) != 4 or not input_shape[-1] or input_shape[-1] % per_block:
            raise ValueError(
                f"{self.name}: input {tuple(input_shape)} must be (batch, height, width, channels) "
                f"with a multiple of {self.block_size} x {self.block_size} = {per_block} channels"
            )
        super().build(input_shape)

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        sides = [None if side is None else side * self.block_size for side in sides]
        return (batch, *sides, channels // self.block_size**2)

    def call(self, inputs):
        channels, per_block = inputs.shape[-1], self.block_size**2
        order = np.arange(channels).reshape(channels // per_block, per_block).T.ravel()
        return keras.ops.depth_to_space(keras.ops.take(inputs, order, axis=-1), self.block_size)

    def get_config(self):
        return super().get_config() | {"block_size": self.block_size}
