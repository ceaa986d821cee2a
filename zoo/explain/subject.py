"""What every explanation asks first: which input is the image, which class, which layer."""

import contextlib
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo import registry


@dataclass(frozen=True)
class Inputs:
    """What a model is given, one tensor of it the image (n, H, W, channels)."""

    tensors: object  # a tensor, or a list or dict of them
    place: int  # of the image among the tensors, flattened

    @classmethod
    def of(cls, images, image=None) -> "Inputs":
        """Find the image: the input with key or index `image`; None: the first with four axes.

        Raises:
            ValueError: no such input, none that is a batch of images, not one row, or inputs that
                differ in their number of rows.
        """
        tensors = keras.tree.map_structure(ops.convert_to_tensor, images)
        found = keras.tree.flatten_with_path(tensors)
        names = [path[-1] if path else 0 for path, _ in found]
        shapes = [tuple(x.shape) for _, x in found]
        pictures = [place for place, shape in enumerate(shapes) if len(shape) == 4]
        if not pictures:
            raise ValueError(f"no input is a batch of images (n, H, W, channels): {shapes}")
        if image is not None:
            known = [names[place] for place in pictures]
            if image not in known:
                raise ValueError(f"no image input {image!r}; those that are images: {known}")
            pictures = [pictures[known.index(image)]]
        rows = {shape[0] if shape else 1 for shape in shapes}
        if len(rows) > 1:
            raise ValueError(f"the inputs differ in their number of rows: {shapes}")
        if rows == {0}:
            raise ValueError(f"there is not one image to explain: {shapes}")
        return cls(tensors, pictures[0])

    @property
    def image(self):
        return keras.tree.flatten(self.tensors)[self.place]

    def with_image(self, image):
        """The tensors, `image` in the place of theirs."""
        flat = keras.tree.flatten(self.tensors)
        flat[self.place] = image
        return keras.tree.pack_sequence_as(self.tensors, flat)

    def rows(self, which: slice) -> "Inputs":
        return Inputs(keras.tree.map_structure(lambda x: x[which], self.tensors), self.place)

    def repeated(self, row: int, times: int) -> "Inputs":
        """One row, `times` times."""

        def repeat(x):
            return ops.repeat(x[row : row + 1], times, axis=0)

        return Inputs(keras.tree.map_structure(repeat, self.tensors), self.place)


def in_batches(count: int, batch_size: int) -> list[slice]:
    """The rows of each batch, the last maybe smaller; ValueError for a size below 1."""
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} must be 1 or more")
    return [slice(start, start + batch_size) for start in range(0, count, batch_size)]


def logits_of(model, tensors):
    """The (n, classes) that a model gives.

    Raises:
        ValueError: it gives something else, or several outputs.
    """
    outputs = model(tensors, training=False)
    check_logits(model, outputs)
    (logits,) = keras.tree.flatten(outputs)
    return logits


def check_logits(model, outputs, least=1) -> None:
    """Raise ValueError unless a model's outputs are one (n, classes), of `least` classes."""
    shapes = [tuple(output.shape) for output in keras.tree.flatten(outputs)]
    if len(shapes) > 1:
        key = next(iter(outputs)) if isinstance(outputs, dict) else 0
        raise ValueError(
            f"{model.name} gives {len(shapes)} outputs, {shapes}; explain one of them: "
            f"keras.Model(model.input, model.output[{key!r}])"
        )
    if len(shapes[0]) != 2 or (shapes[0][1] is not None and shapes[0][1] < least):
        want = f", {least} or more" if least > 1 else ""
        raise ValueError(f"{model.name} gives {shapes[0]}, not (n, classes) of logits{want}")


def one_hot(classes, logits):
    """(n, classes) with a 1 at each image's class: an index an image, one for all, or None for
    the predicted ones.

    Raises:
        ValueError: no integer or another number of them, or a class that the model does not have.
    """
    count, known = logits.shape
    if classes is None:
        return ops.one_hot(ops.argmax(logits, axis=-1), known)
    classes = indices(classes, count, known)
    return ops.one_hot(ops.convert_to_tensor(classes), known)


def indices(classes, count, known=None, name="classes") -> np.ndarray:
    """`count` integers, an index each or one for all; ValueError if not, or not below `known`."""
    classes = np.asarray(classes)
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (count,)):
        raise ValueError(f"{name}={classes} must be one index, or {count} of them")
    if known is not None and not 0 <= classes.min() <= classes.max() < known:
        raise ValueError(f"{name} {classes.tolist()} reach outside the model's 0 to {known - 1}")
    return np.broadcast_to(classes, (count,)).astype("int32")


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
            f"Layers that do: {_large_enough(model, smallest)}"
        )


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
            known = _large_enough(model, smallest)
            raise ValueError(
                f"{model.name} has no layer of which it is known that it gives maps; name one "
                f"with layer=: {known}"
            )
        layer = found[-1]
    paths = [path for path in layers if path == layer] or [
        path for path in layers if path.endswith(f"/{layer}")
    ]
    if not paths:
        near = _large_enough(model, smallest)
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


def _large_enough(model, smallest) -> str:
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
    outputs = [output for node in layer._inbound_nodes for output in node.output_tensors]
    shapes = {tuple(output.shape) for output in outputs}
    one_each = len(outputs) == len(layer._inbound_nodes)
    return shapes.pop() if len(shapes) == 1 and one_each else ()


def scaled(maps) -> np.ndarray:
    """Maps (n, h, w), none negative, each divided by its maximum; one that is 0 stays 0."""
    peaks = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, peaks, out=np.zeros_like(maps), where=peaks > 0)
