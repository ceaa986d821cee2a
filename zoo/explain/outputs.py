"""What a model's outputs are, and which class of them is meant."""

import keras
import numpy as np
from keras import ops


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
