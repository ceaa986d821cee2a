"""Saliency: which pixels the class's logit would follow most if they changed a little.

Sources: Simonyan, Vedaldi and Zisserman, Deep inside convolutional networks (arXiv:1312.6034);
Smilkov et al., SmoothGrad (arXiv:1706.03825).
"""

import keras
import numpy as np
from keras import ops

from zoo import backend
from zoo.explain.inputs import Inputs
from zoo.explain.maps import scaled
from zoo.explain.outputs import logits_of, one_hot


def saliency(model: keras.Model, images, classes=None, *, image=None) -> np.ndarray:
    """Maps (n, H, W) in [0, 1], float32: |d logit / d pixel|, its maximum over the channels.

    Each map is scaled to a maximum of 1, or stays 0. Arguments and errors as `grad_cam`.
    """
    return _scaled(_slopes(model, Inputs.of(images, image), classes))


def smooth_grad(
    model: keras.Model, images, classes=None, *, image=None, samples=25, noise=0.15, seed=0
) -> np.ndarray:
    """Saliency whose |d logit / d pixel| is the mean over noisy copies of the image.

    Args:
        model, images, classes, image: as `grad_cam`; None, the predicted classes, are those of the
            images without noise.
        samples: copies of each image.
        noise: standard deviation, as a part of an image's range from darkest to lightest.
        seed: of the noise, which is the same on every backend.

    Raises:
        ValueError: as `grad_cam`; also without a sample, and of a negative noise.
    """
    if samples < 1 or noise < 0:
        raise ValueError(f"samples={samples} must be 1 or more, noise={noise} not negative")
    inputs = Inputs.of(images, image)
    if classes is None:
        logits = logits_of(model, inputs.tensors)
        classes = ops.convert_to_numpy(logits).argmax(axis=-1)
    pixels = ops.convert_to_numpy(ops.cast(inputs.image, "float32"))
    deviation = noise * np.ptp(pixels, axis=(1, 2, 3), keepdims=True)
    rng = np.random.default_rng(seed)
    total = np.zeros_like(pixels)
    for _ in range(samples):
        noisy = (pixels + deviation * rng.normal(size=pixels.shape)).astype("float32")
        total += _slopes(model, Inputs(inputs.with_image(noisy), inputs.place), classes)
    return _scaled(total / samples)


def _slopes(model, inputs, classes) -> np.ndarray:
    """|d logit of the class / d pixel|, (n, H, W, channels)."""

    def class_score(pixels):
        logits = logits_of(model, inputs.with_image(pixels))
        picked = one_hot(classes, logits)
        return ops.sum(ops.cast(logits, "float32") * picked), logits

    slopes, _ = backend.gradient(class_score, ops.cast(inputs.image, "float32"))
    return np.abs(ops.convert_to_numpy(slopes))


def _scaled(slopes) -> np.ndarray:
    """The maximum over the channels, that over the places 1."""
    return scaled(slopes.max(axis=-1))
