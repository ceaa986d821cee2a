"""A function of tensors compiled by the backend, as `fit` and `predict` compile a model's step."""

from collections.abc import Callable, Sequence

import keras

NAME = keras.config.backend()
if NAME == "tensorflow":
    import tensorflow as tf
elif NAME == "torch":
    import torch
else:
    import jax


def compiled(function: Callable, variables: Sequence[keras.Variable]) -> Callable:
    """The function for inference: compiled for each new shape of its arrays; on torch as it is.

    Args:
        function: of arrays; it returns a structure of tensors.
        variables: all that it reads; each call reads the values that they then have.
    """
    if NAME == "tensorflow":
        return tf.function(function, jit_compile=True)
    if NAME == "torch":
        return torch.no_grad()(function)

    @jax.jit
    def pure(values, *arrays):  # a variable that is read in jax.jit is a constant of it for ever
        with keras.StatelessScope(list(zip(variables, values, strict=True))):
            return function(*arrays)

    return lambda *arrays: pure([variable.value for variable in variables], *arrays)
