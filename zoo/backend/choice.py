"""Which of tensorflow, torch and jax Keras runs on, explained before Keras fails on it."""

import importlib.util
import json
import os
from pathlib import Path

BACKENDS = ("tensorflow", "torch", "jax")


def keras_home() -> Path:
    """The folder of Keras's settings and caches: `$KERAS_HOME`, else `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def require_installed() -> None:
    """Raise ImportError in words a newcomer understands, before Keras fails to import."""
    chosen, by = os.environ.get("KERAS_BACKEND"), "KERAS_BACKEND"
    if not chosen:
        try:
            chosen = json.loads((keras_home() / "keras.json").read_text())["backend"]
            by = f"{keras_home() / 'keras.json'}"
        except (OSError, ValueError, KeyError):
            chosen, by = "tensorflow", "Keras's default"
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    if chosen not in BACKENDS:
        raise ImportError(
            f"unknown backend {chosen!r} (set by {by}): the zoo runs on {', '.join(BACKENDS)}; "
            f"installed here: {', '.join(installed) or 'none'}"
        )
    if chosen not in installed:
        switch = f"run with KERAS_BACKEND={installed[0]}, or " if installed else ""
        raise ImportError(
            f"the backend {chosen!r} (set by {by}) is not installed; installed here: "
            f"{', '.join(installed) or 'none'}. Next step: {switch}"
            f"pip install 'keras-session-zoo[{chosen}]'"
        )
