"""Adversarial examples: images changed too little for an eye to mind, until a model errs.

    FGSM            x + epsilon sign(dL/dx)                   Goodfellow et al. (arXiv:1412.6572)
    iterated FGSM   small steps of it, never further than     Kurakin, Goodfellow and Bengio
                    epsilon from x                            (arXiv:1607.02533)
    PGD             the same from a random start              Madry et al. (arXiv:1706.06083)

L is the cross-entropy of the true class, and the steps go uphill; of a target, and downhill.

The attacks count pixels from 0 to 1, epsilon too: they take images before normalisation, and with
`mean=data.mean, std=data.std` the model sees what it was trained on. What they give are valid
pixels, no further than epsilon from the image.
"""

import math

import keras
import numpy as np
from keras import ops

from zoo import backend
from zoo.explain.inputs import Inputs, in_batches
from zoo.explain.outputs import indices, logits_of
from zoo.explain.pixels import as_seen, pixels_of


def fgsm(
    model: keras.Model, images, labels, epsilon, *, targets=None, mean=0.0, std=1.0, image=None,
    batch_size=100,
) -> np.ndarray:  # fmt: skip
    """Attacked images (n, H, W, channels) float32 in [0, 1], one step of `epsilon` from `images`.

    Args:
        model: a classifier that gives one (n, classes) of logits.
        images: uint8, or floats 0 to 1, (n, H, W, channels), before normalisation; a list or dict
            for several inputs, the others as the model takes them.
        labels: the true class of each image, or one for all; None: what the model says of them.
        epsilon: the largest change of a pixel, 0 to 1: 8 / 255 is eight of uint8's steps.
        targets: the class that each shall be taken for, or one for all; None: any but the label.
        mean, std: a value a channel, as a `Dataset` has; the model sees (pixels - mean) / std.
        image: of several image inputs the key or index of the one attacked; None: the first.
        batch_size: images in one pass of the model.

    Raises:
        ValueError: images that are no pixels, an epsilon outside 0 to 1, labels or targets that
            are not one an image or that the model does not have, a batch size below 1.
    """
    return iterated_fgsm(
        model, images, labels, epsilon, targets=targets, steps=1, mean=mean, std=std, image=image,
        batch_size=batch_size,
    )  # fmt: skip


def pgd(
    model: keras.Model, images, labels, epsilon, *, targets=None, steps=10, step=None, seed=0,
    mean=0.0, std=1.0, image=None, batch_size=100,
) -> np.ndarray:  # fmt: skip
    """`iterated_fgsm` from a start that `seed` draws within epsilon; steps of 2.5 epsilon / steps.

    So long a step reaches the far side of what epsilon allows, wherever it starts. Arguments,
    result and errors are those of `iterated_fgsm`.
    """
    _check(epsilon, steps)
    pixels = pixels_of(Inputs.of(images, image).image)
    noise = np.random.default_rng(seed).uniform(-epsilon, epsilon, pixels.shape)
    return iterated_fgsm(
        model, images, labels, epsilon, targets=targets, steps=steps,
        step=2.5 * epsilon / steps if step is None else step, start=np.clip(pixels + noise, 0, 1),
        mean=mean, std=std, image=image, batch_size=batch_size,
    )  # fmt: skip


def iterated_fgsm(
    model: keras.Model, images, labels, epsilon, *, targets=None, steps=10, step=None, start=None,
    mean=0.0, std=1.0, image=None, batch_size=100,
) -> np.ndarray:  # fmt: skip
    """`fgsm` in `steps` steps of `step`, by default epsilon / steps.

    `start` is where it begins, pixels as the images are, clipped to what epsilon allows; None: at
    the images. The other arguments and the result are those of `fgsm`.

    Raises:
        ValueError: as `fgsm`; also fewer than 1 step, a negative `step`, another shape of `start`.
    """
    _check(epsilon, steps)
    step = epsilon / steps if step is None else step
    if not step >= 0:
        raise ValueError(f"step={step} must not be negative; towards a class: targets=")
    inputs = Inputs.of(images, image)
    pixels = pixels_of(inputs.image)
    start = pixels if start is None else pixels_of(start)
    if start.shape != pixels.shape:
        raise ValueError(f"start has the shape {start.shape}, the images {pixels.shape}")
    lowest, highest = np.clip(pixels - epsilon, 0, 1), np.clip(pixels + epsilon, 0, 1)
    attacked = np.clip(start, lowest, highest, dtype="float32")
    if targets is None and labels is None:
        labels = _logits(model, inputs, pixels, mean, std, batch_size).argmax(axis=-1)
    name, classes, uphill = ("labels", labels, 1) if targets is None else ("targets", targets, -1)
    classes = indices(classes, len(pixels), name=name)

    def loss(x):  # of the batch that `rows` is at
        logits = logits_of(model, batch.with_image(as_seen(x, mean, std)))
        known = logits.shape[-1]
        wanted = ops.one_hot(indices(classes[rows], len(x), known, name), known)
        return -ops.sum(wanted * ops.log_softmax(ops.cast(logits, "float32"))), logits

    for rows in in_batches(len(pixels), batch_size):
        batch, x = inputs.rows(rows), attacked[rows]
        for _ in range(steps):
            slope, _ = backend.gradient(loss, x)
            x = x + step * uphill * np.sign(ops.convert_to_numpy(slope))
            x = np.clip(x, lowest[rows], highest[rows])
        attacked[rows] = x
    return attacked


def success_rate(
    model: keras.Model, images, attacked, labels, *, targets=None, mean=0.0, std=1.0, image=None,
    batch_size=100,
) -> float:  # fmt: skip
    """The part of an attack that succeeded, 0 to 1; nan where there was nothing to attack.

    Without targets: of the images that the model was right about, those it is wrong about now.
    With targets: of those that it did not take for the target before, those it takes for it now.
    `attacked` is what an attack gave for `images`; the other arguments and errors are the attack's.

    Raises:
        ValueError: also if there are not as many attacked images, of the same size.
    """
    inputs = Inputs.of(images, image)
    pixels, attacked = pixels_of(inputs.image), pixels_of(attacked)
    if attacked.shape != pixels.shape:
        raise ValueError(f"attacked images are {attacked.shape}, the images {pixels.shape}")
    logits = [_logits(model, inputs, x, mean, std, batch_size) for x in (pixels, attacked)]
    before, after = [of.argmax(axis=-1) for of in logits]
    known = logits[0].shape[-1]
    if targets is not None:
        targets = indices(targets, len(pixels), known, "targets")
        return _mean((after == targets)[before != targets])
    labels = indices(before if labels is None else labels, len(pixels), known, "labels")
    return _mean((after != labels)[before == labels])


def _check(epsilon, steps) -> None:
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon={epsilon} counts pixels from 0 to 1: 8 / 255, not 8")
    if steps < 1:
        raise ValueError(f"steps={steps} must be 1 or more")


def _logits(model, inputs, pixels, mean, std, batch_size) -> np.ndarray:
    """What the model gives for each image, (n, classes)."""
    given = []
    for rows in in_batches(len(pixels), batch_size):
        seen = inputs.rows(rows).with_image(as_seen(pixels[rows], mean, std))
        given.append(ops.convert_to_numpy(logits_of(model, seen)))
    return np.concatenate(given)


def _mean(hits) -> float:
    return float(hits.mean()) if len(hits) else math.nan
