"""VGG-16: thirteen 3x3 convolutions and three fully connected layers, 138,357,544 parameters.

    64 64 | 128 128 | 256 256 256 | 512 512 512 | 512 512 512 | -> 4096 -> 4096 -> logits

A max-pooling ends each block. Nine in ten of the parameters are in the fully connected layers.
Source: Simonyan and Zisserman, Very deep convolutional networks (2014), configuration D. Deviation:
He's initial values in place of training a shallower net first.
"""

import keras
from keras import layers

from zoo.layers import Conv2D
from zoo.registry import register

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


@register(session=8, source="arxiv.org/abs/1409.1556", cam_layer="block5_relu3")
def vgg16(*, input_shape=(224, 224, 3), num_classes=1000, dropout=0.5):
    """VGG-16, configuration D of the paper."""
    image = x = keras.Input(input_shape, name="image")  # (b, 224, 224, 3)
    he = {"kernel_initializer": "he_normal"}
    for block, widths in enumerate(BLOCKS, 1):
        for i, filters in enumerate(widths, 1):
            x = Conv2D(filters, 3, padding="same", name=f"block{block}_conv{i}", **he)(x)
            x = layers.ReLU(name=f"block{block}_relu{i}")(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    x = layers.Flatten(name="flatten")(x)  # (b, 25088), from maps of 7x7
    for i in (6, 7):
        x = layers.Dense(4096, activation="relu", name=f"fc{i}", **he)(x)
        x = layers.Dropout(dropout, name=f"fc{i}_dropout")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name="vgg16")
