"""Pixel shuffle: a map twice as high and wide out of a quarter of the channels, nothing learnt.

Source: Shi et al., Real-time single image and video super-resolution (2016).
"""

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="zoo")
class PixelShuffle(keras.layers.Layer):
    """The channels of a pixel laid out as a block of pixels: (h, w, c b b) becomes (h b, w b, c).

    Channels are taken in the order of `torch.nn.PixelShuffle`: the first b b make the first
    channel's block, row by row. `keras.ops.depth_to_space` takes every c-th.

    Raises:
        ValueError: a block of less than 2x2; input that is no maps, or whose channels are no
            multiple of b b.
    """

    def __init__(self, block_size=2, **kwargs):
        super().__init__(**kwargs)
        if block_size < 2:
            raise ValueError(f"block_size={block_size} must be 2 or more, pixels a side")
        self.block_size = block_size

    def build(self, input_shape):
        cells = self.block_size**2
        if len(input_shape) != 4 or not input_shape[-1] or input_shape[-1] % cells:
            raise ValueError(
                f"{self.name}: input {tuple(input_shape)} must be (batch, height, width, channels) "
                f"with a multiple of {self.block_size} x {self.block_size} = {cells} channels"
            )
        super().build(input_shape)

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        sides = [None if side is None else side * self.block_size for side in sides]
        return (batch, *sides, channels // self.block_size**2)

    def call(self, inputs):
        channels, cells = inputs.shape[-1], self.block_size**2
        order = np.arange(channels).reshape(channels // cells, cells).T.ravel()
        return keras.ops.depth_to_space(keras.ops.take(inputs, order, axis=-1), self.block_size)

    def get_config(self):
        return super().get_config() | {"block_size": self.block_size}
