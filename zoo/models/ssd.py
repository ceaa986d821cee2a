"""SSD: boxes of every size in one pass, small ones from fine maps and large ones from coarse maps.

    image -> body -+-> stride 8  -> 3x3 \\
                   +-> stride 16 -> 3x3  > priors x (4 + 1 + classes) per cell -> anchor boxes
                   +-> stride 32 -> 3x3 /

    name        image  anchor boxes         classes  parameters
    ssd_small     320  6,400 + 1,600 + 400       20   2,888,124

Source: Liu et al., SSD: single shot multibox detector (arXiv:1512.02325). Deviations: a body of
eleven convolutions with batch norm in place of VGG-16, three maps in place of six, no scaled norm
on the finest.
"""

import keras
from keras import layers

from zoo.layers import AnchorBoxes, FusedConv2D, conv_bn_relu
from zoo.layers.anchor_boxes import anchor_sizes, fixed_priors
from zoo.models.yolo_v2 import check_sides
from zoo.registry import register

PRIORS = tuple(tuple(map(tuple, sizes)) for sizes in fixed_priors(3, smallest=0.12, largest=0.6))


@register(session=10, task="detection", source="arxiv.org/abs/1512.02325", params=2_888_124)
def ssd_small(*, input_shape=(320, 320, 3), num_classes=20, anchors=PRIORS):
    """SSD on a small body of its own.

    Args:
        input_shape: sides that are multiples of 32.
        anchors: for each of the three maps, from fine to coarse, (k, 2) widths and heights as
            fractions of the image, as `zoo.detection.fixed_priors` gives them.

    Raises:
        ValueError: if a side is no multiple of 32, or there are not anchors for three maps.
    """
    sizes = anchor_sizes(anchors)
    if len(sizes) != 3:
        raise ValueError(f"anchors={anchors!r} must be of three maps, not of {len(sizes)}")
    image = x = keras.Input(check_sides(input_shape), name="image")
    maps = []
    for i, (filters, depth) in enumerate(((16, 1), (32, 1), (64, 1), (128, 2), (256, 2), (256, 2))):
        if i:
            x = layers.MaxPooling2D(name=f"pool{i}")(x)
        for k in range(depth):
            x = conv_bn_relu(x, filters, f"stage{i + 1}_{k + 1}")
        if depth == 2:
            maps.append(x)
    predictions = [
        FusedConv2D(len(pairs) * (5 + num_classes), 3, padding="same", name=f"predictions{i}")(x)
        for i, (x, pairs) in enumerate(zip(maps, sizes, strict=True), 1)
    ]
    return keras.Model(
        image, AnchorBoxes(sizes, "ssd", name="boxes")(predictions), name="ssd_small"
    )
