"""Keras 3 vision zoo: `zoo.get("custom_resnet")`, on tensorflow, torch and jax."""

# backend comes first: it explains a missing backend before Keras fails on it.
from zoo import backend, datasets, explain, inspect, models, tasks, training
from zoo.inspect import summary
from zoo.registry import ModelCard, card, get, list_models, register

__version__ = "0.1.0"
__all__ = [
    "ModelCard",
    "backend",
    "card",
    "datasets",
    "explain",
    "get",
    "inspect",
    "list_models",
    "models",
    "register",
    "summary",
    "tasks",
    "training",
]
