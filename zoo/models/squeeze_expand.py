"""Squeeze and expand, session 2: the course's first net, 3,188,234 parameters at ten classes.

    image (400, 400, 3) -> 32 -> 64 128 256 512 -> pool, 1x1 32 -> 64 128 256 512 -> pool, 1x1 32
    -> 64 -> mean -> logits

A block of 3x3 convolutions doubles its channels up to 512; a transition halves the map and squeezes
the channels to 32 with a 1x1 convolution. Nothing is padded. How far a value sees, in pixels:

                first  block 1   transition  block 2      transition  block 3
    the course  3      5 7 9 11  22          24 26 28 30  60          62
    exactly     3      5 7 9 11  12          16 20 24 28  30          38

The course lets max-pooling double the field, which is too much, and lets a 3x3 convolution behind
it add 2, which is too little: the values it looks at lie 2, then 4 pixels apart.

Without padding or strides an image of 400x400 costs 295 billion multiply-adds: a net to count with,
not to train.

Source: The School of AI, EVA session 2, where the third block is left open after its first layer.
Where the lesson leaves a choice: biases, a ReLU after each convolution, He's initial values, and
the mean and one fully connected layer as the end.
"""

import keras
from keras import layers

from zoo.layers import FusedConv2D
from zoo.registry import register

BLOCK, SQUEEZED = (64, 128, 256, 512), 32
SMALLEST = 38  # pixels that leave one value of the last map


def conv_relu(x, filters, name, kernel_size=3):
    x = FusedConv2D(filters, kernel_size, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def block(x, name):
    for i, filters in enumerate(BLOCK, 1):
        x = conv_relu(x, filters, f"{name}_{i}")
    return x


def transition(x, name):
    x = layers.MaxPooling2D(name=f"{name}_pool")(x)
    return conv_relu(x, SQUEEZED, name, 1)


@register(
    session=2,
    source="The School of AI, EVA session 2",
    cam_layer="block3_1_relu",
    params=3_188_234,
)
def squeeze_expand(*, input_shape=(400, 400, 3), num_classes=10):
    """Blocks that widen from 32 to 512 channels, 1x1 convolutions that squeeze them back.

    Raises:
        ValueError: if the image is smaller than 38 pixels.
    """
    if any(side is not None and side < SMALLEST for side in input_shape[:2]):
        raise ValueError(
            f"input_shape={tuple(input_shape)} is too small for squeeze_expand, whose last map "
            f"would be empty; the smallest side is {SMALLEST} pixels"
        )
    image = keras.Input(input_shape, name="image")  # (b, 400, 400, 3)
    x = conv_relu(image, 32, "first")  # (b, 398, 398, 32)
    x = block(x, "block1")  # (b, 390, 390, 512)
    x = transition(x, "transition1")  # (b, 195, 195, 32)
    x = block(x, "block2")  # (b, 187, 187, 512)
    x = transition(x, "transition2")  # (b, 93, 93, 32)
    x = conv_relu(x, BLOCK[0], "block3_1")  # (b, 91, 91, 64), where GradCAM looks
    x = layers.GlobalAveragePooling2D(name="mean")(x)  # (b, 64)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name="squeeze_expand")
