"""What the backend computes on, and the versions that decide a result."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

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


def processor() -> str:
    """The processor's name, as the operating system gives it: `AMD EPYC 7R13 Processor`."""
    try:
        if platform.system() == "Darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.check_output(command, text=True).strip()
        description = Path("/proc/cpuinfo").read_text()
    except (OSError, subprocess.SubprocessError):
        description = ""
    model = re.search(r"^model name\s*: *(.+)$", description, re.MULTILINE)
    return model[1].strip() if model else platform.processor() or platform.machine()


def onednn() -> bool | None:
    """Whether tensorflow or torch compute with oneDNN's kernels; None where that is not known."""
    if NAME == "tensorflow":
        try:  # what the environment says now may have been set after tensorflow's import
            from tensorflow.python.util import _pywrap_util_port
        except ImportError:
            return None
        return _pywrap_util_port.IsMklEnabled()
    if NAME == "torch":
        return torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled
    return None


def versions() -> dict[str, str]:
    """Versions of what decides a result: python, keras, the backend and numpy."""
    packages = ("keras", NAME, "numpy")
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in packages
    }
