"""The classes and functions that a `.keras` file of the zoo may hold besides Keras's own.

Importing this module registers them with Keras, which `import zoo` sees to.
"""

from zoo.layers import (
    AffineSampling,
    CrossAttention,
    FusedBatchNormalization,
    FusedConv2D,
    PixelShuffle,
    Positions,
    PrefixTokens,
    SelfAttention,
    SequencePooling,
    SequencePositions,
    SinusoidalPositions,
    gelu_tanh,
)
from zoo.models.inception import WithAuxiliary
from zoo.models.mnist_sum import all_bits
from zoo.models.transformer import exact_match
from zoo.models.ultimus import Ultimus
from zoo.training.schedules import OneCycle

__all__ = [
    "AffineSampling",
    "CrossAttention",
    "FusedBatchNormalization",
    "FusedConv2D",
    "OneCycle",
    "PixelShuffle",
    "Positions",
    "PrefixTokens",
    "SelfAttention",
    "SequencePooling",
    "SequencePositions",
    "SinusoidalPositions",
    "Ultimus",
    "WithAuxiliary",
    "all_bits",
    "exact_match",
    "gelu_tanh",
]
