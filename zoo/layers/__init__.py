"""Blocks that more than one model is built of."""

from zoo.layers.activations import gelu_tanh, squared_relu
from zoo.layers.affine_sampling import AffineSampling
from zoo.layers.anchor_boxes import AnchorBoxes
from zoo.layers.attention import SelfAttention
from zoo.layers.bias import Bias
from zoo.layers.conv import conv_bn_relu, depthwise_separable, spatially_separable
from zoo.layers.cross_attention import CrossAttention
from zoo.layers.fused import FusedBatchNormalization, FusedConv2D
from zoo.layers.norm import normalization
from zoo.layers.pixel_shuffle import PixelShuffle
from zoo.layers.rotary import rotated
from zoo.layers.sinusoidal import SinusoidalPositions
from zoo.layers.sparse_attention import SparseAttention
from zoo.layers.tokens import Positions, PrefixTokens, SequencePooling, SequencePositions

__all__ = [
    "AffineSampling",
    "AnchorBoxes",
    "Bias",
    "CrossAttention",
    "FusedBatchNormalization",
    "FusedConv2D",
    "PixelShuffle",
    "Positions",
    "PrefixTokens",
    "SelfAttention",
    "SequencePooling",
    "SequencePositions",
    "SinusoidalPositions",
    "SparseAttention",
    "conv_bn_relu",
    "depthwise_separable",
    "gelu_tanh",
    "normalization",
    "rotated",
    "spatially_separable",
    "squared_relu",
]
