"""Schedules, gradient noise, the range test and callbacks; each works in a `model.fit` of yours."""

import importlib

from zoo.training.contrastive import ContrastiveLoss
from zoo.training.lr_finder import LRFinder, find_lr
from zoo.training.momentum import cycle_momentum
from zoo.training.perturbation import perturb_gradients
from zoo.training.schedules import OneCycle

__all__ = [
    "ContrastiveLoss",
    "LRFinder",
    "OneCycle",
    "callbacks",
    "cycle_momentum",
    "find_lr",
    "perturb_gradients",
]


def __getattr__(name: str):
    if name == "callbacks":  # when it is first used: its reports need what draws and explains
        return importlib.import_module("zoo.training.callbacks")
    raise AttributeError(f"module 'zoo.training' has no attribute {name!r}")
