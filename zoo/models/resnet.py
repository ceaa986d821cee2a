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

import functools

import keras
from keras import layers, ops

from zoo.layers import FusedConv2D, normalization
from zoo.registry import register

PAPER = {"source": "arxiv.org/abs/1512.03385"}
CIFAR = {"session": 7, "dataset": "cifar10", **PAPER}
IMAGENET = {"session": 8, **PAPER}


def conv(x, filters, kernel_size, name, strides=1, groups=1):
    """Convolution without bias, padded equally on all sides whatever the stride."""
    if strides > 1 and kernel_size > 1:
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
    return FusedConv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        groups=groups,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def norm(x, name):
    return normalization(x, "batch", f"{name}_bn")


def relu(x, name):
    return layers.ReLU(name=f"{name}_relu")(x)


def conv_norm(x, filters, kernel_size, name, strides=1, groups=1):
    return norm(conv(x, filters, kernel_size, name, strides, groups), name)


def norm_relu(x, name):
    return relu(norm(x, name), name)


def fits(x, filters, strides):
    """Whether a block's input can be added to its output as it is."""
    return x.shape[-1] == filters and strides == 1


def padded(x, filters, strides, name):
    """Every second pixel, with channels of zeros: a shortcut without parameters."""
    x = layers.MaxPooling2D(1, strides=strides, name=name)(x)
    return ops.pad(x, [(0, 0), (0, 0), (0, 0), (0, filters - x.shape[-1])])


def shortcut(x, filters, strides, kind, name):
    """The input of a block, brought to the shape of its output."""
    if fits(x, filters, strides):
        return x
    if kind == "padding":
        return padded(x, filters, strides, name)
    return conv_norm(x, filters, 1, name, strides)


def basic(x, filters, name, strides=1, shortcuts="projection"):
    """Two 3x3 convolutions beside a shortcut."""
    y = conv_norm(x, filters, 3, f"{name}_conv1", strides)
    y = relu(y, f"{name}_conv1")
    y = conv_norm(y, filters, 3, f"{name}_conv2")
    x = shortcut(x, filters, strides, shortcuts, f"{name}_short")
    x = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=name)(x)


def bottleneck(x, filters, name, strides=1, shortcuts="projection", groups=1, width=64):
    """1x1 that narrows, 3x3 in groups, 1x1 that widens to four times the filters."""
    inner = filters * width // 64 * groups
    y = conv_norm(x, inner, 1, f"{name}_conv1")
    y = relu(y, f"{name}_conv1")
    y = conv_norm(y, inner, 3, f"{name}_conv2", strides, groups)
    y = relu(y, f"{name}_conv2")
    y = conv_norm(y, 4 * filters, 1, f"{name}_conv3")
    x = shortcut(x, 4 * filters, strides, shortcuts, f"{name}_short")
    x = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=name)(x)


def shortcut_v2(x, activated, filters, strides, kind, name):
    """As in version 1, but a projection starts behind the first ReLU and has no norm."""
    if kind == "projection" and not fits(x, filters, strides):
        return conv(activated, filters, 1, name, strides)
    return shortcut(x, filters, strides, kind, name)


def activate(x, name):
    """Norm and ReLU before a block's convolutions; the first block's stem has just had them."""
    return x if name == "stage1_block1" else norm_relu(x, f"{name}_pre")


def basic_v2(x, filters, name, strides=1, shortcuts="projection"):
    """The basic block with norms and ReLUs before its convolutions, nothing behind its sum."""
    y = activate(x, name)
    x = shortcut_v2(x, y, filters, strides, shortcuts, f"{name}_short")
    y = conv(y, filters, 3, f"{name}_conv1", strides)
    y = norm_relu(y, f"{name}_conv2")
    y = conv(y, filters, 3, f"{name}_conv2")
    return layers.Add(name=name)([x, y])


def bottleneck_v2(x, filters, name, strides=1, shortcuts="projection", groups=1, width=64):
    """The bottleneck with norms and ReLUs before its convolutions, nothing behind its sum."""
    inner = filters * width // 64 * groups
    y = activate(x, name)
    x = shortcut_v2(x, y, 4 * filters, strides, shortcuts, f"{name}_short")
    y = conv(y, inner, 1, f"{name}_conv1")
    y = norm_relu(y, f"{name}_conv2")
    y = conv(y, inner, 3, f"{name}_conv2", strides, groups)
    y = norm_relu(y, f"{name}_conv3")
    y = conv(y, 4 * filters, 1, f"{name}_conv3")
    return layers.Add(name=name)([x, y])


BASIC = {1: basic, 2: basic_v2}  # by version
BOTTLENECK = {1: bottleneck, 2: bottleneck_v2}
PAPERS_CIFAR = {"stem": "cifar", "filters": 16, "shortcuts": "padding"}


def resnet(
    name,
    blocks,
    depths,
    input_shape,
    num_classes,
    version=1,
    *,
    stem="imagenet",
    filters=64,
    shortcuts="projection",
    **block_options,
):
    """Stem, stages of blocks, each with twice the filters at half the resolution, mean, logits.

    Raises:
        ValueError: if the version is neither 1 nor 2.
    """
    if version not in (1, 2):
        raise ValueError(
            f"version={version!r} must be 1, or 2 for norms and ReLUs before the convolutions"
        )
    block = functools.partial(blocks[version], shortcuts=shortcuts, **block_options)

    image = x = keras.Input(input_shape, name="image")
    if stem == "imagenet":
        x = conv_norm(x, filters, 7, "stem", strides=2)  # (b, 112, 112, 64)
        x = relu(x, "stem")
        x = layers.ZeroPadding2D(1, name="pool_pad")(x)  # behind a ReLU no value is lower
        x = layers.MaxPooling2D(3, strides=2, name="pool")(x)  # (b, 56, 56, 64)
    else:
        x = conv_norm(x, filters, 3, "stem")
        x = relu(x, "stem")
    for stage, depth in enumerate(depths, 1):
        for i in range(1, depth + 1):
            strides = 2 if i == 1 and stage > 1 else 1
            x = block(x, filters * 2 ** (stage - 1), f"stage{stage}_block{i}", strides)
    if version == 2:
        x = norm_relu(x, "last")
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name=name)


@register(**CIFAR, cam_layer="stage3_block2", params=11_173_962)
def resnet18(*, input_shape=(32, 32, 3), num_classes=10, version=1):
    """ResNet-18 with a 3x3 stem and no pooling, for CIFAR."""
    return resnet("resnet18", BASIC, (2, 2, 2, 2), input_shape, num_classes, version, stem="cifar")


@register(**CIFAR, cam_layer="stage3_block6", params=21_282_122)
def resnet34(*, input_shape=(32, 32, 3), num_classes=10, version=1):
    """ResNet-34 with a 3x3 stem and no pooling, for CIFAR."""
    return resnet("resnet34", BASIC, (3, 4, 6, 3), input_shape, num_classes, version, stem="cifar")


@register(**CIFAR | {"session": 8}, cam_layer="stage3_block3", params=269_722)
def resnet20(*, input_shape=(32, 32, 3), num_classes=10, version=1):
    """ResNet-20, the smallest of the paper's CIFAR nets."""
    depths = (3, 3, 3)
    return resnet("resnet20", BASIC, depths, input_shape, num_classes, version, **PAPERS_CIFAR)


@register(**CIFAR | {"session": 8}, cam_layer="stage3_block9", params=853_018)
def resnet56(*, input_shape=(32, 32, 3), num_classes=10, version=1):
    """ResNet-56, the paper's CIFAR net of 16, 32 and 64 filters."""
    depths = (9, 9, 9)
    return resnet("resnet56", BASIC, depths, input_shape, num_classes, version, **PAPERS_CIFAR)


@register(**IMAGENET, params=11_689_512)
def resnet18_imagenet(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-18 as published, for ImageNet."""
    return resnet("resnet18_imagenet", BASIC, (2, 2, 2, 2), input_shape, num_classes, version)


@register(**IMAGENET, params=21_797_672)
def resnet34_imagenet(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-34 as published, for ImageNet."""
    return resnet("resnet34_imagenet", BASIC, (3, 4, 6, 3), input_shape, num_classes, version)


@register(**IMAGENET, params=25_557_032)
def resnet50(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-50, bottleneck blocks."""
    return resnet("resnet50", BOTTLENECK, (3, 4, 6, 3), input_shape, num_classes, version)


@register(**IMAGENET, params=44_549_160)
def resnet101(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-101, bottleneck blocks."""
    return resnet("resnet101", BOTTLENECK, (3, 4, 23, 3), input_shape, num_classes, version)


@register(**IMAGENET, params=60_192_808)
def resnet152(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNet-152, bottleneck blocks."""
    return resnet("resnet152", BOTTLENECK, (3, 8, 36, 3), input_shape, num_classes, version)


@register(**IMAGENET | {"source": "arxiv.org/abs/1611.05431"}, params=25_028_904)
def resnext50_32x4d(*, input_shape=(224, 224, 3), num_classes=1000, version=1):
    """ResNeXt-50: 32 groups of width 4 in each bottleneck."""
    name, depths, groups = "resnext50_32x4d", (3, 4, 6, 3), {"groups": 32, "width": 4}
    return resnet(name, BOTTLENECK, depths, input_shape, num_classes, version, **groups)
