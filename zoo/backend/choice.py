"""Which of tensorflow, torch and jax Keras runs on: what has to be settled before Keras starts."""

import importlib.util
import json
import os
import sys
from pathlib import Path

BACKENDS = ("tensorflow", "torch", "jax")


def keras_home() -> Path:
    """The folder of Keras's settings and caches: `$KERAS_HOME`, else `~/.keras`.

    As in Keras it is `/tmp/.keras` where the home folder is missing or cannot be written.
    """
    if "KERAS_HOME" in os.environ:
        return Path(os.path.expanduser(os.environ["KERAS_HOME"]))
    config = sys.modules.get("keras.src.backend.config")
    if config:  # Keras has decided: tensorflow has since made a folder "~" for who has no home
        return Path(config.keras_home())
    home = os.path.expanduser("~")  # stays "~" for a user without a home, where Path.home() raises
    return Path(home if os.access(home, os.W_OK) else "/tmp") / ".keras"


def require_installed() -> None:
    """Explain a missing backend in words a newcomer understands, before Keras fails to import.

    Raises:
        ImportError: if the chosen backend is unknown or not installed.
    """
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
