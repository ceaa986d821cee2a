"""Trained weights: those that ship, files of one's own, PyTorch's, bodies for another task.

What ships is `<model>-<tag>.weights.h5`, described in entries.json, which
`results/ship_weights.py` writes from the run that trained it.
"""

from zoo.weights.entry import FOLDER, WeightsEntry, entries_of
from zoo.weights.files import Misfit, checked_file, load_into
from zoo.weights.keras_hub import from_keras_hub, to_keras_hub
from zoo.weights.pytorch import from_timm, from_torchvision, to_timm, to_torchvision
from zoo.weights.transfer import features_of, load_body

__all__ = [
    "FOLDER",
    "Misfit",
    "WeightsEntry",
    "checked_file",
    "entries_of",
    "features_of",
    "from_keras_hub",
    "from_timm",
    "from_torchvision",
    "load_body",
    "load_into",
    "to_keras_hub",
    "to_timm",
    "to_torchvision",
]
