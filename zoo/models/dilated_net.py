"""Dilated net, session 6: C1 C2 C3 C40 without pooling, 194,858 parameters.

    block  layers                                       dilated_net  dilated_net_nostride
    C1     3x3 32   3x3 32 +           3x3 48 /2      16x16 sees 7  32x32, dilation 2: sees 9
    C2     3x3 64   dilated 3x3 64 +   ds 96 /2       8x8       23  32x32, dilation 4: sees 23
    C3     ds 96 +  ds 96 +            ds 128 /2      4x4       47  32x32, dilation 8: sees 43
    C40    ds 128 + ds 128 +           ds 192         4x4       95  32x32              49
    mean -> fully connected -> logits

"ds" is depthwise separable, "+" adds the layer's input to its output, "/2" is a stride of 2, "sees"
the receptive field in pixels. Without strides the third layer of a block is dilated instead: both
nets have weights of the same shapes, so that either can take the other's, but the second computes
on 32x32 maps throughout.

Source: The School of AI, EVA session 6: a receptive field over 44, at least one depthwise separable
and one dilated layer, mean before the fully connected layer. Deviations: no stride in C40, which
ends in the mean anyway; the sums, which the lesson neither asks for nor forbids.
"""

import keras
from keras import layers

from zoo.layers import conv_bn_relu, depthwise_separable
from zoo.registry import register

LESSON = {
    "session": 6,
    "dataset": "cifar10",
    "source": "The School of AI, EVA session 6",
    "cam_layer": "c3_2_add",
    "params": 194_858,
}


def residual(x, name, **conv):
    y = conv_bn_relu(x, x.shape[-1], name, **conv)
    return layers.Add(name=f"{name}_add")([x, y])


def residual_separable(x, name):
    y = depthwise_separable(x, x.shape[-1], name)
    return layers.Add(name=f"{name}_add")([x, y])


def build(name, input_shape, num_classes, *, strides=1, dilations=(1, 1, 1)):
    """The net whose blocks C1, C2 and C3 end in a layer with strides, or with dilation."""
    image = keras.Input(input_shape, name="image")  # (b, 32, 32, 3)
    x = conv_bn_relu(image, 32, "c1_1")
    x = residual(x, "c1_2")
    x = conv_bn_relu(x, 48, "c1_3", strides=strides, dilation_rate=dilations[0])  # (b, 16, 16, 48)

    x = conv_bn_relu(x, 64, "c2_1")
    x = residual(x, "c2_2", dilation_rate=2)
    x = depthwise_separable(x, 96, "c2_3", strides=strides, dilation_rate=dilations[1])

    x = residual_separable(x, "c3_1")  # (b, 8, 8, 96)
    x = residual_separable(x, "c3_2")  # where GradCAM looks
    x = depthwise_separable(x, 128, "c3_3", strides=strides, dilation_rate=dilations[2])

    x = residual_separable(x, "c40_1")  # (b, 4, 4, 128)
    x = residual_separable(x, "c40_2")
    x = depthwise_separable(x, 192, "c40_3")
    x = layers.GlobalAveragePooling2D(name="mean")(x)  # (b, 192)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(image, logits, name=name)


@register(**LESSON)
def dilated_net(*, input_shape=(32, 32, 3), num_classes=10):
    """Strides instead of pooling, one dilated and seven depthwise separable layers."""
    return build("dilated_net", input_shape, num_classes, strides=2)


@register(**LESSON)
def dilated_net_nostride(*, input_shape=(32, 32, 3), num_classes=10):
    """The same weights on full-size maps: dilation where the other has strides."""
    return build("dilated_net_nostride", input_shape, num_classes, dilations=(2, 4, 8))
