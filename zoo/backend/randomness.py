"""Reproducible kernels and the backend's global random state."""

import contextlib
import os

import keras

NAME = keras.config.backend()
if NAME == "tensorflow":
    import tensorflow as tf
elif NAME == "torch":
    import torch


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
