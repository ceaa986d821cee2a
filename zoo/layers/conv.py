"""Convolution, batch norm, ReLU: the brick of nearly every net of the course."""

from keras import layers

from zoo.layers.fused import BatchNormalization, Conv2D


def conv_bn_relu(
    x, filters, name, *, kernel_size=3, strides=1, dilation_rate=1, padding="same", pool=False
):
    """Convolution without bias, 2x2 max-pooling if `pool`, batch norm, ReLU.

    The norm's momentum and epsilon are those of the course's PyTorch nets (0.9 and 1e-5): Keras's
    own 0.99 still averages over the first epochs when a short run is already over.
    """
    x = Conv2D(
        filters,
        kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    if pool:
        x = layers.MaxPooling2D(name=f"{name}_pool")(x)
    x = BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
