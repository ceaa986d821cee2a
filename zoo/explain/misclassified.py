"""The mistakes worth looking at."""

from dataclasses import dataclass

import keras
import numpy as np
from scipy.special import softmax

from zoo.explain.outputs import check_logits


@dataclass(frozen=True)
class Mistakes:
    """Misclassified images, the surest mistake first; each array has one entry an image."""

    indices: np.ndarray  # into the images that were asked about
    true: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray  # probability of the predicted class

    def __len__(self) -> int:
        return len(self.indices)

    def captions(self, class_names) -> list[tuple[str, str]]:
        """(true name, "said predicted name, 97 %") of each."""
        rows = zip(self.true, self.predicted, self.confidence, strict=True)
        return [(class_names[t], f"said {class_names[p]}, {c:.0%}") for t, p, c in rows]


def probabilities(model: keras.Model, x) -> np.ndarray:
    """What a classifier that gives logits holds of each image, (n, classes).

    Raises:
        ValueError: several outputs, or not a logit for each of two classes or more.
    """
    outputs = model.predict(x, batch_size=512, verbose=0)
    check_logits(model, outputs, least=2)
    (logits,) = keras.tree.flatten(outputs)
    return softmax(logits.astype("float32"), axis=-1)


def misclassified(model: keras.Model, x, y: np.ndarray, k: int = 10) -> Mistakes:
    """The `k` mistakes of a classifier that it is most confident of; fewer if it makes fewer.

    Args:
        model: gives logits (n, classes).
        x: images as the model takes them, (n, height, width, channels), or a dict or list of its
            inputs.
        y: integer labels (n,).

    Raises:
        ValueError: a model that is no classifier, labels other than one an image or outside its
            classes, a negative k.
    """
    if k < 0:
        raise ValueError(f"k={k}: how many mistakes to give cannot be negative")
    y, count = np.asarray(y), len(keras.tree.flatten(x)[0])
    if y.shape != (count,):
        raise ValueError(f"{count} images need labels of shape ({count},), not {y.shape}")
    said = probabilities(model, x)
    classes = said.shape[-1]
    if len(y) and not 0 <= y.min() <= y.max() < classes:
        raise ValueError(f"labels run from {y.min()} to {y.max()}, the model has {classes} classes")
    predicted = said.argmax(axis=-1)
    confidence = said.max(axis=-1)
    wrong = np.flatnonzero(predicted != y)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:k]
    return Mistakes(worst, y[worst], predicted[worst], confidence[worst])
