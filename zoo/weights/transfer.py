"""A trained body for other classes, and the features before a classifier's head."""

from collections.abc import Callable, Iterator
from pathlib import Path

import keras

from zoo.backend import graph
from zoo.weights.files import Misfit, load_into


def load_body(
    model: keras.Model, path: Path, build: Callable[[int], keras.Model], num_classes: int | None
) -> list[str]:
    """Load weights; of those of another number of classes all but the head.

    Args:
        model: as it was built for the classes that are wanted.
        build: builds it with another number of classes.
        num_classes: that of the weights; None: the one that makes them fit, if there is any.

    Returns:
        The names of the layers that stay new: none where the number of classes is the same.

    Raises:
        Misfit: if the weights fit the model with no number of classes.
    """
    try:
        load_into(model, path)
        return []
    except Misfit as error:
        misfit = error
    widths = {shape[-1] for _, shape in misfit.only_there if shape}
    for classes in _class_counts(widths, build) if num_classes is None else [num_classes]:
        trained = build(classes)
        try:
            load_into(trained, path)
        except Misfit:
            continue
        return copy_body(trained, model)
    raise misfit


def _class_counts(widths: set[int], build) -> Iterator[int]:
    """How many classes weights of these widths may be of: as many, as a rule; else by how the
    widths of the model grow with its classes, such as a detector's 5 anchors x (4 + 1 + classes).
    """
    yield from sorted(widths)
    one, two = ([weight.shape[-1:] for weight in build(n).weights] for n in (1, 2))
    for (first,), (second,) in {(a, b) for a, b in zip(one, two, strict=True) if a != b}:
        growth = second - first
        for width in sorted(widths):
            if width > first and (width - first) % growth == 0:
                yield 1 + (width - first) // growth


def copy_body(trained: keras.Model, model: keras.Model) -> list[str]:
    """Copy all weights of the same shape; the names of the layers that stay as they are.

    Both are built by the same function, so that their weights stand in the same order.
    """
    fresh = {}
    for layer, source in zip(model.layers, trained.layers, strict=True):
        for variable, value in zip(layer.weights, source.weights, strict=True):
            if variable.shape == value.shape:
                variable.assign(value)
            else:
                fresh[layer.name] = True
    return list(fresh)


def features_of(model: keras.Model, build: Callable[[int], keras.Model]) -> keras.Model:
    """The same net up to its head: what the layer that depends on the number of classes is given.

    Vectors (n, d): maps that a convolution turns into classes are averaged over their positions.

    Args:
        model: a classifier; with auxiliary heads its main output counts, "logits".
        build: builds the model with another number of classes.

    Raises:
        ValueError: if no layer depends on the number of classes.
    """
    logits = model.output["logits"] if isinstance(model.output, dict) else model.outputs[0]
    classes = logits.shape[-1]
    wider = build(classes + 1)
    heads = [
        layer
        for layer, other in zip(model.layers, wider.layers, strict=True)
        if [w.shape for w in layer.weights] != [w.shape for w in other.weights]
    ]
    on_the_way = graph.nodes_before(logits)
    found = [n for n in graph.nodes(graph.graph_of(model)) if n in on_the_way]
    found = [node for node in found if node.operation in heads]
    if not found:
        raise ValueError(f"{model.name} has no head: no layer depends on the number of classes")
    features = found[0].input_tensors[0]
    if len(features.shape) == 4:
        features = keras.layers.GlobalAveragePooling2D(name="features")(features)
    return keras.Model(model.input, features, name=model.name)
