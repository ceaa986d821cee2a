"""The classes and functions that a `.keras` file of the zoo may hold besides Keras's own.

Importing this module registers them with Keras, which `import zoo` sees to.
"""

from zoo.layers import (
    AffineSampling,
    AnchorBoxes,
    Bias,
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
    SparseAttention,
    gelu_tanh,
    squared_relu,
)
from zoo.models.clip import ImageText, LogitScale, quick_gelu
from zoo.models.inception import WithAuxiliary
from zoo.models.mnist_sum import all_bits
from zoo.models.transformer import exact_match
from zoo.models.ultimus import Ultimus
from zoo.training.contrastive import ContrastiveLoss
from zoo.training.schedules import OneCycle

__all__ = [
    "AffineSampling",
    "AnchorBoxes",
    "Bias",
    "ContrastiveLoss",
    "CrossAttention",
    "FusedBatchNormalization",
    "FusedConv2D",
    "ImageText",
    "LogitScale",
    "OneCycle",
    "PixelShuffle",
    "Positions",
    "PrefixTokens",
    "SelfAttention",
    "SequencePooling",
    "SequencePositions",
    "SinusoidalPositions",
    "SparseAttention",
    "Ultimus",
    "WithAuxiliary",
    "all_bits",
    "exact_match",
    "gelu_tanh",
    "squared_relu",
    "quick_gelu",
]
