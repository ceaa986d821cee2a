"""The mistakes worth looking at."""

from dataclasses import dataclass

import keras
import numpy as np

from zoo import checks
from zoo.explain.inputs import array_of, require_finite, require_fit, require_rows, require_weights
from zoo.explain.outputs import Head, check_logits, require_finite_outputs


@dataclass(frozen=True)
class Mistakes:
    """Misclassified images, the most confident mistake first; one entry per image in each array."""

    indices: np.ndarray  # into the images that were asked about
    true: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray  # probability of the predicted class

    def __len__(self) -> int:
        return len(self.indices)

    def captions(self, class_names) -> list[tuple[str, str]]:
        """(true name, "predicted name, 97 %") of each."""
        known = max([-1, *self.true, *self.predicted]) + 1
        if len(class_names) < known:
            raise ValueError(f"{len(class_names)} class names, but classes up to {known - 1}")
        rows = zip(self.true, self.predicted, self.confidence, strict=True)
        return [
            (class_names[true], f"predicted {class_names[predicted]}, {100 * confidence:.0f} %")
            for true, predicted, confidence in rows
        ]


def probabilities(model: keras.Model, x, *, outputs=None) -> np.ndarray:
    """The probability of each class for each image, (n, classes) float64.

    A net of one output has two classes. Probabilities of classes that do not exclude each other,
    by sigmoid, need not add up to 1.

    Args:
        model: a classifier that gives one (n, classes), logits or probabilities.
        x: images as the model takes them, or a dict or list of its inputs.
        outputs: what the model gives, if its last layer does not tell, as for `grad_cam`.

    Raises:
        ValueError: if the model gives several outputs, or none of shape (n, classes); if they are
            not finite; if `x` does not fit the model.
    """
    return _outputs_and_probabilities(model, x, outputs)[1]


def misclassified(model: keras.Model, x, y: np.ndarray, k: int = 10, *, outputs=None) -> Mistakes:
    """The `k` mistakes of a classifier that it is most confident of; fewer if it makes fewer.

    The predicted class is the most probable one, also where classes do not exclude each other.

    Args:
        model: gives one (n, classes), logits or probabilities; a net of one output has two
            classes.
        x: images as the model takes them, (n, height, width, channels), or a dict or list of its
            inputs.
        y: integer labels (n,).
        outputs: what the model gives, if its last layer does not tell, as for `grad_cam`.

    Raises:
        ValueError: if the model is no classifier or `x` does not fit it; if the labels are not one
            integer per image, or outside its classes; if `k` is negative.
    """
    checks.whole_number("k", k, least=0)
    given, found = _outputs_and_probabilities(model, x, outputs)
    y = checks.class_labels("y", y, len(found), found.shape[-1])
    # Of raw outputs: probabilities next to 1 may be equal where the logits are not.
    predicted = found.argmax(axis=-1) if given.shape[1] == 1 else given.argmax(axis=-1)
    confidence = found[np.arange(len(found)), predicted]
    wrong = np.flatnonzero(predicted != y)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:k]
    return Mistakes(worst, y[worst], predicted[worst], confidence[worst])


def _outputs_and_probabilities(model, x, outputs) -> tuple[np.ndarray, np.ndarray]:
    """What the model gives, (n, columns), and the probabilities, (n, classes)."""
    require_weights(model)
    x = keras.tree.map_structure(array_of, x)
    require_rows(x)
    require_fit(model, x)
    require_finite(x)
    head = Head.find(model, x, outputs)
    given = model.predict(x, batch_size=512, verbose=0)
    check_logits(model, given)
    (given,) = keras.tree.flatten(given)
    require_finite_outputs(model, given)
    return given, head.probabilities_of(given)
