"""Activation maximisation: the image that a class, or a channel of a layer, responds to most.

Sources: Erhan et al., Visualizing higher-layer features of a deep network (2009), for the climb.
What keeps the image readable: Simonyan et al. (arXiv:1312.6034) for the norm, Mahendran and Vedaldi
(arXiv:1412.0035) for the total variation, Mordvintsev et al., Inceptionism (2015), for the jitter.
"""

import keras
import numpy as np
from keras import ops

from zoo import backend, checks
from zoo.backend.operations import float_images
from zoo.explain.inputs import Inputs, require_weights, run
from zoo.explain.layer_search import find_layer
from zoo.explain.maps import is_zero, warn_of_empty
from zoo.explain.outputs import Head, as_array, indices
from zoo.explain.pixels import Normalization, pixels_of
from zoo.inspect.hooks import tap


def activation_maximization(
    model: keras.Model,
    units=None,
    layer=None,
    *,
    start=None,
    steps=200,
    optimizer=None,
    total_variation=40.0,
    norm=3.0,
    jitter=2,
    mean=0.0,
    std=1.0,
    image=None,
    outputs=None,
    seed=0,
) -> np.ndarray:
    """Images (k, H, W, channels) in [0, 1], float32, one for each of `units`.

    Each climbs the unit's score, less `total_variation` times the mean difference of neighbouring
    pixels and `norm` times their root mean square, both after the normalisation: the larger a
    net's scores, the larger these must be. After each step the pixels are clipped to [0, 1].

    Args:
        model: any classifier that gives one (n, classes) output, or with `layer` any model.
        units: indices of classes, or of the layer's channels; None: all of them.
        layer: a layer or its name: the score is the mean of a channel over its map; None: it is
            the logit of a class.
        start: pixels as uint8 or 0 to 1, of one image or one per unit; a list or dict for several
            inputs, the others as the model takes them. None: grey with a little noise.
        steps: of the optimizer.
        optimizer: a Keras optimizer, of which a copy is used; None: RMSprop(0.01, rho=0.99).
        jitter: before each step the image is moved by up to so many pixels each way.
        mean, std: one value or one per channel, as a `Dataset` has; the model sees
            (pixels - mean) / std. A model that takes integers sees 0 to 255 without them.
        image: of several image inputs the key or index of the one that climbs; None: the first.
        outputs: what the model gives, if its last layer does not tell, as for `grad_cam`.
        seed: of the noise and the jitter.

    Raises:
        ValueError: if the model does not have such units or such a layer; if the start is no
            pixels, or missing where the model does not tell the size of its one image.
    """
    require_weights(model)
    checks.whole_number("steps", steps, least=1)
    checks.whole_number("jitter", jitter, least=0)
    checks.whole_number("seed", seed, least=0)
    checks.number("total_variation", total_variation)
    checks.number("norm", norm)
    optimizer = _copy_of(optimizer)
    rng = np.random.default_rng(seed)
    inputs = Inputs.checked(model, _noise(model, rng) if start is None else start, image)
    pixels = pixels_of(inputs.image)
    normalization = Normalization.checked(model, inputs, mean, std)
    given = inputs.with_image(ops.convert_to_tensor(normalization.given(pixels)))
    layer = None if layer is None else find_layer(model, layer)
    head = Head.find(model, given, outputs) if layer is None else None

    def activations(tensors):
        """(n, units) of the images."""
        if layer is None:
            return head.logits(tensors)
        with tap(model, layer) as tapped:
            run(model, tensors)
        return ops.mean(tapped[0], axis=tuple(range(1, len(tapped[0].shape) - 1)))

    known = activations(given).shape[-1]
    units = np.arange(known) if units is None else np.atleast_1d(as_array(units))
    if not units.size:
        raise ValueError(f"units=[] must name one of 0 to {known - 1} at least")
    units = indices(units, units.size, known, "units")
    if len(pixels) not in (1, len(units)):
        raise ValueError(f"{len(pixels)} images to start from, but {len(units)} units")
    if len(pixels) == 1:
        inputs, pixels = inputs.repeated(0, len(units)), pixels.repeat(len(units), axis=0)
    wanted = ops.one_hot(ops.convert_to_tensor(units), known)

    def score(x):
        scores = activations(inputs.with_image(normalization.apply(x)))
        return ops.sum(ops.cast(scores, "float32") * wanted), scores

    def loss(x):
        seen = x if inputs.takes_integers else normalization.apply(x)
        rms = ops.sqrt(ops.mean(seen**2, axis=(1, 2, 3)) + 1e-12)
        climbed, scores = score(x)
        return total_variation * _variation(seen) + norm * ops.sum(rms) - climbed, scores

    climber = keras.Variable(pixels, dtype="float32")
    optimizer.build([climber])
    with float_images(model):
        first = ops.convert_to_numpy(backend.gradient(score, pixels)[0])
        reason = "the unit has no gradient at the start, so it may not be climbed"
        warn_of_empty(is_zero(first), reason, stacklevel=3)
        for _ in range(steps):
            shift = rng.integers(-jitter, jitter + 1, 2)
            moved = np.roll(ops.convert_to_numpy(climber), shift, axis=(1, 2))
            gradient = ops.convert_to_numpy(backend.gradient(loss, moved)[0])
            if not np.isfinite(gradient).all():
                raise ValueError(f"{model.name} has NaN or infinite gradients; see its weights")
            gradient = ops.convert_to_tensor(np.roll(gradient, -shift, axis=(1, 2)))
            optimizer.apply([gradient], [climber])
            climber.assign(ops.clip(climber, 0, 1))
    return ops.convert_to_numpy(climber)


def _copy_of(optimizer) -> keras.optimizers.Optimizer:
    if optimizer is None:
        return keras.optimizers.RMSprop(0.01, rho=0.99)
    try:
        optimizer = keras.optimizers.get(optimizer)
    except (TypeError, ValueError) as error:
        raise ValueError(f"optimizer={optimizer!r} must be a Keras optimizer") from error
    return optimizer.from_config(optimizer.get_config())


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
