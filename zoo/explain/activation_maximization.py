"""Activation maximisation: the image that a class, or a channel of a layer, answers to most.

Sources: Erhan et al., Visualizing higher-layer features of a deep network (2009), for the climb.
What keeps the image readable: Simonyan et al. (arXiv:1312.6034) for the norm, Mahendran and Vedaldi
(arXiv:1412.0035) for the total variation, Mordvintsev et al., Inceptionism (2015), for the jitter.
"""

import keras
import numpy as np
from keras import ops

from zoo import backend
from zoo.explain.inputs import Inputs
from zoo.explain.layer_search import find_layer
from zoo.explain.maps import tap
from zoo.explain.outputs import indices, logits_of, one_hot
from zoo.explain.pixels import as_seen, pixels_of


def activation_maximization(
    model: keras.Model, units=None, layer=None, *, start=None, steps=200, optimizer=None,
    total_variation=40.0, norm=3.0, jitter=2, mean=0.0, std=1.0, image=None, seed=0,
) -> np.ndarray:  # fmt: skip
    """Images (k, H, W, channels) in [0, 1], float32, one for each of `units`.

    Each climbs the unit's score, less `total_variation` times the mean difference of neighbours
    and `norm` times the root mean square of what the model sees: the larger a net's scores, the
    larger these must be. After each step the pixels are clipped to [0, 1].

    Args:
        model: any classifier that gives one (n, classes) output, or with `layer` any model.
        units: indices of classes, or of the layer's channels; None: all of them.
        layer: a layer or its name: the score is the mean of a channel over its places; None: it is
            the logit of a class.
        start: pixels as uint8 or 0 to 1, of one image or one a unit; a list or dict for several
            inputs, the others as the model takes them. None: grey with a little noise.
        steps: of the optimizer.
        optimizer: a Keras optimizer, of which a copy is used; None: RMSprop(0.01, rho=0.99).
        jitter: pixels by which the image is moved, up to so many each way, before each step.
        mean, std: a value a channel, as a `Dataset` has; the model sees (pixels - mean) / std.
        image: of several image inputs the key or index of the one that climbs; None: the first.
        seed: of the noise and the jitter.

    Raises:
        ValueError: units or a layer that the model does not have, a start that is no pixels, or
            none where the model does not tell the size of its one image.
    """
    if steps < 1 or jitter < 0:
        raise ValueError(f"steps={steps} must be 1 or more, jitter={jitter} not negative")
    rng = np.random.default_rng(seed)
    inputs = Inputs.of(_noise(model, rng) if start is None else start, image)
    pixels = pixels_of(inputs.image)
    layer = None if layer is None else find_layer(model, layer)

    def activations(inputs, x):
        """(n, units) of the images x."""
        tensors = inputs.with_image(as_seen(x, mean, std))
        if layer is None:
            return logits_of(model, tensors)
        with tap(model, layer) as tapped:
            model(tensors, training=False)
        return ops.mean(tapped[0], axis=tuple(range(1, len(tapped[0].shape) - 1)))

    known = activations(inputs, pixels).shape[-1]
    units = np.arange(known) if units is None else np.atleast_1d(units)
    indices(units, len(units), known, "units")
    if len(pixels) not in (1, len(units)):
        raise ValueError(f"{len(pixels)} images to start from, but {len(units)} units")
    if len(pixels) == 1:
        inputs, pixels = inputs.repeated(0, len(units)), pixels.repeat(len(units), axis=0)

    def loss(x):
        scores = activations(inputs, x)
        score = ops.sum(ops.cast(scores, "float32") * one_hot(units, scores))
        seen = as_seen(x, mean, std)
        rms = ops.sqrt(ops.mean(seen**2, axis=(1, 2, 3)) + 1e-12)
        return total_variation * _variation(seen) + norm * ops.sum(rms) - score, scores

    climber = keras.Variable(pixels, dtype="float32")
    optimizer = optimizer or keras.optimizers.RMSprop(0.01, rho=0.99)
    optimizer = optimizer.from_config(optimizer.get_config())
    optimizer.build([climber])
    for _ in range(steps):
        shift = rng.integers(-jitter, jitter + 1, 2)
        moved = np.roll(ops.convert_to_numpy(climber), shift, axis=(1, 2))
        slope = ops.convert_to_numpy(backend.gradient(loss, moved)[0])
        slope = ops.convert_to_tensor(np.roll(slope, -shift, axis=(1, 2)))
        optimizer.apply([slope], [climber])
        climber.assign(ops.clip(climber, 0, 1))
    return ops.convert_to_numpy(climber)


def _variation(x):
    """Differences of neighbours, summed over each image and divided by its number of values."""
    down = ops.sum(ops.abs(x[:, 1:] - x[:, :-1]))
    across = ops.sum(ops.abs(x[:, :, 1:] - x[:, :, :-1]))
    return (down + across) / np.prod(x.shape[1:])


def _noise(model, rng) -> np.ndarray:
    """One image for a model of one image input of known size."""
    shapes = [tuple(x.shape[1:]) for x in getattr(model, "inputs", None) or []]
    if len(shapes) != 1 or len(shapes[0]) != 3 or None in shapes[0]:
        raise ValueError(
            f"{model.name} has the inputs {shapes}, not one image of known size; "
            f"hand over where to begin with start="
        )
    return rng.uniform(0.4, 0.6, (1, *shapes[0])).astype("float32")
