"""The norms of session 5, one name each."""

from keras import layers

from zoo.layers.fused import BatchNormalization

NORMS = ("batch", "layer", "group", "instance")


def normalization(x, norm: str, name: str, *, groups: int = 2):
    """Batch, layer, group or instance norm of maps (b, h, w, c), a gamma and a beta a channel.

    They differ in what shares a mean and a variance: a channel over the whole batch; an image; a
    group of an image's channels; one channel of an image. Source: Wu and He, Group normalization
    (2018). As in the course the layer norm is the group norm of one group.

    Raises:
        ValueError: an unknown norm, or a number of groups that does not divide the channels.
    """
    channels = x.shape[-1]
    if norm == "batch":  # momentum and epsilon of the course's PyTorch nets
        return BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)
    if norm not in NORMS:
        raise ValueError(f"norm={norm!r} must be one of {', '.join(NORMS)}")
    groups = {"layer": 1, "group": groups, "instance": channels}[norm]
    if groups < 1 or channels % groups:
        divide = [str(n) for n in range(1, channels + 1) if channels % n == 0]
        raise ValueError(
            f"{name}: {groups} groups do not divide {channels} channels; {', '.join(divide)} do"
        )
    return layers.GroupNormalization(groups, epsilon=1e-5, name=name)(x)
