"""Inception v3: large kernels split into small and one-sided ones, 23,817,352 parameters.

    part              map            blocks       what stands side by side
    stem              35x35x192      -            five convolutions, two poolings
    mixed0 to 2       35x35x288      square       1x1 | 5x5 | 3x3 3x3 | mean
    mixed3            17x17x768      reduction    3x3 | 3x3 3x3 | max, all at stride 2
    mixed4 to 7       17x17x768      one_sided    1x1 | 1x7 7x1 | 7x1 1x7 7x1 1x7 | mean
    mixed8            8x8x1280       reduction    3x3 | 1x7 7x1 3x3 | max, all at stride 2
    mixed9 and 10     8x8x2048       fanned       1x1 | 1x3 and 3x1 | 3x3, 1x3 and 3x1 | mean

The counts are at 1,000 classes; with the moving statistics of the norms 23,851,784. Source: Szegedy
et al., Rethinking the Inception architecture (2015), as its authors' code and keras.applications
have it, weight for weight: 5x5 is left in the first blocks, the stem is not table 1's, norms have
no gamma. With `variant="torchvision"` they have one (23,834,568 parameters), and means count the
zeros around a map, as in torchvision and timm, whose weights need both. Deviations: no auxiliary
classifier, norms of momentum 0.9, He's initial values.
"""

import functools

import keras
from keras import layers

from zoo import checks
from zoo.layers import FusedBatchNormalization, FusedConv2D
from zoo.registry import register

SMALLEST = 75  # pixels that leave one value of the last map
INNER = {"mixed4": 128, "mixed5": 160, "mixed6": 160, "mixed7": 192}  # of the one-sided kernels


def conv_norm_relu(x, filters, kernel_size, name, strides=1, padding="same", *, gamma):
    """Convolution without bias, norm with or without gamma, ReLU."""
    x = FusedConv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    x = FusedBatchNormalization(momentum=0.9, epsilon=1e-3, scale=gamma, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def chain(x, name, *steps, conv):
    """Convolutions one after another, each (filters, kernel size)."""
    for i, (filters, kernel_size) in enumerate(steps, 1):
        x = conv(x, filters, kernel_size, f"{name}{i}")
    return x


def halve(x, filters, name, conv):
    """3x3 at stride 2, unpadded: 35 -> 17 -> 8."""
    return conv(x, filters, 3, name, strides=2, padding="valid")


def mean_conv(x, filters, name, conv, *, count_padding):
    """The mean of each 3x3, then a 1x1 convolution."""
    if count_padding:  # Keras's "same" divides by the number of pixels inside the map
        x = layers.ZeroPadding2D(1, name=f"{name}_mean_pad")(x)
    padding = "valid" if count_padding else "same"
    x = layers.AveragePooling2D(3, strides=1, padding=padding, name=f"{name}_mean")(x)
    return conv(x, filters, 1, f"{name}_pool")


def square(x, filters, name, conv, pooled):
    """`filters` of them behind the pooling."""
    branches = [
        conv(x, 64, 1, f"{name}_1x1"),
        chain(x, f"{name}_5x5_", (48, 1), (64, 5), conv=conv),
        chain(x, f"{name}_double_", (64, 1), (96, 3), (96, 3), conv=conv),
        pooled(x, filters, name),
    ]
    return layers.Concatenate(name=name)(branches)


def one_sided(x, inner, name, conv, pooled):
    """n x n as 1 x n and n x 1, for n = 7."""
    row, column = (1, 7), (7, 1)
    long = [(inner, column), (inner, row), (inner, column), (192, row)]
    branches = [
        conv(x, 192, 1, f"{name}_1x1"),
        chain(x, f"{name}_7x7_", (inner, 1), (inner, row), (192, column), conv=conv),
        chain(x, f"{name}_double_", (inner, 1), *long, conv=conv),
        pooled(x, 192, name),
    ]
    return layers.Concatenate(name=name)(branches)


def fan(x, name, conv):
    """1x3 and 3x1 side by side: wider where the map is smallest."""
    branches = [conv(x, 384, (1, 3), f"{name}_row"), conv(x, 384, (3, 1), f"{name}_column")]
    return layers.Concatenate(name=name)(branches)


def fanned(x, name, conv, pooled):
    """Two branches end in a fan each."""
    branches = [
        conv(x, 320, 1, f"{name}_1x1"),
        fan(conv(x, 384, 1, f"{name}_3x3_1"), f"{name}_3x3", conv),
        fan(chain(x, f"{name}_double_", (448, 1), (384, 3), conv=conv), f"{name}_double", conv),
        pooled(x, 192, name),
    ]
    return layers.Concatenate(name=name)(branches)


def reduction(x, small, large, name):
    """Half the side without squeezing first: convolutions and pooling share the work."""
    branches = [small, large, layers.MaxPooling2D(3, strides=2, name=f"{name}_max")(x)]
    return layers.Concatenate(name=name)(branches)


@register(
    session=8,
    source="arxiv.org/abs/1512.00567",
    cam_layer="mixed10",
    params=23_817_352,
)
def inception_v3(*, input_shape=(299, 299, 3), num_classes=1000, dropout=0.2, variant="keras"):
    """Inception v3, the logits of keras.applications.InceptionV3.

    `variant="torchvision"` gives the logits of torchvision's and timm's.

    Raises:
        ValueError: if there is no such variant, `dropout` is not from 0 to 1, or the image is
            smaller than 75 pixels.
    """
    checks.probability("dropout", dropout)
    checks.one_of("variant", variant, ("keras", "torchvision"))
    if any(side is not None and side < SMALLEST for side in input_shape[:2]):
        raise ValueError(
            f"input_shape={tuple(input_shape)} is too small for inception_v3, whose last map "
            f"would be empty; the smallest side is {SMALLEST} pixels"
        )
    torchvision = variant == "torchvision"
    conv = functools.partial(conv_norm_relu, gamma=torchvision)
    pooled = functools.partial(mean_conv, conv=conv, count_padding=torchvision)
    image = keras.Input(input_shape, name="image")  # (b, 299, 299, 3)
    x = halve(image, 32, "stem1", conv)  # (b, 149, 149, 32)
    x = conv(x, 32, 3, "stem2", padding="valid")
    x = conv(x, 64, 3, "stem3")  # (b, 147, 147, 64)
    x = layers.MaxPooling2D(3, strides=2, name="stem_pool1")(x)  # (b, 73, 73, 64)
    x = conv(x, 80, 1, "stem4")
    x = conv(x, 192, 3, "stem5", padding="valid")  # (b, 71, 71, 192)
    x = layers.MaxPooling2D(3, strides=2, name="stem_pool2")(x)  # (b, 35, 35, 192)

    for name, filters in {"mixed0": 32, "mixed1": 64, "mixed2": 64}.items():
        x = square(x, filters, name, conv, pooled)  # (b, 35, 35, 256), then 288
    small = halve(x, 384, "mixed3_3x3", conv)
    large = chain(x, "mixed3_double_", (64, 1), (96, 3), conv=conv)
    large = halve(large, 96, "mixed3_double_3", conv)
    x = reduction(x, small, large, "mixed3")  # (b, 17, 17, 768)
    for name, inner in INNER.items():
        x = one_sided(x, inner, name, conv, pooled)
    small = halve(conv(x, 192, 1, "mixed8_3x3_1"), 320, "mixed8_3x3_2", conv)
    large = chain(x, "mixed8_7x7_", (192, 1), (192, (1, 7)), (192, (7, 1)), conv=conv)
    x = reduction(x, small, halve(large, 192, "mixed8_7x7_4", conv), "mixed8")  # (b, 8, 8, 1280)
    for name in ("mixed9", "mixed10"):
        x = fanned(x, name, conv, pooled)  # (b, 8, 8, 2048)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name="inception_v3")
