"""GoogLeNet, Inception v1: nine blocks of four branches side by side, 22 layers deep.

    image (224, 224, 3) -> conv 7x7 64 -> pool -> conv 1x1 64 -> conv 3x3 192 -> pool
    -> 3a 3b -> pool -> 4a 4b 4c 4d 4e -> pool -> 5a 5b -> mean -> logits

    name          block       5x5 branch  norm   parameters at 1,000 classes
    googlenet     reduced     5x5         none    6,998,552  the paper's
                  naive       5x5         none   97,526,008  without the 1x1 that narrow
                  factorised  3x3 3x3     none    6,901,739  split as in Inception v2
    googlenet_bn  reduced     3x3         batch   6,624,904  as TF-Slim and torchvision have it

`auxiliary=True` gives `WithAuxiliary`, a net to train: two more classifiers, on 4a and 4d, whose
losses count with a weight of 0.3. Their parameters are not in the table.

Sources: Szegedy et al., Going deeper with convolutions (2014), table 1; for googlenet_bn those two
libraries, whose last pooling is 2x2. Deviations: no local response normalisation, He's initial
values (the paper gives none). Poolings are padded as Keras's `same`, which for maps of even sides,
such as the paper's, is Caffe's rounding up.
"""

import functools

import keras
from keras import layers

from zoo import checks
from zoo.layers import FusedBatchNormalization, FusedConv2D
from zoo.registry import register

WIDTHS = {  # 1x1 | 1x1 before, 3x3 | 1x1 before, 5x5 | 1x1 after pooling
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
HEADS = {"4a": "auxiliary1", "4d": "auxiliary2"}
HEAD_WEIGHT, HEAD_DROPOUT = 0.3, 0.7
SMALLEST_WITH_HEADS = 65  # pixels that leave a head's pooling its 5x5


@keras.saving.register_keras_serializable(package="zoo")
class WithAuxiliary(keras.Model):
    """A graph with outputs "logits" and "auxiliary...", the latter for training alone.

    Labels are given once. In `fit` the loss is that of the logits plus 0.3 times that of each other
    output; metrics, validation, `predict` and `model(images)` use only the logits.
    `model(images, training=True)` gives a dict of all outputs.

    Raises:
        ValueError: if it is made a part of another model.
    """

    def call(self, inputs, training=None, mask=None):
        outputs = super().call(inputs, training=training, mask=mask)
        return outputs if training else outputs["logits"]

    def compute_output_spec(self, inputs, training=None, mask=None):
        raise ValueError(
            f"{self.name} cannot be part of another model, which would not train its auxiliary "
            f"classifiers: take {self.name}.without_auxiliary()"
        )

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not isinstance(y_pred, dict):
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        heads = dict(y_pred)
        loss = super().compute_loss(x, y, heads.pop("logits"), sample_weight, training)
        for head in heads.values():  # the compiled loss alone: penalties are in the first
            loss += HEAD_WEIGHT * self._compile_loss(y, head, sample_weight)
        return loss

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        logits = y_pred["logits"] if isinstance(y_pred, dict) else y_pred
        return super().compute_metrics(x, y, logits, sample_weight)

    def without_auxiliary(self) -> keras.Model:
        """The plain net of the same layers and weights, as inference needs it."""
        return keras.Model(self.input, self.get_layer("logits").output, name=self.name)


def conv_relu(x, filters, kernel_size, name, strides=1, batch_norm=False):
    """Convolution and ReLU; with `batch_norm` a norm between them, and no bias."""
    if strides > 1:  # padded equally on all sides
        x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
    x = FusedConv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        use_bias=not batch_norm,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    if batch_norm:
        x = FusedBatchNormalization(momentum=0.9, epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def pool(x, name, strides=2, size=3):
    return layers.MaxPooling2D(size, strides, padding="same", name=name)(x)


def naive(x, widths, name, conv):
    """All branches straight on the input: pooling passes every channel on."""
    filters_1x1, _, filters_3x3, _, filters_5x5, _ = widths
    one = conv(x, filters_1x1, 1, f"{name}_1x1")
    three = conv(x, filters_3x3, 3, f"{name}_3x3")
    five = conv(x, filters_5x5, 5, f"{name}_5x5")
    pooled = pool(x, f"{name}_pool", strides=1)
    return layers.Concatenate(name=name)([one, three, five, pooled])


def reduced(x, widths, name, conv, large=(5,)):
    """A 1x1 convolution before 3x3 and 5x5 and behind the pooling.

    The kernels of `large` take the place of 5x5; each widens by the same factor.
    """
    filters_1x1, before_3x3, filters_3x3, before_5x5, filters_5x5, after_pool = widths
    three = conv(x, before_3x3, 1, f"{name}_3x3_reduce")
    five = conv(x, before_5x5, 1, f"{name}_5x5_reduce")
    for i, kernel_size in enumerate(large, 1):
        filters = round(before_5x5 * (filters_5x5 / before_5x5) ** (i / len(large)))
        suffix = f"_{i}" if i < len(large) else ""
        five = conv(five, filters, kernel_size, f"{name}_5x5{suffix}")
    one = conv(x, filters_1x1, 1, f"{name}_1x1")
    three = conv(three, filters_3x3, 3, f"{name}_3x3")
    pooled = pool(x, f"{name}_pool", strides=1)
    pooled = conv(pooled, after_pool, 1, f"{name}_pool_reduce")
    return layers.Concatenate(name=name)([one, three, five, pooled])


BLOCKS = {
    "naive": naive,
    "reduced": reduced,
    "factorised": functools.partial(reduced, large=(3, 3)),
}


def auxiliary_classifier(x, num_classes, name, conv):
    """Mean-pooling, 1x1 convolution, two fully connected layers."""
    x = layers.AveragePooling2D(5, strides=3, name=f"{name}_pool")(x)  # (b, 4, 4, c)
    x = conv(x, 128, 1, f"{name}_conv")
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = layers.Dense(1024, "relu", kernel_initializer="he_normal", name=f"{name}_fc")(x)
    x = layers.Dropout(HEAD_DROPOUT, name=f"{name}_dropout")(x)
    return layers.Dense(num_classes, name=name)(x)


def inception_v1(
    name, block, input_shape, num_classes, *, auxiliary, dropout, batch_norm=False, last_pool=3
):
    """Stem, nine blocks of `WIDTHS`, mean, logits; with the two heads if `auxiliary`.

    Raises:
        ValueError: if `auxiliary` is neither True nor False, `dropout` is not from 0 to 1, or the
            image is too small for the pooling of the heads, or of unknown size.
    """
    checks.flag("auxiliary", auxiliary)
    checks.probability("dropout", dropout)
    if auxiliary and any(side is None or side < SMALLEST_WITH_HEADS for side in input_shape[:2]):
        raise ValueError(
            f"input_shape={tuple(input_shape)} leaves the auxiliary classifiers of {name} no "
            f"5x5 to pool; the smallest side is {SMALLEST_WITH_HEADS} pixels: give larger images, "
            f"or auxiliary=False"
        )
    conv = functools.partial(conv_relu, batch_norm=batch_norm)
    image = keras.Input(input_shape, name="image")  # (b, 224, 224, 3)
    x = conv(image, 64, 7, "conv1", strides=2)  # (b, 112, 112, 64)
    x = pool(x, "pool1")  # (b, 56, 56, 64)
    x = conv(x, 64, 1, "conv2_reduce")
    x = conv(x, 192, 3, "conv2")
    x = pool(x, "pool2")  # (b, 28, 28, 192)
    outputs = {}
    for key, widths in WIDTHS.items():
        if key == "4a":
            x = pool(x, "pool3")  # (b, 14, 14, 480)
        if key == "5a":
            x = pool(x, "pool4", size=last_pool)  # (b, 7, 7, 832)
        x = block(x, widths, f"inception{key}", conv)
        if auxiliary and key in HEADS:
            outputs[HEADS[key]] = auxiliary_classifier(x, num_classes, HEADS[key], conv)
    x = layers.GlobalAveragePooling2D(name="mean")(x)  # (b, 1024)
    x = layers.Dropout(dropout, name="dropout")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    if auxiliary:
        return WithAuxiliary(image, {"logits": logits} | outputs, name=name)
    return keras.Model(image, logits, name=name)


GOOGLENET = {"session": 8, "source": "arxiv.org/abs/1409.4842", "cam_layer": "inception5b"}


@register(**GOOGLENET, params=6_998_552)
def googlenet(
    *, input_shape=(224, 224, 3), num_classes=1000, block="reduced", auxiliary=False, dropout=0.4
):
    """GoogLeNet as published: Inception v1, with 5x5 branches and biases.

    Raises:
        ValueError: if the block is not naive, reduced or factorised, or as `inception_v1`.
    """
    checks.one_of("block", block, BLOCKS)
    return inception_v1(
        "googlenet",
        BLOCKS[block],
        input_shape,
        num_classes,
        auxiliary=auxiliary,
        dropout=dropout,
    )


@register(**GOOGLENET, params=6_624_904)
def googlenet_bn(*, input_shape=(224, 224, 3), num_classes=1000, auxiliary=False, dropout=0.2):
    """GoogLeNet with batch norm, and 3x3 in place of 5x5, as TF-Slim and torchvision have it."""
    return inception_v1(
        "googlenet_bn",
        functools.partial(reduced, large=(3,)),
        input_shape,
        num_classes,
        auxiliary=auxiliary,
        dropout=dropout,
        batch_norm=True,
        last_pool=2,
    )
