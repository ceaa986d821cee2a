"""Layers of Keras that tensorflow has no kernel for on some processors."""

import keras
from keras import layers

from zoo.backend.devices import NAME, has_gpu

if NAME == "tensorflow":
    import tensorflow as tf


def require_kernels(model: keras.Model) -> None:
    """Refuse a model with a layer that tensorflow has no kernel for on this processor.

    On a CPU that is a transposed convolution with dilation, and a depthwise one with two different
    strides, unless oneDNN computes them.

    Raises:
        ValueError: if there is such a layer; names it and what to do.
    """
    if NAME != "tensorflow" or has_gpu():
        return
    for layer in _layers_in(model):
        if _is_in_doubt(layer) and not _computes(layer):
            raise ValueError(
                f"tensorflow cannot compute the layer {layer.name!r} on this processor: "
                f"{type(layer).__name__} with strides {layer.strides} and dilation_rate "
                f"{layer.dilation_rate} needs oneDNN or a GPU. Run with TF_ENABLE_ONEDNN_OPTS=1, "
                f"in float32, or with KERAS_BACKEND=torch or jax"
            )


def _layers_in(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers_in(layer)
        else:
            yield layer


def _is_in_doubt(layer) -> bool:
    if not layer.built:
        return False
    if isinstance(layer, layers.Conv1DTranspose | layers.Conv2DTranspose | layers.Conv3DTranspose):
        return max(layer.dilation_rate) > 1
    if isinstance(layer, layers.DepthwiseConv2D | layers.SeparableConv2D):
        return len(set(layer.strides)) > 1
    return False


def _computes(layer) -> bool:
    """Whether a convolution gets through the smallest input that it takes."""
    (channels,) = layer.input_spec.axes.values()
    reach = [
        (size - 1) * rate + 1
        for size, rate in zip(layer.kernel_size, layer.dilation_rate, strict=True)
    ]
    first = layer.data_format == "channels_first"
    shape = (1, channels, *reach) if first else (1, *reach, channels)
    try:
        layer(tf.zeros(shape, layer.compute_dtype))
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return False
    return True
