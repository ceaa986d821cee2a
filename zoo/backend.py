"""The one file that knows which of tensorflow, torch and jax is running.

Everything else asks here for what Keras does not offer on all three: a gradient with respect to
an intermediate tensor, reproducible kernels, and the names and versions a report writes down.
"""

import importlib.metadata
import importlib.util
import json
import os
import platform
from pathlib import Path

BACKENDS = ("tensorflow", "torch", "jax")


def keras_home() -> Path:
    """The folder of Keras's settings and caches: `$KERAS_HOME`, else `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def _require_installed() -> None:
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


_require_installed()

import keras  # noqa: E402

NAME = keras.config.backend()

if NAME == "tensorflow":
    import tensorflow as tf
elif NAME == "torch":
    import torch
else:
    import jax


def gradient(function, x):
    """Differentiate `function` at `x`.

    Args:
        function: takes a tensor and returns `(scalar, aux)`.
        x: the tensor to differentiate with respect to.

    Returns:
        `(aux, gradient)`: the gradient of the scalar has the shape of `x`.
    """
    x = keras.ops.convert_to_tensor(x)
    if NAME == "tensorflow":
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            scalar, aux = function(x)
        return aux, tape.gradient(scalar, x)
    if NAME == "torch":
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            scalar, aux = function(x)
            (slope,) = torch.autograd.grad(scalar, x)
        return aux, slope
    slope, aux = jax.grad(function, has_aux=True)(x)
    return aux, slope


def set_determinism(enabled: bool) -> None:
    """Ask for kernels that give the same bits on every run, at some cost in speed.

    On jax there is nothing to switch at run time: its CPU kernels are reproducible, and on a GPU
    `XLA_FLAGS=--xla_gpu_deterministic_ops=true` has to stand in the shell.
    """
    if NAME == "tensorflow" and enabled:  # tensorflow has no public way back
        tf.config.experimental.enable_op_determinism()
    if NAME == "torch":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(enabled)


def device() -> str:
    """What the backend computes on, as a report names it: `NVIDIA H100` or `2 CPU cores`."""
    if NAME == "tensorflow":
        gpus = [
            tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
            for gpu in tf.config.list_physical_devices("GPU")
        ]
    elif NAME == "torch":
        gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    else:
        gpus = [chip.device_kind for chip in jax.devices() if chip.platform != "cpu"]
    return gpus[0] if gpus else f"{os.cpu_count()} CPU cores"


def versions() -> dict[str, str]:
    """Versions of what decides a result: python, keras, the backend and numpy."""
    packages = ("keras", NAME, "numpy")
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in packages
    }
