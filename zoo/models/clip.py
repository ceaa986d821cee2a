"""CLIP: an image and its caption become two vectors that point the same way.

    image  -> patches, class token, positions -> norm -> blocks -> norm, class token -> project
    tokens -> embeddings, positions -> causal blocks -> norm, [EOS] token -> project
    both projections at length 1 -> cosines x scale
    block:  x + attention(norm(x)), then x + MLP(norm(x))

    name           image  image tower                  text tower           shared   parameters
    clip_base_32     224  patch 32, 12 blocks of 768   12 blocks of 512        512  151,277,313
    clip_base_16     224  patch 16, 12 blocks of 768   12 blocks of 512        512  149,620,737
    clip_small        64  patch 8, 3 blocks of 96      2 blocks of 128          64    782,049

`image_tower` takes any classifier of the zoo in place of the patches and blocks, `resnet20` for
example: its features before the head are projected.

Source: Radford et al., Learning transferable visual models from natural language supervision
(arXiv:2103.00020), and its code: x * sigmoid(1.702 x) for GELU, norms with epsilon 1e-5, no bias in
the patches' convolution and in the projections, the highest token id of a row taken for [EOS].
Deviations: the class token and the image's positions start at zero, matrices as Keras's do; the
logit scale is an output, one number per row, so that batches of outputs can be joined.
"""

import math

import keras
from keras import layers, ops

from zoo import checks, registry
from zoo.layers import FusedConv2D, Positions, PrefixTokens, SelfAttention, SequencePositions
from zoo.models.vit import grid_of
from zoo.registry import register

FIRST_SCALE, LARGEST_SCALE = math.log(1 / 0.07), math.log(100)
CLIP = {"session": 11, "task": "image-text", "source": "arxiv.org/abs/2103.00020"}


@keras.saving.register_keras_serializable(package="zoo")
class ImageText(keras.Model):
    """A graph with outputs "image", "text" (n, d), "logit_scale" (n, 1), trained on similarities.

    The compiled loss and metrics get logits (n, n) in place of the outputs: row i is how alike
    image i is to every text of the batch, times the scale. What they compare it with is the y of
    `fit`: for `zoo.training.ContrastiveLoss` one number per pair, the same for equal captions.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, similarities(y_pred), sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y, similarities(y_pred), sample_weight)


def similarities(outputs):
    """Logits (n, n) of a batch: scaled cosines, images down, texts across."""
    cosines = ops.matmul(outputs["image"], ops.transpose(outputs["text"]))
    return outputs["logit_scale"] * cosines


@keras.saving.register_keras_serializable(package="zoo")
class LogitScale(layers.Layer):
    """What cosines are multiplied by, for every row of the input: (n, d) to (n, 1).

    The weight is its logarithm; it starts at ln(1 / 0.07). The scale is 100 at most.
    """

    def build(self, input_shape):
        self.log_scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(FIRST_SCALE),
            # Set back after each step: a minimum alone has no gradient above it to come back by.
            constraint=lambda value: ops.minimum(value, LARGEST_SCALE),
            name="log_scale",
        )

    def call(self, x):
        scale = ops.exp(ops.minimum(self.log_scale, LARGEST_SCALE))
        return scale * ops.ones_like(x[:, :1])

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1)


@keras.saving.register_keras_serializable(package="zoo")
def quick_gelu(x):
    """x * sigmoid(1.702 x), close to GELU."""
    return x * ops.sigmoid(1.702 * x)


def norm(x, name):
    return layers.LayerNormalization(epsilon=1e-5, name=name)(x)


def block(x, heads, name, causal=False):
    """Attention, then two fully connected layers, each on a norm of its input and added to it."""
    width = x.shape[-1]
    y = norm(x, f"{name}_norm1")
    y = SelfAttention(heads, causal, name=f"{name}_attention")(y)
    x = layers.Add(name=f"{name}_add1")([x, y])
    y = norm(x, f"{name}_norm2")
    y = layers.Dense(4 * width, activation=quick_gelu, name=f"{name}_mlp1")(y)
    y = layers.Dense(width, name=f"{name}_mlp2")(y)
    return layers.Add(name=f"{name}_add2")([x, y])


def image_features(image, patch, width, depth, heads):
    """(b, height, width, channels) to (b, d): a vision transformer's class token."""
    rows, columns = grid_of(image.shape[1:], patch)
    maps = FusedConv2D(width, patch, strides=patch, use_bias=False, name="patches")(image)
    x = layers.Reshape((rows * columns, width), name="image_tokens")(maps)
    x = PrefixTokens(1, name="image_class")(x)
    x = Positions((rows, columns), 1, name="image_positions")(x)
    x = norm(x, "image_norm0")
    for i in range(1, depth + 1):
        x = block(x, heads, f"image_block{i}")
    return norm(x[:, 0], "image_norm")


def text_features(tokens, vocabulary, width, depth, heads):
    """Token ids (b, t) to (b, d): a causal transformer's [EOS], which has seen the whole text.

    Padding after it changes nothing: no token looks at what follows it.
    """
    initial = {"embeddings_initializer": keras.initializers.RandomNormal(stddev=0.02)}
    x = layers.Embedding(vocabulary, width, name="text_tokens", **initial)(tokens)
    initial = keras.initializers.RandomNormal(stddev=0.01)
    x = SequencePositions(tokens.shape[1], initial, name="text_positions")(x)
    for i in range(1, depth + 1):
        x = block(x, heads, f"text_block{i}", causal=True)
    x = norm(x, "text_norm")
    end = ops.argmax(tokens, axis=-1)[:, None, None]
    return ops.squeeze(ops.take_along_axis(x, end, axis=1), 1)


def embedding_of(features, size, name):
    """A vector of length 1 in the space that images and texts share, in float32."""
    initial = keras.initializers.RandomNormal(stddev=features.shape[-1] ** -0.5)
    project = layers.Dense(size, use_bias=False, kernel_initializer=initial, name=f"{name}_project")
    return layers.UnitNormalization(name=f"{name}_embedding", dtype="float32")(project(features))


@register(**CLIP, patch=16, prefix_tokens=1, params=149_620_737)
def clip_base_16(
    *,
    input_shape=(224, 224, 3),
    image_tower="vit",
    patch=16,
    image_width=768,
    image_depth=12,
    image_heads=12,
    vocabulary=49408,
    context=77,
    text_width=512,
    text_depth=12,
    text_heads=8,
    embedding=512,
    name="clip_base_16",
):
    """CLIP ViT-B/16; with other arguments any member of the family.

    Takes {"image": (n, height, width, channels), "tokens": (n, context) whole numbers}, gives
    {"image", "text": (n, embedding) of length 1, "logit_scale": (n, 1)}.

    Args:
        image_tower: "vit", of the next four arguments, or the name of a classifier of the zoo,
            which has its own.
        patch: pixels per token along each side.
        vocabulary: how many tokens there are; [EOS] has the highest id of a text.
        context: tokens per text, padding included.
        embedding: numbers per image and per text.

    Raises:
        ValueError: if an argument is out of its range or does not fit the others.
    """
    checks.one_of("image_tower", image_tower, ["vit", *registry.list_models(task="classification")])
    sizes = {"vocabulary": vocabulary, "context": context, "embedding": embedding}
    sizes |= {"text_width": text_width, "text_depth": text_depth}
    sizes |= {"patch": patch, "image_width": image_width, "image_depth": image_depth}
    for option, size in sizes.items():
        checks.whole_number(option, size, least=1)

    if image_tower == "vit":
        image = keras.Input(input_shape, name="image")
        features = image_features(image, patch, image_width, image_depth, image_heads)
    else:
        tower = registry.get(image_tower, input_shape=input_shape, num_classes=0)
        image, features = tower.input, tower.output
    tokens = keras.Input((context,), dtype="int32", name="tokens")
    text = text_features(tokens, vocabulary, text_width, text_depth, text_heads)

    outputs = {
        "image": embedding_of(features, embedding, "image"),
        "text": embedding_of(text, embedding, "text"),
    }
    outputs["logit_scale"] = LogitScale(name="logit_scale", dtype="float32")(outputs["image"])
    return ImageText({"image": image, "tokens": tokens}, outputs, name=name)


@register(**CLIP, patch=32, prefix_tokens=1, variant_of="clip_base_16", params=151_277_313)
def clip_base_32(*, patch=32, name="clip_base_32", **overrides):
    """CLIP ViT-B/32."""
    return clip_base_16(patch=patch, name=name, **overrides)


@register(**CLIP, patch=8, prefix_tokens=1, variant_of="clip_base_16", params=782_049)
def clip_small(
    *,
    input_shape=(64, 64, 3),
    patch=8,
    image_width=96,
    image_depth=3,
    image_heads=4,
    vocabulary=64,
    context=16,
    text_width=128,
    text_depth=2,
    text_heads=4,
    embedding=64,
    name="clip_small",
    **overrides,
):
    """A CLIP for images of 64x64 pixels and captions of few words."""
    return clip_base_16(
        input_shape=input_shape,
        patch=patch,
        image_width=image_width,
        image_depth=image_depth,
        image_heads=image_heads,
        vocabulary=vocabulary,
        context=context,
        text_width=text_width,
        text_depth=text_depth,
        text_heads=text_heads,
        embedding=embedding,
        name=name,
        **overrides,
    )
