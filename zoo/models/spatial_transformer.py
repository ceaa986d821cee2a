"""Spatial transformer: a net that turns, scales and shifts its image before it looks at it.

    image (28, 28, 1) -> localization net -> six numbers -> the image, sampled through them
        -> convolutions 10, 20 -> fully connected 50 -> logits;  27,360 parameters

Sources: Jaderberg et al., Spatial transformer networks (arXiv:1506.02025); the nets are those of
PyTorch's tutorial on it. Its last layer starts with a kernel of zero and the identity as bias, so
that a fresh net looks at the image as it is. Deviations: no dropout of whole maps; linear numbers
in place of logarithms of probabilities at the end.
"""

import keras
from keras import layers

from zoo import checks
from zoo.layers import AffineSampling, FusedConv2D
from zoo.registry import register

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def conv_pool_relu(x, filters, kernel_size, name):
    x = FusedConv2D(filters, kernel_size, name=f"{name}_conv")(x)
    x = layers.MaxPooling2D(name=f"{name}_pool")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def localization(image):
    """What to look at: the six numbers of an affine map."""
    x = conv_pool_relu(image, 8, 7, "locate1")  # (b, 11, 11, 8)
    x = conv_pool_relu(x, 10, 5, "locate2")  # (b, 3, 3, 10)
    x = layers.Flatten(name="locate_flat")(x)
    x = layers.Dense(32, activation="relu", name="locate3")(x)
    identity = keras.initializers.Constant(IDENTITY)
    start = {"kernel_initializer": "zeros", "bias_initializer": identity}
    return layers.Dense(6, dtype="float32", name="theta", **start)(x)  # coordinates


@register(
    session=9,
    dataset="mnist",
    source="arxiv.org/abs/1506.02025",
    cam_layer="conv1_relu",
    params=27_360,
)
def spatial_transformer(
    *,
    input_shape=(28, 28, 1),
    num_classes=10,
    transform=True,
    dropout=0.5,
    name="spatial_transformer",
):
    """A small convolutional net that straightens its images first.

    Args:
        transform: False leaves out the localization net: the classifier alone.
        dropout: before the logits.

    Raises:
        ValueError: if an argument is out of its range, or the images are too small.
    """
    checks.flag("transform", transform)
    checks.probability("dropout", dropout)
    image = x = keras.Input(input_shape, name="image")  # (b, 28, 28, 1)
    if transform:
        x = AffineSampling(name="sampled")([image, localization(image)])
    x = conv_pool_relu(x, 10, 5, "conv1")  # (b, 12, 12, 10)
    x = conv_pool_relu(x, 20, 5, "conv2")  # (b, 4, 4, 20)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(50, activation="relu", name="hidden")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name=name)
