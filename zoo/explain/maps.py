"""What a layer gives while its model runs: a hook, and the maps it catches."""

import contextlib

import keras
import numpy as np
from keras import ops

from zoo.explain.inputs import Inputs
from zoo.explain.layer_search import layers_with_maps, static_shape


@contextlib.contextmanager
def tap(model, layer, shift=0.0):
    """While open, `layer` adds `shift` to what it gives, and the list yielded holds the sum.

    The derivative with respect to the shift is that with respect to the layer's output, wherever
    in a model the layer sits; cutting the graph in two would only do for a chain.
    """
    if not model.built:  # Keras would run it to build it, and the layer twice
        raise ValueError(f"{model.name} has no weights yet; call it on the images first")
    tapped, call = [], layer.call
    own = "call" in vars(layer)

    def tapped_call(*args, **kwargs):
        output = call(*args, **kwargs)
        if tapped or keras.tree.is_nested(output):
            what = "runs more than once" if tapped else "gives several tensors"
            raise ValueError(f"the layer {layer.name} of {model.name} {what}; name another layer")
        tapped.append(output + ops.cast(shift, output.dtype))
        return tapped[0]

    layer.call = tapped_call
    try:
        yield tapped
        if not tapped:
            raise ValueError(f"{model.name} does not run its layer {layer.name}")
    finally:
        if own:
            layer.call = call
        else:
            del layer.call


def maps_of(model, inputs: Inputs, layer, smallest=1) -> np.ndarray:
    """What `layer` gives, (n, h, w, channels) float32.

    Raises:
        ValueError: no maps of `smallest` values a side, or the model does not run the layer.
    """
    with tap(model, layer) as tapped:
        model(inputs.tensors, training=False)
    check_maps(model, layer, tuple(tapped[0].shape), smallest)
    return ops.convert_to_numpy(ops.cast(tapped[0], "float32"))


def maps_shape(model, inputs: Inputs, layer, smallest=1) -> tuple[int, ...]:
    """The shape of `maps_of`, known without running the model where its graph tells."""
    shape = (inputs.image.shape[0], *static_shape(layer)[1:])
    if None in shape or len(shape) == 1:
        return maps_of(model, inputs, layer, smallest).shape
    check_maps(model, layer, shape, smallest)
    return shape


def check_maps(model, layer, shape, smallest) -> None:
    """Raise ValueError, with the names of layers that would do, if `shape` is too small a map."""
    if len(shape) != 4 or min(shape[1:3]) < smallest:
        needed = f"{smallest}x{smallest} at least" if smallest > 1 else "(height, width, channels)"
        raise ValueError(
            f"the layer {layer.name} gives maps of shape {shape[1:]}; needed are {needed}. "
            f"Layers that do: {layers_with_maps(model, smallest)}"
        )


def scaled(maps) -> np.ndarray:
    """Maps (n, h, w), none negative, each divided by its maximum; one that is 0 stays 0."""
    peaks = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, peaks, out=np.zeros_like(maps), where=peaks > 0)
