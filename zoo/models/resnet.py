"""ResNet and ResNeXt: basic and bottleneck blocks, before and after the norm moved.

    name                stem      block       blocks       classes   parameters
    resnet18            CIFAR     basic       2 2 2 2           10   11,173,962
    resnet34            CIFAR     basic       3 4 6 3           10   21,282,122
    resnet20            CIFAR     basic       3 3 3             10      269,722
    resnet56            CIFAR     basic       9 9 9             10      853,018
    resnet18_imagenet   ImageNet  basic       2 2 2 2        1,000   11,689,512
    resnet34_imagenet   ImageNet  basic       3 4 6 3        1,000   21,797,672
    resnet50            ImageNet  bottleneck  3 4 6 3        1,000   25,557,032
    resnet101           ImageNet  bottleneck  3 4 23 3       1,000   44,549,160
    resnet152           ImageNet  bottleneck  3 8 36 3       1,000   60,192,808
    resnext50_32x4d     ImageNet  bottleneck  3 4 6 3        1,000   25,028,904

`version=2` puts norm and ReLU before each convolution. Sources: He et al., Deep residual learning
for image recognition (2015) and Identity mappings in deep residual networks (2016); Xie et al.,
Aggregated residual transformations (2016). Deviations: in a bottleneck the 3x3 convolution takes
the stride, not the first 1x1, as in every current implementation; convolutions have no biases.
resnet18 and resnet34 are the ImageNet nets with the stem that CIFAR's small images need; resnet20
and resnet56 are the paper's own CIFAR nets, whose shortcuts have no parameters.
"""

import keras
from keras import layers, ops

from zoo.layers import Conv2D, normalization
from zoo.registry import register

PAPER = {"source": "arxiv.org/abs/1512.03385"}
CIFAR = {"session": 7, "dataset": "cifar10", **PAPER}
IMAGENET = {"session": 8, **PAPER}


def conv(x, filters, kernel_size, name, strides=1, groups=1):
    """Convolution without bias, padded alike on all sides whatever the stride."""
    if strides > 1 and kernel_size > 1:
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
    padding = "same" if strides == 1 else "valid"
    return Conv2D(
        filters, kernel_size, strides=strides, padding=padding, groups=groups, use_bias=False,
        kernel_initializer="he_normal", name=name,
    )(x)  # fmt: skip


def norm(x, name, relu=True):
    x = normalization(x, "batch", f"{name}_bn")
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def basic(filters, strides, groups, width):
    """(filters, kernel, strides, groups) of the two convolutions 3x3."""
    return [(filters, 3, strides, 1), (filters, 3, 1, 1)]


def bottleneck(filters, strides, groups, width):
    """The same of 1x1, 3x3 and a 1x1 four times as wide."""
    inner = filters * width // 64 * groups
    return [(inner, 1, 1, 1), (inner, 3, strides, groups), (4 * filters, 1, 1, 1)]


def shortcut(x, filters, strides, kind, name):
    if x.shape[-1] == filters and strides == 1:
        return x
    if kind == "projection":
        return norm(conv(x, filters, 1, f"{name}_short", strides), f"{name}_short", relu=False)
    x = layers.MaxPooling2D(1, strides=strides, name=f"{name}_short")(x)  # every second pixel
    return ops.pad(x, [(0, 0), (0, 0), (0, 0), (0, filters - x.shape[-1])])


def block_v1(x, convolutions, strides, shortcuts, name):
    """Convolution, norm, ReLU; the sum goes through the last ReLU."""
    y = x
    for i, (filters, kernel_size, stride, groups) in enumerate(convolutions, 1):
        y = conv(y, filters, kernel_size, f"{name}_conv{i}", stride, groups)
        y = norm(y, f"{name}_conv{i}", relu=i < len(convolutions))
    x = shortcut(x, y.shape[-1], strides, shortcuts, name)
    return layers.ReLU(name=name)(layers.Add(name=f"{name}_add")([x, y]))


def block_v2(x, convolutions, strides, shortcuts, name):
    """Norm, ReLU, convolution; nothing stands in the way from sum to sum."""
    y = x if name == "stage1_block1" else norm(x, f"{name}_pre")  # the stem has just had them
    filters = convolutions[-1][0]
    if shortcuts == "padding":
        x = shortcut(x, filters, strides, shortcuts, name)
    elif filters != x.shape[-1] or strides > 1:
        x = conv(y, filters, 1, f"{name}_short", strides)
    for i, (filters, kernel_size, stride, groups) in enumerate(convolutions, 1):
        y = norm(y, f"{name}_conv{i}") if i > 1 else y
        y = conv(y, filters, kernel_size, f"{name}_conv{i}", stride, groups)
    return layers.Add(name=name)([x, y])


def resnet(
    name,
    block,
    depths,
    *,
    input_shape,
    num_classes,
    stem="imagenet",
    filters=64,
    groups=1,
    width=64,
    shortcuts="projection",
    version=1,
):
    """Stem, stages of blocks, each with twice the filters and half the side, mean, logits."""
    if version not in (1, 2):
        raise ValueError(f"version={version!r} must be 1 or 2, with the norms before the kernels")
    build = block_v1 if version == 1 else block_v2
    image = x = keras.Input(input_shape, name="image")
    kernel_size, strides = (7, 2) if stem == "imagenet" else (3, 1)
    x = norm(conv(x, filters, kernel_size, "stem", strides), "stem")
    if stem == "imagenet":  # (b, 112, 112, 64)
        x = layers.ZeroPadding2D(1, name="pool_pad")(x)  # behind a ReLU no value is lower
        x = layers.MaxPooling2D(3, strides=2, name="pool")(x)  # (b, 56, 56, 64)
    for stage, depth in enumerate(depths, 1):
        for i in range(1, depth + 1):
            strides = 2 if i == 1 and stage > 1 else 1
            convolutions = block(filters * 2 ** (stage - 1), strides, groups, width)
            x = build(x, convolutions, strides, shortcuts, f"stage{stage}_block{i}")
    if version == 2:
        x = norm(x, "last")
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name=name)


@register(**CIFAR, cam_layer="stage3_block2")
def resnet18(*, input_shape=(32, 32, 3), num_classes=10, version=1):
    """ResNet-18 with a 3x3 stem and no pooling, for CIFAR."""
    return resnet("resnet18", basic, (2, 2, 2, 2), stem="cifar", input_shape=input_shape,
                  num_classes=num_classes, version=version)  # fmt: skip


@register(**CIFAR, cam_layer="stage3_block6")
def resnet34(*, input_shape=(32, 32, 3), num_classes=10, version=1):
    """ResNet-34 with a 3x3 stem and no pooling, for CIFAR."""
    return resnet("resnet34", basic, (3, 4, 6, 3), stem="cifar", input_shape=input_shape,
                  num_classes=num_classes, version=version)  # fmt: skip


@register(**CIFAR | {"session": 8}, cam_layer="stage3_block3")
def resnet20(*, input_shape=(32, 32, 3), num_classes=10, version=1):
    """ResNet-20, the smallest of the paper's CIFAR nets."""
    return resnet("resnet20", basic, (3, 3, 3), stem="cifar", filters=16, shortcuts="padding",
                  input_shape=input_shape, num_classes=num_classes, version=version)  # fmt: skip


@register(**CIFAR | {"session": 8}, cam_layer="stage3_block9")
def resnet56(*, input_shape=(32, 32, 3), num_classes=10, version=1):
    """ResNet-56, the paper's CIFAR net of 16, 32 and 64 filters."""
    return resnet("resnet56", basic, (9, 9, 9), stem="cifar", filters=16, shortcuts="padding",
                  input_shape=input_shape, num_classes=num_classes, version=version)  # fmt: skip


@register(**IMAGENET)
def resnet18_imagenet(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-18 as published, for ImageNet."""
    return resnet("resnet18_imagenet", basic, (2, 2, 2, 2), input_shape=input_shape,
                  num_classes=num_classes, version=version)  # fmt: skip


@register(**IMAGENET)
def resnet34_imagenet(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-34 as published, for ImageNet."""
    return resnet("resnet34_imagenet", basic, (3, 4, 6, 3), input_shape=input_shape,
                  num_classes=num_classes, version=version)  # fmt: skip


@register(**IMAGENET)
def resnet50(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-50, bottleneck blocks."""
    return resnet("resnet50", bottleneck, (3, 4, 6, 3), input_shape=input_shape,
                  num_classes=num_classes, version=version)  # fmt: skip


@register(**IMAGENET)
def resnet101(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-101, bottleneck blocks."""
    return resnet("resnet101", bottleneck, (3, 4, 23, 3), input_shape=input_shape,
                  num_classes=num_classes, version=version)  # fmt: skip


@register(**IMAGENET)
def resnet152(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-152, bottleneck blocks."""
    return resnet("resnet152", bottleneck, (3, 8, 36, 3), input_shape=input_shape,
                  num_classes=num_classes, version=version)  # fmt: skip


@register(**IMAGENET | {"source": "arxiv.org/abs/1611.05431"})
def resnext50_32x4d(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNeXt-50: 32 groups of width 4 in each bottleneck."""
    return resnet("resnext50_32x4d", bottleneck, (3, 4, 6, 3), groups=32, width=4,
                  input_shape=input_shape, num_classes=num_classes, version=version)  # fmt: skip
