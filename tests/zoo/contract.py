"""What a model of each task must give, so that a registered model is tested by its card alone."""

import keras
import numpy as np


def examples(model, count: int, rng):
    """Random inputs of a model, one array each; token ids, masks and positions are 0 or 1.

    The first token of a sequence is never padding.
    """
    if isinstance(model.input, dict):  # whose order in a tree differs from backend to backend
        return {name: _random(model.input[name], count, rng) for name in sorted(model.input)}
    return keras.tree.map_structure(lambda tensor: _random(tensor, count, rng), model.input)


def _random(tensor, count, rng):
    shape = (count, *(8 if side is None else side for side in tensor.shape[1:]))
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if dtype.startswith(("int", "uint", "bool")):
        numbers = rng.integers(0, 2, shape).astype(dtype)
        if tensor.name == "padding_mask":
            numbers[:, 0] = 1
        return numbers
    return rng.normal(size=shape).astype("float32")


def require(task: str, outputs, inputs, classes: int | None = None) -> None:
    """Fail unless a model's outputs are finite and have the shapes that its task promises."""
    arrays = keras.tree.flatten(outputs)
    assert all(np.isfinite(array).all() for array in arrays)
    SHAPES[task]([array.shape for array in arrays], keras.tree.flatten(inputs)[0].shape, classes)


def random_targets(task: str, outputs, rng):
    """What a loss such as "mse" compares the outputs of a model of this task with."""
    if task == "image-text":  # its loss gets the similarities of all pairs
        return rng.normal(size=2 * (len(outputs["image"]),))
    return keras.tree.map_structure(lambda output: rng.normal(size=output.shape), outputs)


def _classification(shapes, input_shape, classes):
    assert shapes == [(input_shape[0], classes)]


def _digit_sum(shapes, input_shape, classes):
    digit, total = shapes
    assert digit == (input_shape[0], 10) and total in ((input_shape[0], 19), (input_shape[0], 5))


def _detection(shapes, input_shape, classes):
    (shape,) = shapes  # a row of numbers per anchor box
    assert len(shape) == 3 and shape[0] == input_shape[0] and shape[2] == 5 + classes


def _language_modelling(shapes, input_shape, classes):
    (shape,) = shapes
    assert len(shape) == 3 and shape[:2] == input_shape


def _masked_language_modelling(shapes, input_shape, classes):
    is_next, words = sorted(shapes, key=len)
    assert is_next == (input_shape[0], 2) and len(words) == 3 and words[0] == input_shape[0]


def _translation(shapes, input_shape, classes):
    (shape,) = shapes
    assert len(shape) == 3 and shape[:2] == input_shape


def _image_text(shapes, input_shape, classes):
    scale, *embeddings = sorted(shapes, key=np.prod)
    assert scale == (input_shape[0], 1)
    assert len(embeddings) == 2 and embeddings[0] == embeddings[1]
    assert len(embeddings[0]) == 2 and embeddings[0][0] == input_shape[0]


SHAPES = {
    "classification": _classification,
    "digit sum": _digit_sum,
    "detection": _detection,
    "language modelling": _language_modelling,
    "masked language modelling": _masked_language_modelling,
    "translation": _translation,
    "image-text": _image_text,
}
