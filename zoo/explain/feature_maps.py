"""What a layer gives and what it has learnt: feature maps and kernels.

Source: Zeiler and Fergus, Visualizing and understanding convolutional networks (arXiv:1311.2901),
whose figures of first-layer kernels and of maps these are.
"""

import keras
import numpy as np
from keras import ops

from zoo.explain.inputs import Inputs, require_weights
from zoo.explain.layer_search import all_layers, find_layer, listed
from zoo.explain.maps import MapLayer


def feature_maps(
    model: keras.Model, images, layer=None, *, grid=None, prefix_tokens=None
) -> np.ndarray:
    """What a layer gives for the images, (n, h, w, channels) float32.

    Args:
        model: any model: nested and subclassed ones and several inputs or outputs included.
        images: as the model takes them, (n, H, W, channels); a list or dict for several inputs.
        layer: a layer or its name; None: the one on the model's card, else the last with maps.
        grid, prefix_tokens: where the tokens of a layer of tokens lie, as for `grad_cam`.

    Raises:
        ValueError: if no layer, or more than one, has this name; if it gives no maps.
    """
    inputs = Inputs.checked(model, images)
    found = MapLayer.find(model, inputs, layer, grid=grid, prefix_tokens=prefix_tokens)
    return found.maps_of(inputs)


def kernels(model: keras.Model, layer=None) -> np.ndarray:
    """The kernels of a convolution, (height, width, channels in, kernels) float32.

    Of a depthwise convolution the last axis counts the kernels of one channel; of a separable one
    they are its depthwise part, of a transposed one the last two axes are swapped.

    Args:
        model: any model.
        layer: a layer or its name; None: the first convolution, whose kernels can be seen as
            pictures: their channels are the image's.

    Raises:
        ValueError: if no layer, or more than one, has this name; if it has no such kernels.
    """
    require_weights(model)
    with_kernels = [path for path, found in all_layers(model) if _kernel(found) is not None]
    if layer is None and not with_kernels:
        raise ValueError(f"{model.name} has no convolution")
    layer = with_kernels[0] if layer is None else layer
    found = find_layer(model, layer)
    kernel = _kernel(found)
    if kernel is None:
        raise ValueError(
            f"the layer {found.name} has no kernels (height, width, channels in, kernels); "
            f"those that have: {listed(with_kernels) or 'none'}"
        )
    return ops.convert_to_numpy(ops.cast(kernel, "float32"))


def _kernel(layer):
    """The kernel of a two-dimensional convolution; None of any other layer."""
    for name in ("kernel", "depthwise_kernel"):
        kernel = getattr(layer, name, None)
        if kernel is not None and len(kernel.shape) == 4:
            return kernel
    return None
