"""Saliency: which pixels change the class's logit most if they change a little.

Sources: Simonyan, Vedaldi and Zisserman, Deep inside convolutional networks (arXiv:1312.6034);
Smilkov et al., SmoothGrad (arXiv:1706.03825).
"""

import keras
import numpy as np
from keras import ops

from zoo import backend, checks
from zoo.backend.operations import float_images
from zoo.explain.inputs import Inputs
from zoo.explain.maps import is_zero, scaled, warn_of_empty
from zoo.explain.outputs import Head, one_hot, require_finite_outputs

NO_GRADIENT = (
    "the logit has no gradient at any pixel: something in the model rounds or cuts it off, or all "
    "its ReLUs are at 0; so their maps are empty"
)


def saliency(model: keras.Model, images, classes=None, *, image=None, outputs=None) -> np.ndarray:
    """Maps (n, H, W) in [0, 1], float32: |d logit / d pixel|, its maximum over the channels.

    Each map is scaled to a maximum of 1, or stays 0. Arguments and errors as `grad_cam`. A model
    that casts its images to integers is given floats instead, which have a gradient.
    """
    inputs = Inputs.checked(model, images, image)
    head = Head.find(model, inputs.tensors, outputs)
    gradients = _gradients(head, inputs, classes)
    warn_of_empty(is_zero(gradients), NO_GRADIENT, stacklevel=3)
    return _map_of(gradients)


def smooth_grad(
    model: keras.Model,
    images,
    classes=None,
    *,
    image=None,
    outputs=None,
    samples=25,
    noise=0.15,
    seed=0,
) -> np.ndarray:
    """Saliency whose |d logit / d pixel| is the mean over noisy copies of the image.

    Args:
        model, images, classes, image, outputs: as `grad_cam`; the predicted classes are those of
            the images without noise.
        samples: copies of each image.
        noise: standard deviation, as a part of an image's range from darkest to lightest.
        seed: of the noise, which is the same on every backend.

    Raises:
        ValueError: as `grad_cam`; also if `samples` is below 1, or `noise` negative.
    """
    checks.whole_number("samples", samples, least=1)
    checks.number("noise", noise, least=0)
    checks.whole_number("seed", seed, least=0)
    inputs = Inputs.checked(model, images, image)
    head = Head.find(model, inputs.tensors, outputs)
    if classes is None:
        scores = head.scores(inputs.tensors)
        classes = ops.convert_to_numpy(scores).argmax(axis=-1)
    pixels = ops.convert_to_numpy(ops.cast(inputs.image, "float32"))
    deviation = noise * np.ptp(pixels, axis=(1, 2, 3), keepdims=True)
    rng = np.random.default_rng(seed)
    total = np.zeros_like(pixels)
    for _ in range(samples):
        noisy = (pixels + deviation * rng.normal(size=pixels.shape)).astype("float32")
        total += _gradients(head, inputs.replaced(ops.convert_to_tensor(noisy)), classes)
    warn_of_empty(is_zero(total), NO_GRADIENT, stacklevel=3)
    return _map_of(total / samples)


def _gradients(head, inputs, classes) -> np.ndarray:
    """|d logit of the class / d pixel|, (n, H, W, channels)."""

    def class_score(pixels):
        logits = head.logits(inputs.with_image(pixels))
        return ops.sum(logits * one_hot(classes, logits)), logits

    with float_images(head.model):
        pixels = ops.cast(inputs.image, "float32")
        gradients, logits = backend.gradient(class_score, pixels)
    require_finite_outputs(head.model, ops.convert_to_numpy(logits))
    gradients = np.abs(ops.convert_to_numpy(gradients))
    if not np.isfinite(gradients).all():
        raise ValueError(f"the gradient of {head.model.name} is NaN or infinite for these images")
    return gradients


def _map_of(gradients) -> np.ndarray:
    """The maximum over the channels, scaled to a maximum of 1 over the pixels."""
    return scaled(gradients.max(axis=-1))
