"""Convolution, batch norm, ReLU: what most nets of the course are built of, whole or factorised.

Sources: for the depthwise separable one Howard et al., MobileNets (2017), for the spatially
separable one Szegedy et al., Rethinking the Inception architecture (2015).
"""

from keras import layers

from zoo import checks
from zoo.layers.fused import FusedConv2D
from zoo.layers.maps import channels_of, divisors
from zoo.layers.norm import normalization


def conv_bn_relu(
    x,
    filters,
    name,
    *,
    kernel_size=3,
    strides=1,
    dilation_rate=1,
    groups=1,
    padding="same",
    pool=False,
):
    """Convolution without bias, 2x2 max-pooling if `pool`, batch norm, ReLU.

    The norm's momentum and epsilon are those of the course's PyTorch nets (0.9 and 1e-5): Keras's
    own 0.99 still averages over the first epochs when a short run is already over.

    Raises:
        ValueError: if `x` is not maps, a size is not a whole number of 1 or more, or the number of
            groups does not divide the channels of `x` and the filters.
    """
    channels = channels_of(x, name)
    checks.whole_number("filters", filters, least=1)
    _check_sides(kernel_size=kernel_size, strides=strides, dilation_rate=dilation_rate)
    if checks.whole_number("groups", groups) < 1 or channels % groups or filters % groups:
        raise ValueError(
            f"{name}: {groups} groups do not divide {channels} channels and {filters} filters; "
            f"{divisors(channels, filters)} do"
        )
    x = FusedConv2D(
        filters,
        kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
        groups=groups,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    if pool:
        x = layers.MaxPooling2D(name=f"{name}_pool")(x)
    x = normalization(x, "batch", f"{name}_bn")
    return layers.ReLU(name=f"{name}_relu")(x)


def depthwise_separable(x, filters, name, **conv):
    """One kernel per channel, which looks around; then 1x1, which mixes the channels.

    16 channels to 32 take 3x3x16 + 16x32 = 656 weights, an ordinary 3x3 takes 4,608. `conv` goes
    to the first of the two: kernel_size, strides, dilation_rate, padding.

    Raises:
        ValueError: as `conv_bn_relu`.
    """
    channels = channels_of(x, name)
    x = conv_bn_relu(x, channels, f"{name}_depthwise", groups=channels, **conv)
    return conv_bn_relu(x, filters, name, kernel_size=1)


def spatially_separable(x, filters, name, *, kernel_size=3, between=None):
    """n x 1, then 1 x n: what n x n sees, with 2n weights per pair of channels instead of n².

    `between` is the number of channels between the two, by default that of `x`.

    Raises:
        ValueError: as `conv_bn_relu`.
    """
    between = channels_of(x, name) if between is None else between
    x = conv_bn_relu(x, between, f"{name}_column", kernel_size=(kernel_size, 1))
    return conv_bn_relu(x, filters, name, kernel_size=(1, kernel_size))


def _check_sides(**sizes) -> None:
    """Raise ValueError unless each is a whole number of 1 or more, or two of them."""
    for name, size in sizes.items():
        sides = size if isinstance(size, tuple | list) and len(size) == 2 else (size,)
        for side in sides:
            checks.whole_number(name, side, least=1)
