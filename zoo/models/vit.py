"""Vision transformers: an image is a sequence of patches.

    image -> patches -> (class token) + positions -> blocks x depth -> norm -> head -> logits
    block:  x + attention(norm(x)), then x + MLP(norm(x))

    name               image  patch  width  depth  heads  classes   parameters
    vit_tiny_16          224     16    192     12      3    1,000    5,717,416
    vit_small_16         224     16    384     12      6    1,000   22,050,664
    vit_base_16          224     16    768     12     12    1,000   86,567,656
    vit_mnist             28      4     64      4      4       10      139,018
    vit_cifar             32      4    192      6      3       10    1,806,538
    vit_cifar_compact     32      4    128      3      2       10      384,075
    vit_cifar_hybrid      32      4    128      4      4       10      817,050

Sources: Dosovitskiy et al., An image is worth 16x16 words (arXiv:2010.11929); for `stem="conv"`,
`head="pool"` and vit_cifar_compact, which is CCT-3/3x2, Hassani et al., Escaping the big data
paradigm with compact transformers (arXiv:2104.05704); for `distilled` Touvron et al., Training
data-efficient image transformers (arXiv:2012.12877). Deviations: the class token, the positions
and the head start at zero; no hidden layer before the head; the logits of a distilled net are the
mean of its two heads, `logits_class` and `logits_distilled`, in training too; in the compact net no
dropout of the attention.
"""

import math

import keras
from keras import layers

from zoo import checks
from zoo.layers import FusedConv2D, Positions, PrefixTokens, SelfAttention, SequencePooling
from zoo.models.resnet import resnet20
from zoo.registry import register

HEADS = ("cls", "mean", "pool")
STEMS = ("patch", "conv", "resnet20")
VIT = {"session": 10, "source": "arxiv.org/abs/2010.11929"}
IMAGENET = VIT | {"cam_layer": "block12_norm1", "patch": 16, "prefix_tokens": 1}
CIFAR = VIT | {"dataset": "cifar10", "patch": 4, "variant_of": "vit_base_16"}


def patch_maps(image, patch, width):
    """One vector per patch: a convolution whose kernel and stride are the patch."""
    return FusedConv2D(width, patch, strides=patch, name="patches")(image)


def conv_maps(image, patch, width):
    """3x3 convolutions, each halved by a pooling: no patch borders, so nearby pixels stay near."""
    x = image
    for i in range(1, int(math.log2(patch)) + 1):
        filters = width if 2**i == patch else 64
        conv = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
        x = FusedConv2D(filters, 3, activation="relu", name=f"stem{i}_conv", **conv)(x)
        x = layers.ZeroPadding2D(1, name=f"stem{i}_pad")(x)  # behind a ReLU no value is lower
        x = layers.MaxPooling2D(3, strides=2, name=f"stem{i}_pool")(x)
    return x


def resnet_maps(body, width):
    """The last maps of a ResNet, brought to the transformer's width."""
    return FusedConv2D(width, 1, name="patches")(body.get_layer("stage3_block3").output)


def encoder_block(x, heads, mlp_width, name, dropout, stochastic_depth):
    """Attention, then two fully connected layers, each on a norm of its input and added to it."""

    def dropped(y, i):
        y = layers.Dropout(dropout, name=f"{name}_dropout{i}")(y) if dropout else y
        if stochastic_depth:  # leaves out the whole branch for some of the images
            rate, images = stochastic_depth, (None, 1, 1)
            y = layers.Dropout(rate, noise_shape=images, name=f"{name}_drop{i}")(y)
        return y

    width = x.shape[-1]
    y = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm1")(x)
    y = SelfAttention(heads, name=f"{name}_attention")(y)
    x = layers.Add(name=f"{name}_add1")([x, dropped(y, 1)])
    y = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm2")(x)
    y = layers.Dense(mlp_width, activation="gelu", name=f"{name}_mlp1")(y)
    y = layers.Dense(width, name=f"{name}_mlp2")(y)
    return layers.Add(name=f"{name}_add2")([x, dropped(y, 2)])


def features_for(x, head):
    """(b, t, d) to (b, d): the class token, the mean of the patches, or their weighted mean."""
    if head == "cls":
        return x[:, 0]
    if head == "mean":
        return layers.GlobalAveragePooling1D(name="mean")(x)
    return SequencePooling(name="pool")(x)


@register(**IMAGENET, params=86_567_656)
def vit_base_16(
    *,
    input_shape=(224, 224, 3),
    num_classes=1000,
    patch=16,
    width=768,
    depth=12,
    heads=12,
    mlp_ratio=4,
    head="cls",
    stem="patch",
    distilled=False,
    dropout=0.0,
    stochastic_depth=0.0,
    position_grid=None,
    name="vit_base_16",
):
    """ViT-B/16; with other arguments any member of the family.

    Args:
        input_shape: sides that are multiples of the patch.
        patch: pixels per token along each side; of the conv stem a power of 2, of resnet20 4.
        width: numbers per token.
        mlp_ratio: how many times as wide the hidden layer of a block is.
        head: what the logits are made of: a class token ("cls"), the mean of the patches ("mean"),
            or their mean weighted by a softmax ("pool").
        stem: what makes the tokens: "patch", "conv", or the last maps of "resnet20".
        distilled: adds a distillation token with a head of its own; with `head="cls"` alone.
        dropout: after the positions and in every branch.
        stochastic_depth: how often the last block's branches are left out; the first never.
        position_grid: (rows, columns) of the patches that the weights to be loaded were trained
            with, if not those of `input_shape`: their positions are interpolated.

    Raises:
        ValueError: if an argument is out of its range or does not fit the others.
    """
    checks.one_of("head", head, HEADS)
    checks.one_of("stem", stem, STEMS)
    checks.flag("distilled", distilled)
    for option, number in (("patch", patch), ("width", width), ("depth", depth)):
        checks.whole_number(option, number, least=1)
    checks.number("mlp_ratio", mlp_ratio, above=0)
    checks.probability("dropout", dropout)
    checks.probability("stochastic_depth", stochastic_depth)
    if distilled and head != "cls":
        raise ValueError(f'distilled=True needs head="cls", not head={head!r}')
    if stem == "conv" and 2 ** round(math.log2(patch)) != patch:
        raise ValueError(f'patch={patch} must be a power of 2 for stem="conv", which halves')
    if stem == "resnet20" and patch != 4:
        raise ValueError(f'patch={patch} must be 4 for stem="resnet20", whose maps have a quarter')
    grid = grid_of(input_shape, patch)
    prefix_tokens = (1 + distilled) if head == "cls" else 0

    image = keras.Input(input_shape, name="image")
    if stem == "patch":
        maps = patch_maps(image, patch, width)
    elif stem == "conv":
        maps = conv_maps(image, patch, width)
    else:
        body = resnet20(input_shape=input_shape)
        image, maps = body.input, resnet_maps(body, width)
    x = layers.Reshape((grid[0] * grid[1], width), name="tokens")(maps)
    if prefix_tokens:
        x = PrefixTokens(prefix_tokens, name="prefix")(x)
    learned_grid = checks.grid("position_grid", position_grid or grid)
    x = Positions(grid, prefix_tokens, learned_grid, name="positions")(x)
    if dropout:
        x = layers.Dropout(dropout, name="positions_dropout")(x)
    for i in range(1, depth + 1):
        rate = stochastic_depth * (i - 1) / max(1, depth - 1)
        x = encoder_block(x, heads, int(mlp_ratio * width), f"block{i}", dropout, rate)
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)

    def logits_of(x, name):
        return layers.Dense(num_classes, kernel_initializer="zeros", name=name)(x)

    if distilled:
        both = [logits_of(x[:, 0], "logits_class"), logits_of(x[:, 1], "logits_distilled")]
        logits = layers.Average(name="logits")(both)
    else:
        logits = logits_of(features_for(x, head), "logits")
    return keras.Model(image, logits, name=name)


def grid_of(input_shape, patch):
    """(rows, columns) of the patches.

    Raises:
        ValueError: if the sides are no multiples of the patch; with the nearest that are.
    """
    sides = input_shape[:2]
    if None in sides:
        raise ValueError(
            f"input_shape={input_shape}: a vision transformer has a position for every patch, so "
            f"it has to know the size of its images"
        )
    if any(side % patch for side in sides):
        nearest = " and ".join(str(max(1, round(side / patch)) * patch) for side in sides)
        raise ValueError(
            f"input_shape={input_shape}: height and width must be multiples of the patch of "
            f"{patch} pixels; the nearest are {nearest}"
        )
    return sides[0] // patch, sides[1] // patch


@register(**IMAGENET, variant_of="vit_base_16", params=5_717_416)
def vit_tiny_16(*, width=192, heads=3, name="vit_tiny_16", **overrides):
    """ViT-Ti/16, DeiT's smallest."""
    return vit_base_16(width=width, heads=heads, name=name, **overrides)


@register(**IMAGENET, variant_of="vit_base_16", params=22_050_664)
def vit_small_16(*, width=384, heads=6, name="vit_small_16", **overrides):
    """ViT-S/16."""
    return vit_base_16(width=width, heads=heads, name=name, **overrides)


@register(
    session=9,
    dataset="mnist",
    source="arxiv.org/abs/2010.11929",
    cam_layer="block4_norm1",
    patch=4,
    prefix_tokens=1,
    variant_of="vit_base_16",
    params=139_018,
)
def vit_mnist(
    *,
    input_shape=(28, 28, 1),
    num_classes=10,
    patch=4,
    width=64,
    depth=4,
    heads=4,
    mlp_ratio=2,
    name="vit_mnist",
    **overrides,
):
    """A vision transformer for MNIST: 49 patches of 4x4 pixels and a class token."""
    return vit_base_16(
        input_shape=input_shape,
        num_classes=num_classes,
        patch=patch,
        width=width,
        depth=depth,
        heads=heads,
        mlp_ratio=mlp_ratio,
        name=name,
        **overrides,
    )


@register(**CIFAR, cam_layer="block6_norm1", prefix_tokens=1, params=1_806_538)
def vit_cifar(
    *,
    input_shape=(32, 32, 3),
    num_classes=10,
    patch=4,
    width=192,
    depth=6,
    heads=3,
    mlp_ratio=2,
    name="vit_cifar",
    **overrides,
):
    """A plain vision transformer for CIFAR: 64 patches of 4x4 pixels and a class token."""
    return vit_base_16(
        input_shape=input_shape,
        num_classes=num_classes,
        patch=patch,
        width=width,
        depth=depth,
        heads=heads,
        mlp_ratio=mlp_ratio,
        name=name,
        **overrides,
    )


@register(
    **CIFAR | {"source": "arxiv.org/abs/2104.05704", "variant_of": "vit_cifar"},
    cam_layer="norm",
    params=384_075,
)
def vit_cifar_compact(
    *,
    width=128,
    depth=3,
    heads=2,
    mlp_ratio=1,
    head="pool",
    stem="conv",
    name="vit_cifar_compact",
    **overrides,
):
    """The compact transformer CCT-3/3x2: convolutions make the tokens, their mean the logits."""
    return vit_cifar(
        width=width,
        depth=depth,
        heads=heads,
        mlp_ratio=mlp_ratio,
        head=head,
        stem=stem,
        name=name,
        **overrides,
    )


@register(**CIFAR | {"variant_of": "vit_cifar"}, cam_layer="norm", params=817_050)
def vit_cifar_hybrid(
    *,
    width=128,
    depth=4,
    heads=4,
    head="mean",
    stem="resnet20",
    name="vit_cifar_hybrid",
    **overrides,
):
    """ResNet-20 makes 64 tokens of an image, a transformer works on them."""
    return vit_cifar(
        width=width, depth=depth, heads=heads, head=head, stem=stem, name=name, **overrides
    )
