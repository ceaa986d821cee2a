"""Blocks that more than one model is built of."""

from zoo.layers.conv import conv_bn_relu

__all__ = ["conv_bn_relu"]
