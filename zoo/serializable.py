"""The classes and functions that a `.keras` file of the zoo may hold besides Keras's own.

Importing this module registers them with Keras, which `import zoo` sees to.
"""

from zoo.layers import FusedBatchNormalization, FusedConv2D, PixelShuffle
from zoo.models.inception import WithAuxiliary
from zoo.models.mnist_sum import all_bits
from zoo.models.ultimus import Ultimus
from zoo.training.schedules import OneCycle

__all__ = [
    "FusedBatchNormalization",
    "FusedConv2D",
    "OneCycle",
    "PixelShuffle",
    "Ultimus",
    "WithAuxiliary",
    "all_bits",
]
