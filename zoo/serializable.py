"""The classes and functions that a `.keras` file of the zoo may hold besides Keras's own.

Importing this module registers them with Keras, which `import zoo` sees to.
"""

from zoo.layers import (
    AffineSampling,
    FusedBatchNormalization,
    FusedConv2D,
    PixelShuffle,
    Positions,
    PrefixTokens,
    SelfAttention,
    SequencePooling,
    SequencePositions,
    gelu_tanh,
)
from zoo.models.inception import WithAuxiliary
from zoo.models.mnist_sum import all_bits
from zoo.models.ultimus import Ultimus
from zoo.training.schedules import OneCycle

__all__ = [
    "AffineSampling",
    "FusedBatchNormalization",
    "FusedConv2D",
    "OneCycle",
    "PixelShuffle",
    "Positions",
    "PrefixTokens",
    "SelfAttention",
    "SequencePooling",
    "SequencePositions",
    "Ultimus",
    "WithAuxiliary",
    "all_bits",
    "gelu_tanh",
]
