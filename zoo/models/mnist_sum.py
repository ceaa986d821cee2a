"""The digit in an image plus a given digit, session 2.5: two inputs and outputs; 17,617 parameters.

    image (28, 28, 1) -> convolutions -> mean -> digit (10 logits)
                                                   | softmax
    number (10,), one-hot  ----------------------- + -> 64 -> sum (19 logits, or 5 of a binary sum)

Source: The School of AI, EVA session 2.5, which leaves the net open. The inputs meet late, as
vectors of the same kind: the ten probabilities of the image's digit beside the one-hot number.
Earlier there would be nothing to add; and the loss of the sum trains the convolutions too.
"""

import keras
from keras import layers, ops

from zoo import checks
from zoo.layers import conv_bn_relu
from zoo.registry import register


@register(
    session=2.5,
    task="digit sum",
    dataset="mnist",
    source="The School of AI, EVA session 2.5",
    cam_layer="conv5_relu",
    params=17_617,
)
def mnist_sum(*, input_shape=(28, 28, 1), binary=False):
    """The digit in an image plus a given digit; `binary` gives the sum as five bits, lowest first.

    Raises:
        ValueError: if `binary` is neither True nor False.
    """
    checks.flag("binary", binary)
    image = keras.Input(input_shape, name="image")  # (b, 28, 28, 1)
    number = keras.Input((10,), name="number")  # (b, 10), one-hot
    x = conv_bn_relu(image, 12, "conv1")
    x = conv_bn_relu(x, 16, "conv2", pool=True)  # (b, 14, 14, 16)
    x = conv_bn_relu(x, 16, "conv3")
    x = conv_bn_relu(x, 24, "conv4", pool=True)  # (b, 7, 7, 24)
    x = conv_bn_relu(x, 32, "conv5")
    x = layers.GlobalAveragePooling2D(name="mean")(x)  # (b, 32)
    digit = layers.Dense(10, name="digit")(x)
    both = layers.Concatenate(name="both")([ops.softmax(digit), number])  # (b, 20)
    y = layers.Dense(64, activation="relu", name="add")(both)
    total = layers.Dense(5 if binary else 19, name="sum")(y)
    return keras.Model(
        {"image": image, "number": number}, {"digit": digit, "sum": total}, name="mnist_sum"
    )


@keras.saving.register_keras_serializable(package="zoo")
def all_bits(true, logits):
    """1 where every bit of a sum is right: the accuracy of binary sums, (n, 5) to (n,)."""
    right = ops.equal(logits > 0, true > 0.5)
    return ops.cast(ops.all(right, axis=-1), "float32")
