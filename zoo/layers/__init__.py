"""Blocks that more than one model is built of."""

from zoo.layers.conv import conv_bn_relu
from zoo.layers.fused import BatchNormalization, Conv2D
from zoo.layers.norm import normalization

__all__ = ["BatchNormalization", "Conv2D", "conv_bn_relu", "normalization"]
