"""The gradient of a scalar with respect to any tensor, which Keras does not offer."""

import keras

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
        `(gradient, aux)`: the gradient of the scalar has the shape of `x`; it is 0 where the
        scalar does not depend on `x`.
    """
    x = keras.ops.convert_to_tensor(x)
    if NAME == "tensorflow":
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            scalar, aux = function(x)
        return tape.gradient(scalar, x, unconnected_gradients="zero"), aux
    if NAME == "torch":
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            scalar, aux = function(x)
            if not scalar.requires_grad:
                return torch.zeros_like(x), aux
            (slope,) = torch.autograd.grad(scalar, x, materialize_grads=True)
        return slope, aux
    return jax.grad(function, has_aux=True)(x)
