"""The norms of session 5, one name each."""

from keras import layers

from zoo import checks
from zoo.layers.fused import FusedBatchNormalization
from zoo.layers.maps import channels_of, divisors

NORMS = ("batch", "layer", "group", "instance")


def normalization(x, norm: str, name: str, *, groups: int = 2):
    """Batch, layer, group or instance norm of maps (b, h, w, c), one gamma and beta per channel.

    They differ in what shares a mean and a variance: a channel over the whole batch; an image; a
    group of an image's channels; one channel of an image. Source: Wu and He, Group normalization
    (2018). As in the course the layer norm is the group norm of one group.

    Raises:
        ValueError: if the norm is unknown, the number of groups does not divide the channels, or
            `x` is not maps.
    """
    checks.one_of("norm", norm, NORMS)
    channels = channels_of(x, name)
    if norm == "batch":  # momentum and epsilon of the course's PyTorch nets
        return FusedBatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)
    groups = {"layer": 1, "group": groups, "instance": channels}[norm]
    if checks.whole_number("groups", groups) < 1 or channels % groups:
        raise ValueError(
            f"{name}: {groups} groups do not divide {channels} channels; {divisors(channels)} do"
        )
    return layers.GroupNormalization(groups, epsilon=1e-5, name=name)(x)
