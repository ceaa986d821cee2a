"""MNIST under 20,000 parameters, session 3's task: convolutions, a mean, a fully connected layer.

    image (28, 28, 1) -> conv 12, 16 | max-pool | conv 16, 24 | max-pool | conv 24, 26
        -> mean (26,) -> fully connected 24 -> logits;  19,530 parameters

Source: The School of AI, EVA session 3 (batch norm, dropout, a fully connected layer and global
average pooling; fewer than 20 epochs; at least 99.4 %). The channels are ours.
"""

import keras
from keras import layers

from zoo import checks
from zoo.layers import conv_bn_relu
from zoo.registry import register


@register(
    session=3,
    dataset="mnist",
    source="The School of AI, EVA session 3",
    cam_layer="conv6_relu",
    params=19_530,
)
def mnist_20k(*, input_shape=(28, 28, 1), num_classes=10, dropout=0.05):
    """Six convolutions, global average pooling, a fully connected layer.

    Raises:
        ValueError: if `dropout` is not from 0 to 1.
    """
    checks.probability("dropout", dropout)
    image = keras.Input(input_shape, name="image")  # (b, 28, 28, 1)
    x = conv_bn_relu(image, 12, "conv1")
    x = conv_bn_relu(x, 16, "conv2", pool=True)  # (b, 14, 14, 16)
    x = layers.Dropout(dropout, name="drop1")(x)
    x = conv_bn_relu(x, 16, "conv3")
    x = conv_bn_relu(x, 24, "conv4", pool=True)  # (b, 7, 7, 24)
    x = layers.Dropout(dropout, name="drop2")(x)
    x = conv_bn_relu(x, 24, "conv5")
    x = conv_bn_relu(x, 26, "conv6")  # (b, 7, 7, 26), where GradCAM looks
    x = layers.GlobalAveragePooling2D(name="mean")(x)  # (b, 26)
    x = layers.Dense(24, activation="relu", name="connected")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name="mnist_20k")
