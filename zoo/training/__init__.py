"""Schedules, the range test and callbacks; each works in a `model.fit` of your own."""

from zoo.training import callbacks
from zoo.training.lr_finder import LRFinder, find_lr
from zoo.training.schedules import OneCycle, cycle_momentum

__all__ = ["LRFinder", "OneCycle", "callbacks", "cycle_momentum", "find_lr"]
