"""Blocks that more than one model is built of."""

from zoo.layers.conv import conv_bn_relu, depthwise_separable, spatially_separable
from zoo.layers.fused import BatchNormalization, Conv2D
from zoo.layers.norm import normalization
from zoo.layers.pixel_shuffle import PixelShuffle

__all__ = [
    "BatchNormalization",
    "Conv2D",
    "PixelShuffle",
    "conv_bn_relu",
    "depthwise_separable",
    "normalization",
    "spatially_separable",
]
