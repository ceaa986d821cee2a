"""What a model's outputs are; whatever explains or attacks a model asks here.

    last activation    columns      classes                       probability of class c
    none, softmax      2 or more    exclude each other            softmax of the logits
    sigmoid            2 or more    independent (multi-label)     sigmoid of its logit
    none, sigmoid      1            0 and 1, of logits -z and z   sigmoid of its logit

A Dense without activation at the end gives logits. A softmax or sigmoid is found by its result:
the model is run on one row, and the layer that gives what the model gives is the last. Where logits
are wanted that activation is left out. To invert it would not do: in float32 the probabilities of a
confident model are exactly 0 and 1, and the logarithm of a softmax differs from the logit by a term
that has a gradient of its own.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from scipy.special import expit, softmax

from zoo import checks
from zoo.backend.operations import last_operation, operations_within
from zoo.explain.inputs import run
from zoo.inspect.hooks import recorded, without_activation

OUTPUTS = ("logits", "probabilities", "multi-label logits", "multi-label probabilities")
LOGITS = ("logits", "multi-label logits")
ACTIVATIONS = {  # what a model that ends in it gives, by the names of OUTPUTS
    "softmax": ("probabilities",),
    "log_softmax": ("logits",),  # logits whose softmax needs no division
    "sigmoid": ("multi-label probabilities",),
}
OPERATIONS = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}


@dataclass(frozen=True)
class Head:
    """How to read the one (n, columns) of a model as (n, classes); one column is two classes."""

    model: keras.Model
    classes: int
    exclusive: bool  # one class per image, by softmax; else each class for itself, by sigmoid
    gives_probabilities: bool
    last: tuple = ()  # the operations with the activation that makes them, or log-probabilities

    @classmethod
    def find(cls, model, tensors, outputs=None) -> "Head":
        """The head of a model that takes `tensors`.

        Args:
            outputs: one of `OUTPUTS`; None: what the last activation tells, else logits.

        Raises:
            ValueError: if the model does not give one (n, columns) of finite numbers, or
                `outputs` is unknown or contradicts the last activation.
        """
        if outputs is not None:
            checks.one_of("outputs", outputs, OUTPUTS)
        multi_label = (outputs or "").startswith("multi-label")
        end = last_operation(model)
        if isinstance(end, keras.layers.Dense) and end.activation is keras.activations.linear:
            check_logits(model, model.outputs)
            _require_agreement(model, outputs, "Dense without activation", end, LOGITS)
            columns = model.outputs[0].shape[1]
            return cls(model, max(2, columns), columns > 1 and not multi_label, False)
        row = keras.tree.map_structure(lambda x: x[:1], tensors)
        with recorded([op for op in operations_within(model) if _activation(op)]) as results:
            given = run(model, row)
        check_logits(model, given)
        given = _numpy(keras.tree.flatten(given)[0])
        require_finite_outputs(model, given)
        last = tuple({id(op): op for op, result in results if _equal(result, given)}.values())
        single = given.shape[1] == 1
        classes = 2 if single else given.shape[1]
        if not last:
            squashed = (outputs or "").endswith("probabilities")
            if outputs is None and not single:  # a softmax in the model's own code
                squashed = (given >= 0).all() and abs(given.sum() - 1) < 1e-3
            return cls(model, classes, not single and not multi_label, bool(squashed))
        name = _activation(last[0])
        known = ACTIVATIONS[name] + (("probabilities",) if single else ())
        _require_agreement(model, outputs, name, last[0], known)
        if single and name != "sigmoid":
            raise ValueError(f"{model.name} ends in a {name} of one class, which is constant")
        head = cls(model, classes, name != "sigmoid", name != "log_softmax", last)
        read = head.probabilities_of(given)
        if not np.allclose(_numpy(head.probabilities(head.scores(row))), read, atol=0.01):
            raise ValueError(
                f"the logits of {model.name} cannot be reached: its last layer {last[0].name} is "
                f"used elsewhere too; explain a model that ends in the logits"
            )
        return head

    def logits(self, tensors):
        """Logits (n, classes), to be differentiated; of one column z they are -z and z.

        Raises:
            ValueError: if the model gives probabilities, and no layer of it makes them.
        """
        if self.gives_probabilities and not self.last:
            raise ValueError(
                f"{self.model.name} gives probabilities, but none of its layers is the softmax or "
                f"sigmoid that makes them, so its logits cannot be reached: let it end in "
                f"keras.layers.Softmax(), activation='softmax' or 'sigmoid', or in the logits"
            )
        return self.scores(tensors)

    def scores(self, tensors):
        """As `logits`; those that cannot be reached are taken from the probabilities.

        Of a softmax they are right but for a number that is the same for all classes of an image:
        good enough for probabilities and losses, not for the gradient of one logit.
        """
        with without_activation(self.last):
            outputs = self.model(tensors, training=False)
        check_logits(self.model, outputs)
        scores = ops.cast(keras.tree.flatten(outputs)[0], "float32")
        if self.gives_probabilities and not self.last:
            p = ops.clip(scores, 1e-37, 1)
            scores = ops.log(p)
            if not self.exclusive:
                scores = scores - ops.log(ops.maximum(1 - p, 1e-7))
        return ops.concatenate([-scores, scores], axis=1) if scores.shape[1] == 1 else scores

    def probabilities(self, scores):
        """The probability of each class, (n, classes), of what `logits` or `scores` gave."""
        return ops.softmax(scores) if self.exclusive else ops.sigmoid(scores)

    def log_probabilities(self, scores):
        """Their logarithms, which have a gradient where the probability is next to 0."""
        return ops.log_softmax(scores) if self.exclusive else ops.log_sigmoid(scores)

    def probabilities_of(self, outputs: np.ndarray) -> np.ndarray:
        """The probability of each class, (n, classes) float64, of what the model itself gave."""
        p = outputs.astype("float64")
        if not self.gives_probabilities:
            p = softmax(p, axis=-1) if self.exclusive else expit(p)
        return np.concatenate([1 - p, p], axis=1) if p.shape[1] == 1 else p

    def taken_for(self, scores: np.ndarray, classes) -> np.ndarray:
        """Whether each image is taken for its class: the most probable, or one of more than 1/2."""
        if self.exclusive:
            return scores.argmax(axis=-1) == classes
        return np.take_along_axis(scores, np.asarray(classes)[:, None], axis=1)[:, 0] > 0


def check_logits(model, outputs) -> None:
    """Raise ValueError unless a model's outputs are one (n, columns)."""
    shapes = [tuple(output.shape) for output in keras.tree.flatten(outputs)]
    if len(shapes) > 1:
        key = next(iter(outputs)) if isinstance(outputs, dict) else 0
        raise ValueError(
            f"{model.name} gives {len(shapes)} outputs, {shapes}; explain one of them: "
            f"keras.Model(model.input, model.output[{key!r}])"
        )
    if len(shapes[0]) != 2:
        raise ValueError(f"{model.name} gives {shapes[0]}, not (n, classes) of logits")


def require_finite_outputs(model, outputs: np.ndarray) -> None:
    """Raise ValueError if what a model gave is not finite."""
    finite = np.isfinite(outputs).all(axis=-1)
    if not finite.all():
        raise ValueError(
            f"{model.name} gives NaN or infinite outputs for {np.sum(~finite)} of {len(finite)} "
            f"images, the first of them image {np.argmin(finite)}; see its weights, and the range "
            f"of the images"
        )


def one_hot(classes, logits):
    """(n, classes) with a 1 at each image's class: one index per image, one for all, or None for
    the predicted ones.

    Raises:
        ValueError: if they are no integers, another number of them, or classes that the model
            does not have.
    """
    count, known = logits.shape
    if classes is None:
        return ops.one_hot(ops.argmax(logits, axis=-1), known)
    classes = indices(classes, count, known)
    return ops.one_hot(ops.convert_to_tensor(classes), known)


def indices(classes, count, known=None, name="classes") -> np.ndarray:
    """`count` integers of an index for each or one for all; ValueError if not, or not below
    `known`.
    """
    classes = as_array(classes)
    if classes.ndim == 2 and len(classes) == count and classes.dtype.kind in "iufb":
        raise ValueError(
            f"{name} of shape {classes.shape} look one-hot; give indices of shape ({count},): "
            f"{name}.argmax(axis=-1)"
        )
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (count,)):
        shown = classes if classes.size <= 10 else f"{classes.dtype} of shape {classes.shape}"
        raise ValueError(f"{name}={shown} must be one index, or {count} of them")
    if known is not None and not 0 <= classes.min() <= classes.max() < known:
        outside = classes[(classes < 0) | (classes >= known)].tolist()[:5]
        raise ValueError(f"{name} {outside} reach outside the model's 0 to {known - 1}")
    return np.broadcast_to(classes, (count,)).astype("int32")


def as_array(classes) -> np.ndarray:
    """Classes as an array, of whatever type; `indices` tells whether they are any."""
    try:
        return ops.convert_to_numpy(classes) if ops.is_tensor(classes) else np.asarray(classes)
    except ValueError:  # rows of different lengths
        return np.asarray(classes, dtype=object)


def _activation(operation) -> str | None:
    """The name of the activation that a layer or operation ends in, if it makes probabilities."""
    function = getattr(operation, "activation", None)
    if isinstance(operation, keras.layers.Lambda):
        function = operation.function
    name = getattr(function, "__name__", None) or OPERATIONS.get(type(operation).__name__)
    return name if name in ACTIVATIONS else None


def _require_agreement(model, outputs, end, operation, known) -> None:
    """Raise ValueError if the argument `outputs` names none of what the end of the model gives."""
    if outputs is not None and outputs not in known:
        raise ValueError(
            f"{model.name} ends in a {end} (layer {operation.name}): it gives {known[0]}, which "
            f"outputs={outputs!r} contradicts"
        )


def _equal(result, given) -> bool:
    """Whether what an operation gave is what the model gives, in whatever shape."""
    if keras.tree.is_nested(result) or np.prod(result.shape) != given.size:
        return False
    return np.allclose(_numpy(result).ravel(), given.ravel(), rtol=1e-5, atol=1e-6)


def _numpy(tensor) -> np.ndarray:
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))
