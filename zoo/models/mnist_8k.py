"""MNIST in three steps under 8,000 parameters, session 4's task; the last has 5,150.

    image (28, 28, 1) -> 3x3 -> 3x3 -> 1x1 -> max-pool -> 3x3 -> 3x3 -> 3x3 -> mean -> logits

    step            channels                parameters
    mnist_8k_step1  10 16 10 | 14 14 14     6,628   the skeleton
    mnist_8k_step2  10 16 10 | 14 14 14     6,784   batch norm
    mnist_8k         8 14  8 | 12 12 14     5,150   slimmer; augmentation in training

Source: The School of AI, EVA session 4: at least 99.4 % in each of the last three of at most 15
epochs. As step 8 of that session found, the pooling stands at a receptive field of 5, where strokes
have become edges; the last map, 6x6, sees 18x18 pixels. Session 5 changes the norm: `norm="layer"`.
"""

import keras
from keras import layers

from zoo import checks
from zoo.layers import FusedConv2D, normalization
from zoo.registry import register

LESSON = {"session": 4, "dataset": "mnist", "source": "The School of AI, EVA session 4"}
WIDER = (10, 16, 10, 14, 14, 14)  # channels of the first two steps


@register(**LESSON, cam_layer="conv5_relu", params=5_150)
def mnist_8k(
    *,
    input_shape=(28, 28, 1),
    num_classes=10,
    channels=(8, 14, 8, 12, 12, 14),
    norm="batch",
    groups=2,
    dropout=0.0,
    name="mnist_8k",
):
    """Five convolutions and a squeeze, 5,150 parameters.

    Args:
        channels: of conv1, conv2, squeeze, conv3, conv4 and conv5.
        norm: behind each convolution, one of `zoo.layers.NORMS`; None for none.
        groups: of the group norm.
        dropout: the rate behind each convolution.

    Raises:
        ValueError: if `channels` is not six whole numbers, the norm is unknown, the groups do not
            divide the channels, or `dropout` is not from 0 to 1.
    """
    if not isinstance(channels, tuple | list) or len(channels) != 6:
        raise ValueError(f"channels={channels!r} must be six numbers, one for each convolution")
    for filters in channels:
        checks.whole_number("channels", filters, least=1)
    checks.probability("dropout", dropout)
    first, second, squeeze, third, fourth, fifth = channels

    def block(x, filters, name, kernel_size=3):
        x = FusedConv2D(filters, kernel_size, use_bias=False, name=f"{name}_conv")(x)
        if norm is not None:
            x = normalization(x, norm, f"{name}_norm", groups=groups)
        x = layers.ReLU(name=f"{name}_relu")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"{name}_drop")(x)
        return x

    image = keras.Input(input_shape, name="image")  # (b, 28, 28, 1)
    x = block(image, first, "conv1")
    x = block(x, second, "conv2")  # (b, 24, 24, 14), a receptive field of 5
    x = block(x, squeeze, "squeeze", 1)
    x = layers.MaxPooling2D(name="pool")(x)  # (b, 12, 12, 8)
    x = block(x, third, "conv3")
    x = block(x, fourth, "conv4")
    x = block(x, fifth, "conv5")  # (b, 6, 6, 14), where GradCAM looks
    x = layers.GlobalAveragePooling2D(name="mean")(x)  # (b, 14)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name=name)


@register(**LESSON, cam_layer="conv5_relu", variant_of="mnist_8k", params=6_628)
def mnist_8k_step1(*, channels=WIDER, norm=None, name="mnist_8k_step1", **overrides):
    """Step 1 under 8,000: the skeleton, without a norm."""
    return mnist_8k(channels=channels, norm=norm, name=name, **overrides)


@register(**LESSON, cam_layer="conv5_relu", variant_of="mnist_8k", params=6_784)
def mnist_8k_step2(*, channels=WIDER, name="mnist_8k_step2", **overrides):
    """Step 2 under 8,000: the skeleton with batch norm."""
    return mnist_8k(channels=channels, name=name, **overrides)
