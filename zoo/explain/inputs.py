"""What a model is given: which of its inputs is the image, and the rows batch by batch."""

import re
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo import backend, checks
from zoo.backend.operations import layers_within


@dataclass(frozen=True)
class Inputs:
    """What a model is given, one tensor of it the image (n, H, W, channels)."""

    tensors: object  # a tensor, or a list or dict of them
    index: int  # of the image among the tensors, flattened
    dtype: str | None  # to which the model casts the image; None: it leaves it as it is

    @classmethod
    def checked(cls, model, images, image=None) -> "Inputs":
        """Find the image: the input with key or index `image`; None: the first with four axes.

        Raises:
            ValueError: if the model is none or has no weights yet; if there is no such input, none
                that is a batch of images, or no image in it; if the inputs differ in their number
                of rows, hold values that are not finite, or do not fit the model; if the model
                puts channels first.
        """
        require_weights(model)
        tensors = keras.tree.map_structure(tensor_of, images)
        leaves = keras.tree.flatten_with_path(tensors)
        names = [path[-1] if path else 0 for path, _ in leaves]
        shapes = [tuple(x.shape) for _, x in leaves]
        four_axes = [index for index, shape in enumerate(shapes) if len(shape) == 4]
        if not four_axes:
            raise ValueError(
                f"no input is a batch of images (n, H, W, channels), one array: the shapes are "
                f"{_listed(shapes)}; several images are stacked by np.stack, one is image[None]"
            )
        index = four_axes[0]
        if image is not None:
            known = [names[index] for index in four_axes]
            if image not in known:
                raise ValueError(f"no image input {image!r}; those that are images: {known}")
            index = four_axes[known.index(image)]
        require_rows(tensors)
        require_finite(tensors)
        require_channels_last(model)
        expected = require_fit(model, tensors)
        dtype = keras.backend.standardize_dtype(expected[index].dtype) if expected else None
        return cls(tensors, index, dtype)

    @property
    def image(self):
        return keras.tree.flatten(self.tensors)[self.index]

    @property
    def takes_integers(self) -> bool:
        """Whether the model casts the image to an integer type, and so has no gradient there."""
        return self.dtype is not None and not keras.backend.is_float_dtype(self.dtype)

    def with_image(self, image):
        """The tensors, with `image` for theirs."""
        leaves = keras.tree.flatten(self.tensors)
        leaves[self.index] = image
        return keras.tree.pack_sequence_as(self.tensors, leaves)

    def replaced(self, image) -> "Inputs":
        """The same with another image."""
        return Inputs(self.with_image(image), self.index, self.dtype)

    def rows(self, batch: slice) -> "Inputs":
        tensors = keras.tree.map_structure(lambda x: x[batch], self.tensors)
        return Inputs(tensors, self.index, self.dtype)

    def repeated(self, row: int, times: int) -> "Inputs":
        """One row, `times` times."""

        def repeat(x):
            return ops.repeat(x[row : row + 1], times, axis=0)

        return Inputs(keras.tree.map_structure(repeat, self.tensors), self.index, self.dtype)


def array_of(value):
    """An array or tensor of numbers as it is, or as a numpy array; ValueError if it is none."""
    if ops.is_tensor(value):
        return value
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):  # rows of different lengths, a tensor on another device
        array = None
    if array is None or array.dtype.kind in "OSUMmc":
        what = "None" if value is None else f"a {type(value).__name__}"
        raise ValueError(
            f"an input must be an array of numbers, such as images (n, H, W, channels), not {what}"
        )
    return array


def tensor_of(value):
    """The same as a tensor, float32 where it was numpy's float64."""
    array = array_of(value)
    if not ops.is_tensor(array) and array.dtype == "float64":
        array = array.astype("float32")
    return ops.convert_to_tensor(array)


def in_batches(count: int, batch_size: int) -> list[slice]:
    """The rows of each batch, the last of which may be smaller; ValueError for a size below 1."""
    checks.whole_number("batch_size", batch_size, least=1)
    return [slice(start, start + batch_size) for start in range(0, count, batch_size)]


def run(model, tensors):
    """What the model gives for the tensors; ValueError, in our words, where it fails on them."""
    try:
        return model(tensors, training=False)
    except Exception as error:  # of the backend, of Keras or of the model's own code
        shapes = [tuple(x.shape) for x in keras.tree.flatten(tensors)]
        reason = " ".join(re.sub(r"\x1b\[\d*m", "", str(error)).split())[:300]  # not in colour
        raise ValueError(
            f"{model.name} cannot be run on inputs of shape {_listed(shapes)}: {reason}"
        ) from error


def require_weights(model) -> None:
    """Raise ValueError unless `model` is a Keras model that has its weights and can be run here."""
    checks.model(model)
    if not model.built:  # Keras would give it random weights, and explain those
        raise ValueError(f"{model.name} has no weights yet; call it on the images first")
    backend.require_kernels(model)


def require_rows(tensors) -> int:
    """The number of rows of all inputs; ValueError if they differ in it, or there is none."""
    shapes = [tuple(x.shape) for x in keras.tree.flatten(tensors)]
    rows = {shape[0] if shape else 1 for shape in shapes}
    if len(rows) > 1:
        raise ValueError(f"the inputs differ in their number of rows: {_listed(shapes)}")
    if rows == {0}:
        raise ValueError(f"there is not one image to explain: {_listed(shapes)}")
    return rows.pop()


def require_finite(tensors) -> None:
    """Raise ValueError, with the first row, if an input has values that are not finite.

    A model cannot tell: tensorflow's ReLU may turn NaN into 0.
    """
    leaves = keras.tree.flatten_with_path(tensors)
    for path, x in leaves:
        if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype)):
            continue
        x = ops.convert_to_numpy(x)
        with np.errstate(invalid="ignore"):  # the sum shows them, and takes no memory
            sums = x.sum(axis=tuple(range(1, x.ndim)), dtype="float64")
        wrong = np.flatnonzero(~np.isfinite(sums))
        if len(wrong):
            name = path[-1] if len(leaves) > 1 else "images"
            raise ValueError(
                f"{name} hold NaN or infinite values in {len(wrong)} of {len(x)} rows, the first "
                f"of them row {wrong[0]}; see what loads or normalises them"
            )


def require_channels_last(model) -> None:
    """Raise ValueError for a model that computes on (n, channels, H, W)."""
    for layer in layers_within(model):
        spec = getattr(layer, "input_spec", None)
        axes = {getattr(spec, "ndim", None), getattr(spec, "min_ndim", None)}
        if getattr(layer, "data_format", None) == "channels_first" and 4 in axes:
            raise ValueError(
                f"the layer {layer.name} of {model.name} takes channels first, (n, channels, H, "
                f"W); explanations are of (n, H, W, channels): build the model with "
                f'data_format="channels_last" (the same weights fit)'
            )


def require_fit(model, tensors) -> list:
    """The symbolic inputs of a functional model, in the order of the tensors; of others [].

    Raises:
        ValueError: if an input is missing, or has another shape than the model takes.
    """
    expected = getattr(model, "inputs", None)
    if not expected:
        return []
    given = keras.tree.flatten(tensors)
    if isinstance(tensors, dict):
        by_key = model.input if isinstance(model.input, dict) else {x.name: x for x in expected}
        missing = [key for key in by_key if key not in tensors]
        if missing:
            raise ValueError(
                f"{model.name} takes the inputs {list(by_key)}; there is no {missing[0]!r} in "
                f"{list(tensors)}"
            )
        extra = [key for key in tensors if key not in by_key]
        if extra:
            raise ValueError(f"{model.name} takes the inputs {list(by_key)}, not {extra[0]!r}")
        expected = keras.tree.flatten({key: by_key[key] for key in tensors})
    if len(given) != len(expected):
        raise ValueError(
            f"{model.name} takes {len(expected)} inputs, "
            f"{_listed([tuple(x.shape) for x in expected])}, not {len(given)}"
        )
    for x, symbol in zip(given, expected, strict=True):
        shape, takes = tuple(x.shape[1:]), tuple(symbol.shape[1:])
        if not _fits(shape, takes):
            first = len(shape) == 3 and _fits((*shape[1:], shape[0]), takes)
            hint = "; channels go last: np.moveaxis(images, 1, -1)" if first else ""
            raise ValueError(
                f"{model.name} takes images or other inputs of shape (n, "
                f"{', '.join(map(str, takes))}), not {tuple(x.shape)}{hint}"
            )
    return expected


def _fits(shape, takes) -> bool:
    """Whether Keras takes a row of this shape; it adds or drops a last axis of 1."""
    if len(shape) != len(takes):
        shape, takes = [axes[:-1] if axes[-1:] == (1,) else axes for axes in (shape, takes)]
    sides = zip(shape, takes, strict=False)
    return len(shape) == len(takes) and all(n is None or n == side for side, n in sides)


def _listed(shapes) -> str:
    """Shapes for a message, the first five of them."""
    more = f" and {len(shapes) - 5} more" if len(shapes) > 5 else ""
    return f"{shapes[0] if len(shapes) == 1 else shapes[:5]}{more}"
