"""Adversarial examples: images changed too little to notice, until a model errs.

    FGSM            x + epsilon sign(dL/dx)                   Goodfellow et al. (arXiv:1412.6572)
    iterated FGSM   small steps of it, never further than     Kurakin, Goodfellow and Bengio
                    epsilon from x                            (arXiv:1607.02533)
    PGD             the same from a random start              Madry et al. (arXiv:1706.06083)

L is the cross-entropy of the true class, and the steps go uphill; of a target, and downhill. Of
classes that do not exclude each other, and of a net of one output, it is the binary cross-entropy
of that class alone.

The attacks count pixels from 0 to 1, epsilon too: they take images before normalisation, and with
`mean=data.mean, std=data.std` the model sees what it was trained on. What they give are valid
pixels, no further than epsilon from the image.
"""

import math
import numbers

import keras
import numpy as np

from zoo import checks
from zoo.explain.attack import Attack


def fgsm(
    model: keras.Model,
    images,
    labels,
    epsilon,
    *,
    targets=None,
    mean=0.0,
    std=1.0,
    image=None,
    outputs=None,
    batch_size=100,
) -> np.ndarray:
    """Attacked images (n, H, W, channels) float32 in [0, 1], one step of `epsilon` from `images`.

    Args:
        model: a classifier that gives one (n, classes); a net of one output has two classes.
        images: uint8, or floats 0 to 1, (n, H, W, channels), before normalisation; a list or dict
            for several inputs, the others as the model takes them.
        labels: the true class of each image, or one for all; None: the predicted ones.
        epsilon: the largest change of a pixel, 0 to 1: 8 / 255 is eight of uint8's steps.
        targets: the class that each shall be taken for, or one for all; None: any but the label.
        mean, std: one value or one per channel, as a `Dataset` has; the model sees
            (pixels - mean) / std. A model that takes integers sees 0 to 255 without them.
        image: of several image inputs the key or index of the one attacked; None: the first.
        outputs: what the model gives, if its last layer does not tell, as for `grad_cam`.
        batch_size: images in one pass of the model.

    Raises:
        ValueError: if the images are no pixels or do not fit the model; if epsilon is outside 0 to
            1; if labels or targets are not one per image, or not classes of the model; if the
            batch size is below 1.
    """
    _check_epsilon(epsilon)
    attack = Attack(model, images, labels, targets, mean, std, image, outputs, batch_size)
    return attack.run(attack.pixels, epsilon, steps=1, step=epsilon)


def pgd(
    model: keras.Model,
    images,
    labels,
    epsilon,
    *,
    targets=None,
    steps=10,
    step=None,
    seed=0,
    mean=0.0,
    std=1.0,
    image=None,
    outputs=None,
    batch_size=100,
) -> np.ndarray:
    """`iterated_fgsm` from a start that `seed` draws within epsilon; steps of 2.5 epsilon / steps.

    Such a step reaches the far side of what epsilon allows, wherever it starts. Arguments, result
    and errors are those of `iterated_fgsm`.
    """
    _check_epsilon(epsilon)
    step = _checked_step(epsilon, steps, step, factor=2.5)
    checks.whole_number("seed", seed, least=0)
    attack = Attack(model, images, labels, targets, mean, std, image, outputs, batch_size)
    noise = np.random.default_rng(seed).uniform(-epsilon, epsilon, attack.pixels.shape)
    return attack.run(np.clip(attack.pixels + noise, 0, 1), epsilon, steps, step)


def iterated_fgsm(
    model: keras.Model,
    images,
    labels,
    epsilon,
    *,
    targets=None,
    steps=10,
    step=None,
    start=None,
    mean=0.0,
    std=1.0,
    image=None,
    outputs=None,
    batch_size=100,
) -> np.ndarray:
    """`fgsm` in `steps` steps of `step`, by default epsilon / steps.

    `start` is where it begins, pixels as the images are, clipped to what epsilon allows; None: at
    the images. The other arguments and the result are those of `fgsm`.

    Raises:
        ValueError: as `fgsm`; also if there is less than 1 step, if `step` is negative, or if
            `start` has another shape than the images.
    """
    _check_epsilon(epsilon)
    step = _checked_step(epsilon, steps, step, factor=1)
    attack = Attack(model, images, labels, targets, mean, std, image, outputs, batch_size)
    start = attack.pixels if start is None else attack.pixels_like("images to start from", start)
    return attack.run(start, epsilon, steps, step)


def success_rate(
    model: keras.Model,
    images,
    attacked,
    labels,
    *,
    targets=None,
    mean=0.0,
    std=1.0,
    image=None,
    outputs=None,
    batch_size=100,
) -> float:
    """The part of an attack that succeeded, 0 to 1; nan where there was nothing to attack.

    Without targets: of the images that the model was right about, those it is wrong about now.
    With targets: of those that it did not take for the target before, those it takes for it now.
    A model takes an image for its most probable class; where classes do not exclude each other,
    for each that is more probable than not. `attacked` is what an attack gave for `images`; the
    other arguments and errors are the attack's.

    Raises:
        ValueError: also if there are not as many attacked images, of the same size.
    """
    attack = Attack(model, images, labels, targets, mean, std, image, outputs, batch_size)
    attacked = attack.pixels_like("attacked images", attacked)
    before, after = attack.taken_for_class(attack.pixels), attack.taken_for_class(attacked)
    hits = ~after[before] if targets is None else after[~before]
    return float(hits.mean()) if len(hits) else math.nan


def _check_epsilon(epsilon) -> None:
    if isinstance(epsilon, numbers.Real) and epsilon > 1:
        raise ValueError(f"epsilon={epsilon} counts pixels from 0 to 1: 8 / 255, not 8")
    checks.probability("epsilon", epsilon)


def _checked_step(epsilon, steps, step, factor) -> float:
    checks.whole_number("steps", steps, least=1)
    if step is None:
        return factor * epsilon / steps
    if isinstance(step, numbers.Real) and step < 0:
        raise ValueError(f"step={step} must not be negative; towards a class: targets=")
    return checks.number("step", step, least=0)
