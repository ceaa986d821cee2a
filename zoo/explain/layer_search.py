"""Which layer is meant: by its name, by the model's card, or the last with maps."""

import difflib

import keras

from zoo import registry
from zoo.backend import graph
from zoo.backend.operations import layers_within

ATTENTION = (
    keras.layers.Attention,
    keras.layers.AdditiveAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.MultiHeadAttention,
)


def find_layer(model, layer=None, smallest=1):
    """A layer by its name, `outer/inner` where models are nested and the name alone has many.

    None is the one on the card of the model, or of one nested in it, else the last with maps of
    `smallest` cells a side; a layer is returned as it is.

    Raises:
        ValueError: if no layer, or more than one, has this name; if a layer is given that is not
            the model's; if there is no default, as for a model that turns its maps into tokens.
    """
    if isinstance(layer, keras.layers.Layer):
        if not any(layer is inner for inner in layers_within(model)):
            raise ValueError(f"{model.name} does not have the layer {layer.name}, another model's")
        return layer
    if layer is not None and not isinstance(layer, str):
        raise ValueError(f"layer={layer!r} must be a layer of {model.name} or its name")
    layers = dict(all_layers(model))
    if layer is None:  # a reader's own net may bear a zoo model's name: does it have the layer?
        paths = [f"{prefix}{card.cam_layer}" for prefix, card, _ in _cards(model)]
        layer = next((path for path in paths if path in layers), None)
    if layer is None:
        layer = _last_with_maps(model, smallest)
    paths = [path for path in layers if path == layer] or [
        path for path in layers if path.endswith(f"/{layer}")
    ]
    if not paths:
        near = difflib.get_close_matches(layer, layers, n=3)
        nearest = f"nearest: {', '.join(near)}; " if near else ""
        raise ValueError(
            f"{model.name} has no layer {layer!r}; {nearest}"
            f"those with maps: {layers_with_maps(model)}"
        )
    if len(paths) > 1:
        raise ValueError(f"{model.name} has several layers {layer!r}: {listed(paths)}")
    return layers[paths[0]]


def card_of(model, layer):
    """The card of the zoo model that a layer is in, the model itself or one nested in it; None."""
    found = [card for _, card, part in _cards(model) if layer in layers_within(part)]
    return found[-1] if found else None


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


def layers_with_maps(model, smallest=1) -> str:
    """For a message: the names of the last of `with_maps`."""
    layers = dict(all_layers(model))
    if not any(map(static_shape, layers.values())):  # a subclassed model
        return f"only a run can tell, of {listed([*layers])}"
    return listed(with_maps(model, smallest)) or "none"


def listed(paths, count=5) -> str:
    """For a message: the last `count` names, and how many there are."""
    rest = f" (the last {count} of {len(paths)})" if len(paths) > count else ""
    return ", ".join(paths[-count:]) + rest


def static_shape(layer) -> tuple:
    """The output shape of a layer in functional graphs; () where it has none or several."""
    outputs = [output for node in graph.uses(layer) for output in node.output_tensors]
    shapes = {tuple(output.shape) for output in outputs}
    one_each = len(outputs) == len(graph.uses(layer))
    return shapes.pop() if len(shapes) == 1 and one_each else ()


def _last_with_maps(model, smallest) -> str:
    """The default: the path of the last layer with maps, unless its maps become tokens."""
    found = with_maps(model, smallest) or with_maps(model)
    parts = _parts(model)
    paths = [path for path, _ in parts]
    after = parts[paths.index(found[-1]) + 1 :] if found else parts
    tokens = [path for path, part in after if len(static_shape(part)) == 3]
    leaves = [part for _, part in after if not isinstance(part, keras.Model)]
    attends = any(isinstance(inner, ATTENTION) for leaf in leaves for inner in layers_within(leaf))
    if tokens or attends:
        known = f"; its layers that give (n, tokens, d): {listed(tokens)}" if tokens else ""
        raise ValueError(
            f"{model.name} works on tokens, and nothing tells which of its layers to explain and "
            f"where in the image the tokens lie: name layer=, grid=(rows, columns), which is "
            f"(height / patch, width / patch), and prefix_tokens=1 where a class token comes "
            f"first (then the layer is the one before the last attention){known}"
        )
    if not found:
        raise ValueError(
            f"{model.name} has no layer of which it is known that it gives maps; name one with "
            f"layer=: {layers_with_maps(model, smallest)}"
        )
    return found[-1]


def _parts(model, prefix=""):
    """(path, layer or nested model) in order, a model after what is in it."""
    parts = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            parts += _parts(layer, f"{prefix}{layer.name}/")
        parts.append((prefix + layer.name, layer))
    return parts


def _cards(model, prefix=""):
    """(prefix of its paths, card, model) of a zoo model, and of those nested in a model."""
    if model.name in registry.list_models():
        yield prefix, registry.card(model.name), model
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _cards(layer, f"{prefix}{layer.name}/")
