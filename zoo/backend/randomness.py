"""Reproducible kernels and the backend's global random state."""

import contextlib
import os

import keras

from zoo import checks

NAME = keras.config.backend()
if NAME == "tensorflow":
    import tensorflow as tf
elif NAME == "torch":
    import torch


def set_determinism(enabled: bool) -> None:
    """Ask for kernels that give the same bits on every run, at some cost in speed.

    On jax there is nothing to switch at run time: its CPU kernels are reproducible, and for a GPU
    `XLA_FLAGS=--xla_gpu_deterministic_ops=true` must be set before Python starts.

    Raises:
        ValueError: if `enabled` is neither True nor False.
    """
    checks.flag("enabled", enabled)
    if NAME == "tensorflow" and enabled:  # tensorflow has no public way back
        tf.config.experimental.enable_op_determinism()
    if NAME == "torch":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(enabled)


def kept_random_state() -> contextlib.AbstractContextManager:
    """A `with` block after which the backend's global generator is as it was before.

    Only torch has one that Keras draws from, in dropout; elsewhere all draws come from Keras's
    seeds.
    """
    return torch.random.fork_rng() if NAME == "torch" else contextlib.nullcontext()
