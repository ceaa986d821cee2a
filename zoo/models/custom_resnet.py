"""Custom ResNet, session 8: the nine-layer net of the DAWNBench races, 6,573,130 parameters.

    prep 64 -> layer1 128 + residual -> layer2 256 -> layer3 512 + residual -> max -> logits

Source: the course's session 8, after davidcpage/cifar10-fast. Deviations: as in the course, pooling
stands before the norm and a fully connected layer with bias ends the net; cifar10-fast's factor of
1/8 on the logits stands before that layer. Its trained weights are stored in half precision.
Measured: the s8_custom_resnet rows of results/.
"""

import keras
from keras import layers

from zoo.layers import conv_bn_relu
from zoo.registry import register


def residual(x, filters, name):
    y = conv_bn_relu(x, filters, f"{name}_res1")
    y = conv_bn_relu(y, filters, f"{name}_res2")
    return layers.Add(name=f"{name}_add")([x, y])


@register(
    session=8,
    dataset="cifar10",
    source="The School of AI, EVA session 8; github.com/davidcpage/cifar10-fast",
    cam_layer="layer2_relu",
    params=6_573_130,
)
def custom_resnet(*, input_shape=(32, 32, 3), num_classes=10):
    """Nine-layer residual net of the DAWNBench races."""
    image = keras.Input(input_shape, name="image")  # (b, 32, 32, 3)
    x = conv_bn_relu(image, 64, "prep")  # (b, 32, 32, 64)
    x = conv_bn_relu(x, 128, "layer1", pool=True)  # (b, 16, 16, 128)
    x = residual(x, 128, "layer1")
    x = conv_bn_relu(x, 256, "layer2", pool=True)  # (b, 8, 8, 256), where GradCAM looks
    x = conv_bn_relu(x, 512, "layer3", pool=True)  # (b, 4, 4, 512), too coarse for it
    x = residual(x, 512, "layer3")
    x = layers.GlobalMaxPooling2D(name="pool")(x)  # (b, 512); at 32x32 a max-pool of 4
    # Without it, learning rates that suit the body are too high for the head.
    x = layers.Rescaling(1 / 8, name="scale")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name="custom_resnet")
