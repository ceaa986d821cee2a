"""Batch, layer, group and instance norm by hand: they differ in what shares a mean and a variance.

Maps (n, h, w, c) consist of n * c planes of h x w pixels, one per image and channel, and a norm
divides the planes into sets. From the numbers of a set their mean is subtracted, and the rest is
divided by their standard deviation; then each channel is multiplied by its gamma and shifted by its
beta, which are learnt: one number each, or (c,). Inputs that are not maps, and gammas and betas
that do not fit, raise a ValueError.

    norm      the planes of a set            means = variances    gammas = betas
    batch     a channel, all images          c                    c
    layer     an image, all channels         n                    c
    group     an image, channels of a group  n * groups           c
    instance  one plane                      n * c                c

Batch norm alone looks at other images: it needs a batch, and keeps moving averages for prediction.

"Layer norm" has three meanings. The course's, above, is the group norm of one group. Keras's
`LayerNormalization(axis=(1, 2, 3))` has the same statistics, but a gamma and a beta for each of the
h * w * c values, so that it fits one image size only. `LayerNormalization(axis=-1)`, Keras's
default, has c gammas like the course's, but a mean and a variance per pixel, n * h * w of them.

Sources: The School of AI, EVA session 5; Ioffe and Szegedy, Batch normalization (2015); Ba, Kiros
and Hinton, Layer normalization (2016); Ulyanov, Vedaldi and Lempitsky, Instance normalization
(2016); Wu and He, Group normalization (2018).
"""

import numpy as np

from zoo import checks

NORMS = ("batch", "layer", "group", "instance")
EPSILON = 1e-5  # prevents a division by 0 where all numbers of a set are equal


def standardize(x: np.ndarray, axes, epsilon: float = EPSILON) -> np.ndarray:
    """x minus its mean over `axes`, divided by the square root of its variance plus epsilon.

    Computed in float32 or wider.

    Raises:
        ValueError: if x is not numbers, or epsilon is negative.
    """
    x = checks.array("x", x)
    checks.number("epsilon", epsilon, least=0)
    x = x.astype(np.result_type(x, np.float32))  # squares of half precision overflow at 256
    mean = x.mean(axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


def batch_norm(x, gamma=1.0, beta=0.0, epsilon=EPSILON) -> np.ndarray:
    """As in training: each channel of (n, h, w, c) by its own statistics over all images."""
    _require_maps(x)
    return _affine(standardize(x, (0, 1, 2), epsilon), gamma, beta)


def layer_norm(x, gamma=1.0, beta=0.0, epsilon=EPSILON, axes=(1, 2, 3)) -> np.ndarray:
    """Each image by its own statistics; with `axes=-1` each pixel by those of its channels.

    Gamma and beta are (c,) as in the course, or (h, w, c) as in Keras's layer over three axes.
    """
    _require_maps(x)
    return _affine(standardize(x, axes, epsilon), gamma, beta, or_per_value=True)


def group_norm(x, gamma=1.0, beta=0.0, epsilon=EPSILON, groups=2) -> np.ndarray:
    """Each image by the statistics of `groups` groups of neighbouring channels.

    Raises:
        ValueError: if the groups do not divide the channels.
    """
    _require_maps(x)
    n, h, w, channels = np.shape(x)
    _require_divisor(groups, channels)
    grouped = np.reshape(x, (n, h, w, groups, channels // groups))
    return _affine(standardize(grouped, (1, 2, 4), epsilon).reshape(np.shape(x)), gamma, beta)


def instance_norm(x, gamma=1.0, beta=0.0, epsilon=EPSILON) -> np.ndarray:
    """Each channel of each image by its own statistics."""
    _require_maps(x)
    return _affine(standardize(x, (1, 2), epsilon), gamma, beta)


def sharing(norm: str, images: int, channels: int, groups: int = 2) -> np.ndarray:
    """The number, from 0, of the set that each plane (image, channel) belongs to: (n, c) integers.

    Raises:
        ValueError: if the norm is unknown, a count is not a whole number of 1 or more, or the
            groups do not divide the channels.
    """
    checks.one_of("norm", norm, NORMS)
    checks.whole_number("images", images, least=1)
    checks.whole_number("channels", channels, least=1)
    image, channel = np.indices((images, channels))
    if norm == "batch":
        return channel
    groups = {"layer": 1, "group": groups, "instance": channels}[norm]
    _require_divisor(groups, channels)
    return image * groups + channel * groups // channels


def counts(shape: tuple[int, int, int, int], groups: int = 2) -> dict[str, tuple[int, int]]:
    """Norm -> (means, gammas) of maps (n, h, w, c); there are as many variances and betas.

    The four of the course, then Keras's two layer norms.

    Raises:
        ValueError: if the shape is not four whole numbers of 1 or more, or the groups do not divide
            the channels.
    """
    if not isinstance(shape, tuple | list) or len(shape) != 4:
        raise ValueError(f"shape {shape!r} must be that of maps (n, h, w, c)")
    n, h, w, c = (checks.whole_number("shape", side, least=1) for side in shape)
    course = {norm: (int(sharing(norm, n, c, groups).max()) + 1, c) for norm in NORMS}
    keras = {"layer, axis=(1, 2, 3)": (n, h * w * c), "layer, axis=-1": (n * h * w, c)}
    return course | keras


def _affine(x, gamma, beta, or_per_value=False) -> np.ndarray:
    """gamma x + beta; each is one number, (c,), or if allowed (h, w, c)."""
    shapes = {(): "one number", x.shape[3:]: "(c,)"}
    if or_per_value:
        shapes[x.shape[1:]] = "(h, w, c)"
    for name, values in (("gamma", gamma), ("beta", beta)):
        if checks.array(name, values).shape not in shapes:
            raise ValueError(
                f"{name} of shape {np.shape(values)} does not fit maps {x.shape}; it must be "
                f"{' or '.join(shapes.values())}"
            )
    return gamma * x + beta


def _require_maps(x) -> None:
    if checks.array("x", x).ndim != 4:
        raise ValueError(
            f"a norm takes maps (n, h, w, c), got shape {np.shape(x)}; "
            f"image[None] makes a batch of one image (h, w, c)"
        )


def _require_divisor(groups: int, channels: int) -> None:
    if checks.whole_number("groups", groups) < 1 or channels % groups:
        divide = [str(n) for n in range(1, channels + 1) if channels % n == 0]
        raise ValueError(
            f"groups={groups} does not divide {channels} channels; {', '.join(divide)} do"
        )
