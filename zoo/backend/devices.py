"""What the backend computes on, and the versions that decide a result."""

import importlib.metadata
import os
import platform

import keras

NAME = keras.config.backend()
if NAME == "tensorflow":
    import tensorflow as tf
elif NAME == "torch":
    import torch
else:
    import jax


def has_gpu() -> bool:
    """Whether the backend computes on a GPU or another accelerator."""
    if NAME == "tensorflow":
        return bool(tf.config.list_physical_devices("GPU"))
    if NAME == "torch":
        return torch.cuda.is_available()
    return any(chip.platform != "cpu" for chip in jax.devices())


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
