"""Activations that Keras has no name for, so that a `.keras` file can hold them."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
def gelu_tanh(x):
    """GELU by a tanh, which differs from the exact one by 0.0005 at most; GPT-2 is trained with it.

    Source: Hendrycks and Gimpel, Gaussian error linear units (arXiv:1606.08415).
    """
    return ops.gelu(x, approximate=True)


@keras.saving.register_keras_serializable(package="zoo")
def squared_relu(x):
    """max(x, 0) squared. Source: So et al., Primer (arXiv:2109.08668)."""
    return ops.square(ops.relu(x))
