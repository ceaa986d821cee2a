"""GradCAM: which places of the image speak for a class.

Source: Selvaraju et al., Grad-CAM (arXiv:1610.02391), as the course's session 5 has it.
"""

import contextlib

import cv2
import keras
import numpy as np
from keras import ops

from zoo import backend, registry

SMALLEST = 5  # a map of fewer cells a side says nothing about places


def grad_cam(model: keras.Model, images, classes=None, layer=None) -> np.ndarray:
    """Heat maps (n, H, W) in [0, 1], float32, the same on every backend.

    The gradient of a class's logit with respect to a layer's maps, averaged over places, weighs
    the maps; the positive part of their sum is scaled to a maximum of 1 (or stays 0) and resized
    to the image.

    Args:
        model: any classifier that gives one (n, classes) output: nested and subclassed models and
            several inputs included.
        images: as the model takes them, (n, H, W, channels); a list or dict for several inputs.
        classes: a class index for each image, or one for all; None: the predicted ones.
        layer: a layer or its name; None: the one on the model's card, else the last convolution.

    Raises:
        ValueError: no such layer (names those there are), maps without extent or smaller than
            5x5, a class that the model does not have.
    """
    layer = _find_layer(model, layer)
    images = keras.tree.map_structure(ops.convert_to_tensor, images)
    shapes = [tuple(x.shape) for x in keras.tree.flatten(images)]
    picture = next((shape for shape in shapes if len(shape) == 4), None)
    if picture is None:
        raise ValueError(f"none of the inputs is a batch of images (n, H, W, channels): {shapes}")
    if not picture[0]:
        raise ValueError(f"there is not one image to explain: {shapes}")
    maps_shape = _maps_shape(model, layer, images)

    def class_score(shift):
        with _tap(layer, shift) as tapped:
            logits = model(images, training=False)
        if not tapped:
            raise ValueError(f"{model.name} does not run its layer {layer.name}")
        picked = _one_hot(classes, logits)
        return ops.sum(ops.cast(logits, "float32") * picked), tapped[0]

    maps, slopes = backend.gradient(class_score, np.zeros(maps_shape, "float32"))
    maps, slopes = [ops.convert_to_numpy(ops.cast(t, "float32")) for t in (maps, slopes)]
    weights = slopes.mean(axis=(1, 2))  # (n, channels)
    cams = np.maximum(np.einsum("nhwc,nc->nhw", maps, weights), 0)
    peaks = cams.max(axis=(1, 2), keepdims=True)
    cams = np.divide(cams, peaks, out=np.zeros_like(cams), where=peaks > 0)
    size = picture[2], picture[1]
    return np.stack([cv2.resize(cam, size, interpolation=cv2.INTER_LINEAR) for cam in cams])


@contextlib.contextmanager
def _tap(layer, shift=0.0):
    """While open, `layer` adds `shift` to what it gives, and the list yielded holds the sum.

    The derivative with respect to the shift is that with respect to the layer's output, wherever
    in a model the layer sits; cutting the graph in two would only do for a chain.
    """
    tapped, call = [], layer.call
    own = "call" in vars(layer)

    def tapped_call(*args, **kwargs):
        output = call(*args, **kwargs)
        tapped[:] = [output + ops.cast(shift, output.dtype)]
        return tapped[0]

    layer.call = tapped_call
    try:
        yield tapped
    finally:
        if own:
            layer.call = call
        else:
            del layer.call


def _maps_shape(model, layer, images) -> tuple[int, ...]:
    """The (n, h, w, channels) that `layer` gives for `images`, checked."""
    count = len(keras.tree.flatten(images)[0])
    shape = (count, *_static_shape(layer)[1:])
    if None in shape or len(shape) == 1:  # known only when it runs
        with _tap(layer) as tapped:
            model(images, training=False)
        if not tapped:
            raise ValueError(f"{model.name} does not run its layer {layer.name}")
        shape = tuple(tapped[0].shape)
    if len(shape) != 4 or min(shape[1:3]) < SMALLEST:
        raise ValueError(
            f"the layer {layer.name} gives maps of shape {shape[1:]}; GradCAM needs "
            f"{SMALLEST}x{SMALLEST} at least. Large enough: {', '.join(_wide(model)) or 'none'}"
        )
    return shape


def _one_hot(classes, logits):
    """(n, classes) with a 1 at each image's class."""
    shapes = [tuple(output.shape) for output in keras.tree.flatten(logits)]
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise ValueError(f"the model gives {shapes}, not one (n, classes) of logits")
    count, known = logits.shape
    if classes is None:
        return ops.one_hot(ops.argmax(logits, axis=-1), known)
    classes = np.asarray(classes)
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (count,)):
        raise ValueError(f"classes={classes} must be one index, or {count} of them")
    classes = np.broadcast_to(classes, (count,))
    if classes.min() < 0 or classes.max() >= known:
        raise ValueError(f"classes {classes.tolist()} reach outside the model's 0 to {known - 1}")
    return ops.one_hot(ops.convert_to_tensor(classes.astype("int32")), known)


def _find_layer(model, layer):
    layers = {found.name: found for found in _all_layers(model)}
    if isinstance(layer, keras.layers.Layer):
        return layer
    if layer is None and model.name in registry.list_models():
        layer = registry.card(model.name).cam_layer
    if layer is None:
        convolutional = [n for n in layers if len(_static_shape(layers[n])) == 4]
        if not convolutional:
            raise ValueError(f"{model.name} has no layer that gives maps; name one with layer=")
        layer = convolutional[-1]
    if layer not in layers:
        near = ", ".join(_wide(model)) or ", ".join(layers)
        raise ValueError(f"{model.name} has no layer {layer!r}; those with maps: {near}")
    return layers[layer]


def _all_layers(model):
    """The layers of a model and of the models nested in it, in order."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer


def _wide(model) -> list[str]:
    """Names of the layers whose maps are large enough."""
    shapes = {layer.name: _static_shape(layer) for layer in _all_layers(model)}
    return [
        name
        for name, shape in shapes.items()
        if len(shape) == 4 and all(side is None or side >= SMALLEST for side in shape[1:3])
    ]


def _static_shape(layer) -> tuple:
    """The output shape of a layer in a functional graph; () where it has none or several."""
    try:
        return tuple(layer.output.shape)
    except (AttributeError, ValueError):
        return ()
