"""Convolution, batch norm, ReLU: the brick of most nets of the course, whole or taken apart.

Sources: for the depthwise separable one Howard et al., MobileNets (2017), for the spatially
separable one Szegedy et al., Rethinking the Inception architecture (2015).
"""

from keras import layers

from zoo.layers.fused import Conv2D
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
        ValueError: a number of groups that does not divide the channels of `x` and the filters.
    """
    channels = x.shape[-1]
    if groups < 1 or channels % groups or filters % groups:
        fits = [n for n in range(1, channels + 1) if channels % n == 0 and filters % n == 0]
        raise ValueError(
            f"{name}: {groups} groups do not divide {channels} channels and {filters} filters; "
            f"{', '.join(map(str, fits))} do"
        )
    x = Conv2D(
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
    """A kernel for each channel, which looks around; then 1x1, which mixes the channels.

    16 channels to 32 take 3x3x16 + 16x32 = 656 weights, an ordinary 3x3 takes 4,608. `conv` goes
    to the first of the two: kernel_size, strides, dilation_rate, padding.
    """
    channels = x.shape[-1]
    x = conv_bn_relu(x, channels, f"{name}_depthwise", groups=channels, **conv)
    return conv_bn_relu(x, filters, name, kernel_size=1)


def spatially_separable(x, filters, name, *, kernel_size=3, between=None):
    """n x 1, then 1 x n: what n x n sees with 2n weights instead of n² for a pair of channels.

    `between` is the number of channels between the two, by default that of `x`.
    """
    x = conv_bn_relu(x, between or x.shape[-1], f"{name}_column", kernel_size=(kernel_size, 1))
    return conv_bn_relu(x, filters, name, kernel_size=(1, kernel_size))
