"""Keras 3 vision zoo: `zoo.get("custom_resnet")`, on tensorflow, torch and jax.

A room is imported when it is first used, so that `import zoo` costs next to nothing.
"""

import importlib
import os

import wrapt

# Without AVX-512 tensorflow leaves oneDNN off, trains up to half as fast, and cannot compute a
# transposed convolution with dilation. It reads the setting once, when it is imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = "0.1.0"

ROOMS = (
    "backend",
    "datasets",
    "detection",
    "explain",
    "fundamentals",
    "image_text",
    "inspect",
    "language",
    "layers",
    "models",
    "report",
    "tasks",
    "training",
    "weights",
)
HOMES = {  # name -> the room it lives in
    "ModelCard": "registry",
    "card": "registry",
    "get": "registry",
    "list_models": "registry",
    "predict": "prediction",
    "register": "registry",
    "summary": "inspect",
}
__all__ = [*sorted(HOMES), *ROOMS]


@wrapt.when_imported("keras")
def _register(keras) -> None:
    """Let Keras find the zoo's classes when it opens a file, whichever of the two comes first."""
    importlib.import_module("zoo.serializable")


def __getattr__(name: str):
    if name not in ROOMS and name not in HOMES:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    if name not in ("tasks", "fundamentals"):
        importlib.import_module("zoo.backend")  # explains a missing backend before Keras fails
    if name in ROOMS:
        return importlib.import_module(f"zoo.{name}")
    return getattr(importlib.import_module(f"zoo.{HOMES[name]}"), name)


def __dir__():
    return __all__
