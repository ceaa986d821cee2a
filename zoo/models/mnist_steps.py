"""The ten steps of session 4: from a net that works to a net that is small, one idea at a time.

    step  idea                     parameters
    1     set-up                    6,379,786   seven wide convolutions
    2     skeleton                    194,884   blocks of convolutions, a 1x1 squeeze between them
    3     lighter                      10,790   the same with fewer channels
    4     batch norm                   10,970
    5     dropout                      10,970
    6     global average pooling        6,070   instead of the 7x7 convolution, the largest layer
    7     more capacity                11,994   spent behind the pooling
    8     pooling moved                13,808   to a receptive field of 5; dropout everywhere
    9     rotation                     13,808   step 8, trained on images turned by up to 7 degrees
    10    rate / 10                    13,808   step 9, its rate cut after epoch 6

Source: The School of AI, EVA session 4 (in some years 5). Deviation: where the lesson leaves a ReLU
on the logits, there is none here. Trained and compared by recipes/s4_drill_down.py.
"""

import keras
from keras import layers

from zoo import checks
from zoo.layers import FusedConv2D, normalization
from zoo.registry import register

LESSON = {"session": 4, "dataset": "mnist", "source": "The School of AI, EVA session 4"}
MNIST = (28, 28, 1)


def conv_relu(x, filters, name, kernel_size=3, **conv):
    x = FusedConv2D(filters, kernel_size, name=f"{name}_conv", **conv)(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def block(x, filters, name, kernel_size=3, norm=True, relu=True):
    x = FusedConv2D(filters, kernel_size, use_bias=False, name=f"{name}_conv")(x)
    if norm:
        x = normalization(x, "batch", f"{name}_bn")
    if relu:
        x = layers.ReLU(name=f"{name}_relu")(x)
    return x


@register(**LESSON, cam_layer="conv4_relu", params=6_379_786)
def mnist_step1(*, input_shape=MNIST, num_classes=10, name="mnist_step1"):
    """Set-up: seven 3x3 convolutions, 6.4 million parameters."""
    image = keras.Input(input_shape, name="image")  # (b, 28, 28, 1)
    x = conv_relu(image, 32, "conv1", padding="same")
    x = conv_relu(x, 64, "conv2", padding="same")
    x = layers.MaxPooling2D(name="pool1")(x)  # (b, 14, 14, 64)
    x = conv_relu(x, 128, "conv3", padding="same")
    x = conv_relu(x, 256, "conv4", padding="same")
    x = layers.MaxPooling2D(name="pool2")(x)  # (b, 7, 7, 256)
    x = conv_relu(x, 512, "conv5")  # (b, 5, 5, 512)
    x = conv_relu(x, 1024, "conv6")  # (b, 3, 3, 1024)
    x = FusedConv2D(num_classes, x.shape[1:3], name="conv7")(x)  # (b, 1, 1, 10), without ReLU
    return keras.Model(image, layers.Flatten(name="logits")(x), name=name)


def skeleton(
    name,
    input_shape,
    num_classes,
    wide=(10, 10, 20),
    squeeze=10,
    deep=(10, 20),
    norm=True,
    dropout=0.0,
    pooled=False,
):
    """Steps 2 to 6: wide block, pool, squeeze, deep block, 1x1 to the classes, 7x7 or mean.

    Raises:
        ValueError: if `dropout` is not from 0 to 1.
    """
    checks.probability("dropout", dropout)
    image = x = keras.Input(input_shape, name="image")  # (b, 28, 28, 1)
    for i, filters in enumerate(wide, 1):
        x = block(x, filters, f"wide{i}", norm=norm)  # (b, 22, 22, ·)
    if dropout:
        x = layers.Dropout(dropout, name="wide_dropout")(x)
    x = layers.MaxPooling2D(name="pool")(x)  # (b, 11, 11, ·)
    x = block(x, squeeze, "squeeze", 1, norm)
    for i, filters in enumerate(deep, 1):
        x = block(x, filters, f"deep{i}", norm=norm)  # (b, 7, 7, ·)
    if dropout:
        x = layers.Dropout(dropout, name="deep_dropout")(x)
    x = block(x, num_classes, "classes", 1, norm, relu=not pooled)  # (b, 7, 7, 10)
    if pooled:
        logits = layers.GlobalAveragePooling2D(name="logits")(x)
    else:
        x = FusedConv2D(num_classes, x.shape[1:3], use_bias=False, name="whole_conv")(x)
        logits = layers.Flatten(name="logits")(x)
    return keras.Model(image, logits, name=name)


@register(**LESSON, cam_layer="deep2_relu", params=194_884)
def mnist_step2(*, input_shape=MNIST, num_classes=10):
    """Skeleton: the shape of the net, still too wide."""
    wide = {"wide": (32, 64, 128), "squeeze": 32, "deep": (64, 128)}
    return skeleton("mnist_step2", input_shape, num_classes, norm=False, **wide)


@register(**LESSON, cam_layer="deep2_relu", params=10_790)
def mnist_step3(*, input_shape=MNIST, num_classes=10):
    """Lighter: the skeleton with ten to twenty channels."""
    return skeleton("mnist_step3", input_shape, num_classes, norm=False)


@register(**LESSON, cam_layer="deep2_relu", params=10_970)
def mnist_step4(*, input_shape=MNIST, num_classes=10):
    """Batch norm after every convolution but the last."""
    return skeleton("mnist_step4", input_shape, num_classes)


@register(**LESSON, cam_layer="deep2_relu", params=10_970)
def mnist_step5(*, input_shape=MNIST, num_classes=10, dropout=0.25):
    """Dropout at the end of each block."""
    return skeleton("mnist_step5", input_shape, num_classes, dropout=dropout)


@register(**LESSON, cam_layer="deep2_relu", params=6_070)
def mnist_step6(*, input_shape=MNIST, num_classes=10, dropout=0.25):
    """Global average pooling in place of the 7x7 convolution."""
    return skeleton("mnist_step6", input_shape, num_classes, dropout=dropout, pooled=True)


@register(**LESSON, cam_layer="deep3_relu", params=11_994)
def mnist_step7(*, input_shape=MNIST, num_classes=10, dropout=0.25):
    """More capacity: a third convolution behind the pooling, and a 1x1 after the mean.

    Raises:
        ValueError: if `dropout` is not from 0 to 1.
    """
    checks.probability("dropout", dropout)
    image = keras.Input(input_shape, name="image")  # (b, 28, 28, 1)
    x = block(image, 10, "wide1")
    x = block(x, 10, "wide2")
    x = block(x, 20, "wide3")  # (b, 22, 22, 20)
    x = layers.Dropout(dropout, name="wide_dropout")(x)
    x = layers.MaxPooling2D(name="pool")(x)  # (b, 11, 11, 20)
    x = block(x, 10, "squeeze", 1)
    x = block(x, 10, "deep1")
    x = block(x, 20, "deep2")
    x = block(x, 32, "deep3")  # (b, 5, 5, 32)
    x = layers.Dropout(dropout, name="deep_dropout")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)  # (b, 32)
    logits = layers.Dense(num_classes, use_bias=False, name="logits")(x)
    return keras.Model(image, logits, name="mnist_step7")


@register(**LESSON, cam_layer="deep4_drop", params=13_808)
def mnist_step8(*, input_shape=MNIST, num_classes=10, dropout=0.05, name="mnist_step8"):
    """Max-pooling at a receptive field of 5, dropout on each layer.

    Raises:
        ValueError: if `dropout` is not from 0 to 1.
    """
    checks.probability("dropout", dropout)

    def conv_drop(x, filters, name, **conv):
        x = conv_relu(x, filters, name, use_bias=False, **conv)
        x = normalization(x, "batch", f"{name}_bn")
        return layers.Dropout(dropout, name=f"{name}_drop")(x)

    image = keras.Input(input_shape, name="image")  # (b, 28, 28, 1)
    x = conv_drop(image, 16, "wide1")
    x = conv_drop(x, 32, "wide2")  # (b, 24, 24, 32), a receptive field of 5
    x = FusedConv2D(10, 1, use_bias=False, name="squeeze_conv")(x)
    x = layers.MaxPooling2D(name="pool")(x)  # (b, 12, 12, 10)
    x = conv_drop(x, 16, "deep1")
    x = conv_drop(x, 16, "deep2")
    x = conv_drop(x, 16, "deep3")  # (b, 6, 6, 16)
    x = conv_drop(x, 16, "deep4", padding="same")
    x = layers.GlobalAveragePooling2D(name="mean")(x)  # (b, 16)
    logits = layers.Dense(num_classes, use_bias=False, name="logits")(x)
    return keras.Model(image, logits, name=name)


@register(**LESSON, cam_layer="deep4_drop", variant_of="mnist_step8", params=13_808)
def mnist_step9(*, name="mnist_step9", **overrides):
    """The net of step 8, trained on rotated images."""
    return mnist_step8(name=name, **overrides)


@register(**LESSON, cam_layer="deep4_drop", variant_of="mnist_step8", params=13_808)
def mnist_step10(*, name="mnist_step10", **overrides):
    """The net of step 8, trained with a learning rate cut to a tenth after epoch 6."""
    return mnist_step8(name=name, **overrides)
