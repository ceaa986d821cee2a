"""VGG-16: thirteen 3x3 convolutions and three fully connected layers, 138,357,544 parameters.

    64 64 | 128 128 | 256 256 256 | 512 512 512 | 512 512 512 | -> 4096 -> 4096 -> logits

A max-pooling ends each block. Nine in ten of the parameters are in the fully connected layers.
Source: Simonyan and Zisserman, Very deep convolutional networks (2014), configuration D. Deviation:
He's initial values in place of training a shallower net first.
"""

import keras
from keras import layers

from zoo import checks
from zoo.layers import FusedConv2D
from zoo.registry import register

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
HE = {"kernel_initializer": "he_normal"}


def conv_relu(x, filters, block, i):
    x = FusedConv2D(filters, 3, padding="same", name=f"{block}_conv{i}", **HE)(x)
    return layers.ReLU(name=f"{block}_relu{i}")(x)


def fully_connected(x, dropout, name):
    x = layers.Dense(4096, activation="relu", name=name, **HE)(x)
    return layers.Dropout(dropout, name=f"{name}_dropout")(x)


@register(
    session=8,
    source="arxiv.org/abs/1409.1556",
    cam_layer="block5_relu3",
    params=138_357_544,
)
def vgg16(*, input_shape=(224, 224, 3), num_classes=1000, dropout=0.5):
    """VGG-16, configuration D of the paper.

    Raises:
        ValueError: if `dropout` is not from 0 to 1.
    """
    checks.probability("dropout", dropout)
    image = x = keras.Input(input_shape, name="image")  # (b, 224, 224, 3)
    for block, widths in enumerate(BLOCKS, 1):
        for i, filters in enumerate(widths, 1):
            x = conv_relu(x, filters, f"block{block}", i)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    x = layers.Flatten(name="flatten")(x)  # (b, 25088), from maps of 7x7
    x = fully_connected(x, dropout, "fc6")  # (b, 4096)
    x = fully_connected(x, dropout, "fc7")  # (b, 4096)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name="vgg16")
