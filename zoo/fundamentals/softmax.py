"""Softmax, its logarithm, and the loss of a classifier: cross-entropy in numpy.

    p = e^x / sum e^x        log p = x - log sum e^x        loss = -log p of the true class

Why the logarithm? The probability of a whole batch is a product of many numbers below 1, which soon
becomes smaller than a float can hold; its logarithm is a sum. And the gradient through softmax and
logarithm together is simple: p - y, the predicted minus the true probability. The more confident a
net is in a wrong class, the harder it is corrected. A loss of 1 - p would have the slope -p (1 - p)
in the logit of the true class, which is close to 0 where the net is confidently wrong.

Both are computed from x - max x, which changes neither: the largest exponential is then e^0, and
none can overflow.

Source: The School of AI, EVA session 3.
"""

import numpy as np

from zoo import checks


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis, (..., classes) like the logits; each row sums to 1.

    Raises:
        ValueError: if a row has no class, NaN, +inf, or nothing but -inf.
    """
    exponentials = np.exp(_shifted(logits))
    return exponentials / exponentials.sum(-1, keepdims=True)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Their logarithms, (..., classes); exact also where the probability itself rounds to 0.

    Raises:
        ValueError: as in `softmax`.
    """
    shifted = _shifted(logits)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def negative_log_likelihood(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean of -log p of the true classes.

    Args:
        log_probabilities: (batch, classes), as `log_softmax` gives them.
        labels: (batch,) integers from 0 to classes - 1.

    Raises:
        ValueError: if the shapes do not fit together, the batch is empty, labels are not integers
            or not of a class, or the exponentials of a row do not sum to 1 (probabilities or logits
            given as logarithms).
    """
    log_probabilities = checks.array("log_probabilities", log_probabilities)
    labels = _checked_labels(log_probabilities, labels)
    with np.errstate(over="ignore"):
        sums = np.exp(log_probabilities).sum(-1)
    if not np.allclose(sums, 1, atol=1e-2):
        worst = sums[abs(sums - 1).argmax()]
        raise ValueError(
            f"the probabilities of a row of log_probabilities sum to {worst:g}, not 1; give "
            f"log_softmax(logits)"
        )
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The loss of a classifier, from logits (batch, classes) and integer labels (batch,).

    Cross-entropy is -sum y log p. With y 1 for the true class and 0 elsewhere one term is left, the
    negative log-likelihood.

    Raises:
        ValueError: as in `softmax` and `negative_log_likelihood`.
    """
    return negative_log_likelihood(log_softmax(logits), labels)


def cross_entropy_gradient(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The gradient of the loss in the logits, (batch, classes): (p - y) / batch, y one-hot.

    Raises:
        ValueError: as in `softmax` and `negative_log_likelihood`.
    """
    gradient = softmax(logits)  # p
    labels = _checked_labels(gradient, labels)
    gradient[np.arange(len(labels)), labels] -= 1
    return gradient / len(labels)


def _shifted(logits) -> np.ndarray:
    """x - max x, float: 0 for the largest, all others below."""
    logits = checks.array("logits", logits)
    if not logits.ndim or not logits.shape[-1]:
        raise ValueError(f"logits of shape {logits.shape} have no classes; give (..., classes)")
    largest = logits.max(-1, keepdims=True)
    if not np.isfinite(largest).all():
        worst = largest[~np.isfinite(largest)][0]
        raise ValueError(
            f"the largest logit of a row is {worst}, which is not a finite number; look for the "
            f"layer that computed it"
        )
    return logits - largest.astype(np.result_type(logits, np.float32))


def _checked_labels(scores, labels) -> np.ndarray:
    labels = checks.array("labels", labels)
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise ValueError(
            f"scores {scores.shape} and labels {labels.shape} do not fit together; give "
            f"(batch, classes) and (batch,) with a batch of 1 or more"
        )
    return checks.class_labels("labels", labels, len(scores), scores.shape[1])
