"""ConvMixer: patches mixed over space by depthwise convolutions, over channels by 1x1 ones.

    image -> patches, GELU, norm -> blocks x depth -> mean -> logits
    block:  x + norm(GELU(depthwise(x))), then norm(GELU(1x1 convolution))

    name                   image  patch  kernel  width  depth  classes  parameters
    convmixer_1536_20        224      7       9  1,536     20    1,000  51,625,960
    convmixer_256_8           32      2       5    256      8       10     594,186

Source: Trockman and Kolter, Patches are all you need? (arXiv:2201.09792). The residual leads around
the depthwise part alone, and each GELU stands before its norm. No deviations.
"""

import keras
from keras import layers

from zoo import checks
from zoo.layers import FusedConv2D, normalization
from zoo.registry import register

PAPER = {"session": 10, "source": "arxiv.org/abs/2201.09792"}


def gelu_norm(x, name):
    x = layers.Activation("gelu", name=f"{name}_gelu")(x)
    return normalization(x, "batch", f"{name}_bn")


def block(x, kernel_size, name):
    """Depthwise convolution beside a shortcut, then a 1x1 convolution."""
    width = x.shape[-1]
    y = FusedConv2D(width, kernel_size, groups=width, padding="same", name=f"{name}_depthwise")(x)
    y = gelu_norm(y, f"{name}_depthwise")
    x = layers.Add(name=f"{name}_add")([x, y])
    x = FusedConv2D(width, 1, name=f"{name}_pointwise")(x)
    return gelu_norm(x, f"{name}_pointwise")


@register(**PAPER, params=51_625_960)
def convmixer_1536_20(
    *,
    input_shape=(224, 224, 3),
    num_classes=1000,
    patch=7,
    kernel_size=9,
    width=1536,
    depth=20,
    name="convmixer_1536_20",
):
    """ConvMixer-1536/20 as published, for ImageNet.

    Args:
        patch: side of a patch in pixels, the kernel and the stride of the first convolution.
        kernel_size: of the depthwise convolutions.
        width: number of channels everywhere.
        depth: number of blocks.

    Raises:
        ValueError: if an argument is out of its range.
    """
    own = {"patch": patch, "kernel_size": kernel_size, "width": width, "depth": depth}
    for option, number in own.items():
        checks.whole_number(option, number, least=1)
    image = keras.Input(input_shape, name="image")
    x = FusedConv2D(width, patch, strides=patch, name="patches")(image)  # (b, 32, 32, 1536)
    x = gelu_norm(x, "patches")
    for i in range(1, depth + 1):
        x = block(x, kernel_size, f"block{i}")
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name=name)


@register(**PAPER, dataset="cifar10", variant_of="convmixer_1536_20", params=594_186)
def convmixer_256_8(
    *,
    input_shape=(32, 32, 3),
    num_classes=10,
    patch=2,
    kernel_size=5,
    width=256,
    depth=8,
    name="convmixer_256_8",
):
    """ConvMixer-256/8 with patches of 2x2 pixels, for CIFAR."""
    return convmixer_1536_20(
        input_shape=input_shape,
        num_classes=num_classes,
        patch=patch,
        kernel_size=kernel_size,
        width=width,
        depth=depth,
        name=name,
    )
