"""Softmax, its logarithm, and the loss of a classifier: cross-entropy in numpy.

    p = e^x / sum e^x        log p = x - log sum e^x        loss = -log p of the true class

Why the logarithm? The probability of a whole batch is a product of many numbers below 1, which soon
falls under what a float can hold; its logarithm is a sum. And through softmax and logarithm
together the gradient is as simple as can be, p - y: what was said less what is true. The surer a
net is of what is wrong, the harder it is pulled back. A loss of 1 - p would have the slope
-p (1 - p) in the logit of the true class, which is next to 0 where the net is surely wrong.

Both are computed from x - max x, which changes neither: the largest exponential is then e^0, and
none can overflow.

Source: The School of AI, EVA session 3.
"""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis, (..., classes) like the logits; each row sums to 1.

    Raises:
        ValueError: a row has no class, NaN, +inf, or nothing but -inf.
    """
    exponentials = np.exp(_shifted(logits))
    return exponentials / exponentials.sum(-1, keepdims=True)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Their logarithms, (..., classes); exact also where the probability itself rounds to 0.

    Raises:
        ValueError: as `softmax`.
    """
    shifted = _shifted(logits)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def negative_log_likelihood(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean of -log p of the true classes.

    Args:
        log_probabilities: (batch, classes), as `log_softmax` gives them.
        labels: (batch,) integers from 0 to classes - 1.

    Raises:
        ValueError: shapes that do not fit together, an empty batch, labels that are not integers
            or name no class, rows whose exponentials do not sum to 1 (probabilities or logits
            taken for logarithms).
    """
    log_probabilities, labels = np.asarray(log_probabilities), np.asarray(labels)
    _check_labels(log_probabilities, labels)
    with np.errstate(over="ignore"):
        sums = np.exp(log_probabilities).sum(-1)
    if not np.allclose(sums, 1, atol=1e-2):
        worst = sums[abs(sums - 1).argmax()]
        raise ValueError(
            f"a row of log_probabilities stands for probabilities that sum to {worst:g}, not 1; "
            f"hand over log_softmax(logits)"
        )
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The loss of a classifier, from logits (batch, classes) and integer labels (batch,).

    Cross-entropy is -sum y log p. With y 1 at the true class and 0 elsewhere one term is left,
    the negative log-likelihood.

    Raises:
        ValueError: as `softmax` and `negative_log_likelihood`.
    """
    return negative_log_likelihood(log_softmax(logits), labels)


def cross_entropy_gradient(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Its derivative by the logits, (batch, classes): (p - y) / batch, y one-hot.

    Raises:
        ValueError: as `softmax` and `negative_log_likelihood`.
    """
    slope, labels = softmax(logits), np.asarray(labels)
    _check_labels(slope, labels)
    slope[np.arange(len(labels)), labels] -= 1
    return slope / len(labels)


def _shifted(logits) -> np.ndarray:
    """x - max x, float: 0 at the largest, all others below."""
    logits = np.asarray(logits)
    if not logits.ndim or not logits.shape[-1]:
        raise ValueError(f"logits of shape {logits.shape} have no classes; want (..., classes)")
    largest = logits.max(-1, keepdims=True)
    if not np.isfinite(largest).all():
        worst = largest[~np.isfinite(largest)][0]
        raise ValueError(
            f"the largest logit of a row is {worst}, it must be a number; look for the layer "
            f"that gave it"
        )
    return logits - largest.astype(np.result_type(logits, np.float32))


def _check_labels(scores, labels) -> None:
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise ValueError(
            f"scores {scores.shape} and labels {labels.shape} do not fit together; want "
            f"(batch, classes) and (batch,) with a batch of 1 or more"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels are {labels.dtype}, want integers; argmax(-1) makes them of one-hot rows"
        )
    classes = scores.shape[1]
    strange = labels[(labels < 0) | (labels >= classes)]
    if strange.size:
        raise ValueError(f"label {strange[0]} names none of {classes} classes, 0 to {classes - 1}")
