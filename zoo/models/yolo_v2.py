"""YOLO v2: one pass over the image, five anchor boxes on every cell of a coarse grid.

    image -> body -> 3x3 -> 3x3 -+-> 3x3 -> 1x1, anchors x (4 + 1 + classes) -> anchor boxes
                  \\-> passthrough: finer maps, each 2x2 pixels side by side in the channels -/

    name               body            image   grid  filters  classes  parameters
    yolo_v2            darknet-19        416  13x13      125       20  50,655,389
    yolo_v2_resnet18   ResNet-18         416  13x13      125       20  19,517,757
    yolo_v2_tiny       9 layers          416  13x13      125       20  15,861,773
    yolo_v2_small      darknet-19/4  320x416  10x13       40        3   3,620,880

Sources: Redmon and Farhadi, YOLO9000 (arXiv:1612.08242), and darknet's files yolov2-voc.cfg and
yolov2-tiny-voc.cfg, whose anchors are the default. Deviations: any sides that are multiples of 32
pixels; batch norm averages with a momentum of 0.9; yolo_v2_resnet18 is ours, and so is `width`. The
anchors of yolo_v2_small are those of blood cells, from s10_anchors.
"""

import keras
import numpy as np
from keras import layers

from zoo import checks
from zoo.layers import AnchorBoxes, FusedConv2D, normalization
from zoo.models.resnet import resnet18_imagenet
from zoo.registry import register

YOLO = {"session": 10, "task": "detection", "source": "arxiv.org/abs/1612.08242"}
STRIDE = 32  # pixels of the image per cell
# Widths and heights in darknet's cells, of which there are 13x13, as fractions of the image.
ANCHORS = np.array(
    [[1.3221, 1.7315], [3.1928, 4.0094], [5.0559, 8.0989], [9.4711, 4.8405], [11.2364, 10.0071]]
)
TINY_ANCHORS = np.array([[1.08, 1.19], [3.42, 4.41], [6.63, 11.38], [9.42, 5.11], [16.62, 10.52]])
CELL_ANCHORS = ((0.061, 0.077), (0.159, 0.177), (0.148, 0.211), (0.178, 0.219), (0.336, 0.396))
ANCHORS, TINY_ANCHORS = (tuple(map(tuple, cells / 13)) for cells in (ANCHORS, TINY_ANCHORS))


def conv_bn_leaky(x, filters, kernel_size, name):
    conv = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    x = FusedConv2D(filters, kernel_size, **conv, name=f"{name}_conv")(x)
    x = normalization(x, "batch", f"{name}_bn")
    return layers.LeakyReLU(0.1, name=f"{name}_leaky")(x)


def darknet19(image, width):
    """The eighteen convolutions before the classifier; maps of stride 16 and of stride 32.

    3x3 convolutions double the channels after each pooling, 1x1 ones halve them in between.
    """
    x, fine, i = image, None, 0
    for filters, depth in ((32, 1), (64, 1), (128, 3), (256, 3), (512, 5), (1024, 5)):
        filters = scaled(filters, width)
        if i:
            fine, x = x, layers.MaxPooling2D(name=f"pool{i}")(x)
        for k in range(depth):
            i += 1
            wide = k % 2 == 0
            x = conv_bn_leaky(x, filters if wide else filters // 2, 3 if wide else 1, f"body{i}")
    return fine, x


def space_to_depth(x, name):
    """(b, 2 rows, 2 columns, c) to (b, rows, columns, 4 c)."""
    _, height, width, channels = x.shape
    x = layers.Reshape((height // 2, 2, width // 2, 2 * channels), name=f"{name}_pairs")(x)
    x = layers.Permute((1, 3, 2, 4), name=f"{name}_swap")(x)
    return layers.Reshape((height // 2, width // 2, 4 * channels), name=name)(x)


def scaled(filters, width):
    """Even, so that 1x1 convolutions can halve it."""
    return max(2, 2 * round(width * filters / 2))


def with_passthrough(fine, coarse, filters):
    """Two convolutions on the coarse maps, a third that sees the finer maps beside them."""
    x = conv_bn_leaky(coarse, filters, 3, "head1")
    x = conv_bn_leaky(x, filters, 3, "head2")
    fine = space_to_depth(conv_bn_leaky(fine, 64, 1, "passthrough"), "passthrough")
    x = layers.Concatenate(name="both")([fine, x])
    return conv_bn_leaky(x, filters, 3, "head3")


def detector(image, x, anchors, num_classes, name):
    """One row of 4 + 1 + classes numbers per anchor: a 1x1 convolution, rearranged."""
    x = FusedConv2D(len(anchors) * (5 + num_classes), 1, name="predictions")(x)
    return keras.Model(image, AnchorBoxes(anchors, "yolo", name="boxes")(x), name=name)


@register(**YOLO, params=50_655_389)
def yolo_v2(
    *,
    input_shape=(416, 416, 3),
    num_classes=20,
    anchors=ANCHORS,
    width=1.0,
    name="yolo_v2",
):
    """YOLO v2 on darknet-19.

    Args:
        input_shape: sides that are multiples of 32.
        anchors: (k, 2), widths and heights as fractions of the image; `zoo.detection.anchor_kmeans`
            finds them for a dataset.
        width: multiplies the filters of all layers but the passthrough's; a quarter costs a
            fifteenth of the products.

    Raises:
        ValueError: if a side is no multiple of 32, or the width is not above 0.
    """
    checks.number("width", width, above=0)
    image = keras.Input(check_sides(input_shape), name="image")
    fine, coarse = darknet19(image, width)
    x = with_passthrough(fine, coarse, scaled(1024, width))
    return detector(image, x, anchors, num_classes, name)


@register(**YOLO, params=19_517_757)
def yolo_v2_resnet18(*, input_shape=(416, 416, 3), num_classes=20, anchors=ANCHORS):
    """YOLO v2's head on the body of our ResNet-18, with half the filters."""
    body = resnet18_imagenet(input_shape=check_sides(input_shape))
    fine, coarse = (body.get_layer(f"stage{stage}_block2").output for stage in (3, 4))
    x = with_passthrough(fine, coarse, 512)
    return detector(body.input, x, anchors, num_classes, "yolo_v2_resnet18")


@register(**YOLO, params=15_861_773)
def yolo_v2_tiny(*, input_shape=(416, 416, 3), num_classes=20, anchors=TINY_ANCHORS, width=1.0):
    """Tiny YOLO v2: eight 3x3 convolutions, no passthrough."""
    checks.number("width", width, above=0)
    image = x = keras.Input(check_sides(input_shape), name="image")
    for i, filters in enumerate((16, 32, 64, 128, 256, 512, 1024, 1024), 1):
        x = conv_bn_leaky(x, scaled(filters, width), 3, f"body{i}")
        if i <= 5:
            x = layers.MaxPooling2D(name=f"pool{i}")(x)
        elif i == 6:  # as darknet does it: 2x2 at stride 1
            x = layers.MaxPooling2D(2, strides=1, padding="same", name="pool6")(x)
    return detector(image, x, anchors, num_classes, "yolo_v2_tiny")


@register(**YOLO, dataset="bccd", variant_of="yolo_v2", params=3_620_880)
def yolo_v2_small(
    *,
    input_shape=(320, 416, 3),
    num_classes=3,
    anchors=CELL_ANCHORS,
    width=0.25,
    name="yolo_v2_small",
    **overrides,
):
    """YOLO v2 for blood cells, a quarter as wide: it trains on two cores."""
    return yolo_v2(
        input_shape=input_shape,
        num_classes=num_classes,
        anchors=anchors,
        width=width,
        name=name,
        **overrides,
    )


def check_sides(input_shape):
    """`input_shape`; ValueError with the nearest sides that would do if it has others."""
    height, width, channels = checks.image_shape(input_shape)
    if height % STRIDE or width % STRIDE:
        nearest = " and ".join(
            str(max(1, round(side / STRIDE)) * STRIDE) for side in (height, width)
        )
        raise ValueError(
            f"input_shape={tuple(input_shape)}: height and width must be multiples of {STRIDE}; "
            f"the nearest are {nearest}"
        )
    return height, width, channels
