"""Which layer is meant: by its name, by the model's card, or the last with maps."""

import keras

from zoo import registry
from zoo.backend import graph


def find_layer(model, layer=None, smallest=1):
    """A layer by its name, `outer/inner` where models are nested and the name alone has many.

    None is the one on the card of the model, or of one nested in it, else the last with maps of
    `smallest` values a side; a layer stays itself.

    Raises:
        ValueError: no such layer (names those with maps of `smallest` values a side), or several.
    """
    if isinstance(layer, keras.layers.Layer):
        return layer
    layers = dict(all_layers(model))
    if layer is None:  # a reader's own net may bear a zoo model's name: does it have the layer?
        layer = next((path for path in _on_cards(model) if path in layers), None)
    if layer is None:
        found = with_maps(model, smallest) or with_maps(model)
        if not found:
            known = layers_with_maps(model, smallest)
            raise ValueError(
                f"{model.name} has no layer of which it is known that it gives maps; name one "
                f"with layer=: {known}"
            )
        layer = found[-1]
    paths = [path for path in layers if path == layer] or [
        path for path in layers if path.endswith(f"/{layer}")
    ]
    if not paths:
        near = layers_with_maps(model, smallest)
        raise ValueError(f"{model.name} has no layer {layer!r}; those with maps: {near}")
    if len(paths) > 1:
        raise ValueError(f"{model.name} has several layers {layer!r}: {', '.join(paths)}")
    return layers[paths[0]]


def all_layers(model, prefix=""):
    """(path, layer) of the layers of a model and of the models nested in it, in order."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from all_layers(layer, f"{prefix}{layer.name}/")
        elif not isinstance(layer, keras.layers.InputLayer):
            yield prefix + layer.name, layer


def with_maps(model, smallest=1) -> list[str]:
    """Paths of the layers whose maps have at least `smallest` values a side."""
    shapes = {path: static_shape(layer) for path, layer in all_layers(model)}
    return [
        path
        for path, shape in shapes.items()
        if len(shape) == 4 and all(side is None or side >= smallest for side in shape[1:3])
    ]


def layers_with_maps(model, smallest) -> str:
    """For a message: the names of `with_maps`."""
    layers = dict(all_layers(model))
    if not any(map(static_shape, layers.values())):  # a subclassed model
        return f"only a run can tell, of {', '.join(layers)}"
    return ", ".join(with_maps(model, smallest)) or "none"


def _on_cards(model, prefix=""):
    """Paths of the GradCAM layers of a zoo model, and of those nested in a model."""
    if model.name in registry.list_models():
        yield f"{prefix}{registry.card(model.name).cam_layer}"
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _on_cards(layer, f"{prefix}{layer.name}/")


def static_shape(layer) -> tuple:
    """The output shape of a layer in functional graphs; () where it has none or several."""
    outputs = [output for node in graph.uses(layer) for output in node.output_tensors]
    shapes = {tuple(output.shape) for output in outputs}
    one_each = len(outputs) == len(graph.uses(layer))
    return shapes.pop() if len(shapes) == 1 and one_each else ()
