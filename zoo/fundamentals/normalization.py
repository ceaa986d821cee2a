"""Batch, layer, group and instance norm by hand: what differs is who shares a mean and a variance.

Take maps (n, h, w, c). For each of the n images and c channels there is a cell of h x w pixels, and
a norm is a way to put cells together. The numbers of a set lose their mean and are divided by their
deviation; then a channel is multiplied by its gamma and moved by its beta, which are learnt: one
number each, or (c,). What is no maps, and gammas and betas that do not fit, raise a ValueError.

    norm      the cells of a set             means = variances    gammas = betas
    batch     a channel, all images          c                    c
    layer     an image, all channels         n                    c
    group     an image, channels of a group  n * groups           c
    instance  one cell                       n * c                c

Batch norm alone looks at other images: it needs a batch, and remembers averages for predicting.

"Layer norm" has three meanings. The course's, above, is the group norm of one group. Keras's
`LayerNormalization(axis=(1, 2, 3))` has its statistics, but a gamma and a beta for each of the
h * w * c places, so that it fits one image size only. `LayerNormalization(axis=-1)`, Keras's usual,
has c gammas as the course's, but each pixel a mean and a variance of its own, n * h * w of them.

Sources: The School of AI, EVA session 5; Ioffe and Szegedy, Batch normalization (2015); Ba, Kiros
and Hinton, Layer normalization (2016); Ulyanov, Vedaldi and Lempitsky, Instance normalization
(2016); Wu and He, Group normalization (2018).
"""

import numpy as np

NORMS = ("batch", "layer", "group", "instance")
EPSILON = 1e-5  # keeps a set of equal numbers from a division by 0


def standardize(x: np.ndarray, axes, epsilon: float = EPSILON) -> np.ndarray:
    """x less its mean over `axes`, divided by the root of its variance plus epsilon.

    Computed in float32 or wider.
    """
    x = np.asarray(x)
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
    return _affine(standardize(x, axes, epsilon), gamma, beta, or_each_place=True)


def group_norm(x, gamma=1.0, beta=0.0, epsilon=EPSILON, groups=2) -> np.ndarray:
    """Each image by the statistics of `groups` groups of neighbouring channels.

    Raises:
        ValueError: the groups do not divide the channels.
    """
    _require_maps(x)
    *places, channels = np.shape(x)
    _require_divisor(groups, channels)
    grouped = np.reshape(x, (*places, groups, channels // groups))
    return _affine(standardize(grouped, (1, 2, 4), epsilon).reshape(np.shape(x)), gamma, beta)


def instance_norm(x, gamma=1.0, beta=0.0, epsilon=EPSILON) -> np.ndarray:
    """Each channel of each image by its own statistics."""
    _require_maps(x)
    return _affine(standardize(x, (1, 2), epsilon), gamma, beta)


def sharing(norm: str, images: int, channels: int, groups: int = 2) -> np.ndarray:
    """Which set each cell (image, channel) belongs to, numbered from 0: (n, c) integers.

    Raises:
        ValueError: an unknown norm, or groups that do not divide the channels.
    """
    image, channel = np.indices((images, channels))
    if norm == "batch":
        return channel
    if norm not in NORMS:
        raise ValueError(f"norm={norm!r} must be one of {', '.join(NORMS)}")
    groups = {"layer": 1, "group": groups, "instance": channels}[norm]
    _require_divisor(groups, channels)
    return image * groups + channel * groups // channels


def counts(shape: tuple[int, int, int, int], groups: int = 2) -> dict[str, tuple[int, int]]:
    """Norm -> (means, gammas) of maps (n, h, w, c); there are as many variances and betas.

    The four of the course, then Keras's two layer norms.

    Raises:
        ValueError: a shape of other than four sides, or groups that do not divide the channels.
    """
    if len(shape) != 4 or min(shape) < 1:
        raise ValueError(f"shape {shape} must be that of maps (n, h, w, c), each 1 or more")
    n, h, w, c = shape
    course = {norm: (int(sharing(norm, n, c, groups).max()) + 1, c) for norm in NORMS}
    keras = {"layer, axis=(1, 2, 3)": (n, h * w * c), "layer, axis=-1": (n * h * w, c)}
    return course | keras


def _affine(x, gamma, beta, or_each_place=False) -> np.ndarray:
    """gamma x + beta, each one number, (c,), or where it may be (h, w, c)."""
    shapes = {(): "one number", x.shape[3:]: "(c,)"}
    shapes |= {x.shape[1:]: "(h, w, c)"} if or_each_place else {}
    for name, values in (("gamma", gamma), ("beta", beta)):
        if np.shape(values) not in shapes:
            raise ValueError(
                f"{name} of shape {np.shape(values)} does not fit maps {x.shape}; "
                f"want {' or '.join(shapes.values())}"
            )
    return gamma * x + beta


def _require_maps(x) -> None:
    if np.ndim(x) != 4:
        raise ValueError(
            f"a norm takes maps (n, h, w, c), got shape {np.shape(x)}; "
            f"one image (h, w, c) becomes a batch by image[None]"
        )


def _require_divisor(groups: int, channels: int) -> None:
    if groups < 1 or channels % groups:
        divide = [str(n) for n in range(1, channels + 1) if channels % n == 0]
        raise ValueError(
            f"groups={groups} does not divide {channels} channels; {', '.join(divide)} do"
        )
