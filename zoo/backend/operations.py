"""What a model computes with, at any depth, and what its inputs are cast to; private in Keras."""

import contextlib

import keras

from zoo.backend.graph import graph_of


def layers_within(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """A layer or model, and all layers inside it."""
    return layer._flatten_layers()


def operations_within(model: keras.Model) -> list[keras.Operation]:
    """All layers of a model and, of its functional graphs, calls such as `keras.ops.softmax`."""
    found = {}
    for layer in layers_within(model):
        graph = graph_of(layer)
        found |= {id(operation): operation for operation in graph.operations} if graph else {}
        found[id(layer)] = layer
    return list(found.values())


def last_operation(model: keras.Model) -> keras.Operation | None:
    """What computes the one output of a functional model; None of others."""
    outputs = getattr(model, "outputs", None) or []
    return outputs[0]._keras_history.operation if len(outputs) == 1 else None


@contextlib.contextmanager
def float_images(model: keras.Model):
    """While open, a model built for integer images takes floats, which have a gradient.

    Outside, Keras casts an image to the type of its Input, and a cast to an integer has none.
    """
    images = {}
    for layer in layers_within(model):
        graph = graph_of(layer)
        images |= {id(x): x for x in graph.inputs if len(x.shape) == 4} if graph else {}
    dtypes = [image.dtype for image in images.values()]
    for image, dtype in zip(images.values(), dtypes, strict=True):
        if not keras.backend.is_float_dtype(dtype):
            image._dtype = "float32"
    try:
        yield
    finally:
        for image, dtype in zip(images.values(), dtypes, strict=True):
            image._dtype = dtype
