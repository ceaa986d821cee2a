"""The one file that knows which of tensorflow, torch and jax is running.

Everything else asks here for what Keras does not offer on all three: a gradient with respect to
an intermediate tensor, reproducible kernels, and the names and versions a report writes down.
"""

import contextlib
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
        `(aux, gradient)`: the gradient of the scalar has the shape of `x`; it is 0 where the
        scalar does not depend on `x`.
    """
    x = keras.ops.convert_to_tensor(x)
    if NAME == "tensorflow":
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            scalar, aux = function(x)
        return aux, tape.gradient(scalar, x, unconnected_gradients="zero")
    if NAME == "torch":
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            scalar, aux = function(x)
            if not scalar.requires_grad:
                return aux, torch.zeros_like(x)
            (slope,) = torch.autograd.grad(scalar, x, materialize_grads=True)
        return aux, slope
    slope, aux = jax.grad(function, has_aux=True)(x)
    return aux, slope


# What the kernels below take; in half precision they keep their sums and statistics in float32.
KERNEL_DTYPES = ("float32", "bfloat16", "float16")


def has_conv2d_for(x) -> bool:
    """Whether `conv2d` below takes `x`: real maps (n, h, w, c) on torch."""
    return (
        NAME == "torch"
        and isinstance(x, torch.Tensor)
        and x.ndim == 4
        and keras.backend.standardize_dtype(x.dtype) in KERNEL_DTYPES
        and x.device.type != "meta"
    )


def has_batch_norm_for(x) -> bool:
    """Whether `batch_norm` below takes `x` and is the faster way: maps (n, h, w, c)."""
    if NAME != "tensorflow":
        return has_conv2d_for(x)
    fits = isinstance(x, tf.Tensor) and x.dtype.name in KERNEL_DTYPES and x.shape.rank == 4
    # On a CPU it is three times as fast as the formula, but half as fast with, say, 10 channels.
    return fits and (x.shape[-1] % 4 == 0 or has_gpu())


def conv2d(x, kernel, bias, strides, padding, dilation):
    """PyTorch's convolution of NHWC maps with a Keras kernel (h, w, in / groups, out)."""
    kernel = keras.ops.convert_to_tensor(kernel)  # a variable, or with LoRA a sum
    bias = None if bias is None else keras.ops.convert_to_tensor(bias)
    pads = [(0, 0), (0, 0)]
    if padding == "same":  # as tensorflow counts it: an odd pixel goes to the right and below
        sizes = zip(x.shape[1:3], kernel.shape[:2], strides, dilation, strict=True)
        totals = [max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in sizes]
        pads = [(total // 2, total - total // 2) for total in totals]
    x = x.permute(0, 3, 1, 2)  # a view: PyTorch computes on channels-last memory
    if any(before != after for before, after in pads):
        (top, bottom), (left, right) = pads
        x = torch.nn.functional.pad(x, (left, right, top, bottom))
        pads = [(0, 0), (0, 0)]
    groups = x.shape[1] // kernel.shape[2]
    y = torch.nn.functional.conv2d(
        x, kernel.permute(3, 2, 0, 1), bias, strides, [pad[0] for pad in pads], dilation, groups
    )
    return y.permute(0, 2, 3, 1)


def batch_norm(x, gamma, beta, epsilon):
    """Batch norm of NHWC maps by their own statistics in one kernel: (result, mean, variance)."""
    if NAME == "tensorflow":
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=gamma.value, offset=beta.value, mean=tf.constant([]),
            variance=tf.constant([]), epsilon=epsilon, is_training=True,
        )  # fmt: skip
        count = tf.cast(tf.size(x) // x.shape[-1], "float32")
        return y, tf.stop_gradient(mean), tf.stop_gradient(variance) * (count - 1) / count
    y, mean, inverse_deviation = torch.native_batch_norm(
        x.permute(0, 3, 1, 2), gamma.value, beta.value, None, None, True, 0.0, epsilon
    )
    variance = inverse_deviation.detach() ** -2 - epsilon
    return y.permute(0, 2, 3, 1), mean.detach(), variance


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


def kept_random_state() -> contextlib.AbstractContextManager:
    """A block after which the backend's global generator is as it was before.

    Only torch draws from one: its dropout does. Elsewhere all draws come from Keras's seeds.
    """
    return torch.random.fork_rng() if NAME == "torch" else contextlib.nullcontext()


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
