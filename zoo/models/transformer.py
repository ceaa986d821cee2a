"""The transformer of encoder and decoder: one sequence is written out as another.

    source ids -> embedding * sqrt(d) + positions -> encoder blocks x depth ------+ context
    target ids -> embedding * sqrt(d) + positions -> decoder blocks x depth -> logits
    encoder block:  x = norm(x + attention(x)), then x = norm(x + MLP(x))
    decoder block:  the same, its attention causal; between the two
                    x = norm(x + cross attention(x, context))

    name               vocabulary  width  depth  heads    MLP   parameters
    transformer            37,000    512    6+6      8  2,048   63,082,496
    transformer_dates          52     64    2+2      4    256      236,800

Source: Vaswani et al., Attention is all you need (arXiv:1706.03762), whose table 3 rounds its base
model to 65 million parameters, with a vocabulary of about 37,000 that it does not state exactly.
Embeddings of source and target and the matrix of the logits are one, as there; so a token of the
target counts with those of the source. The norm stands behind the sum, and none at the end.
Deviations: none of the arithmetic; weights are Keras's, embeddings start at a deviation of
1 / sqrt(d). Id 0 is padding and never attended to: it stands at the end of a target, and a source
has one other id at least.
"""

import math

import keras
from keras import layers, ops

from zoo import checks
from zoo.layers import CrossAttention, SelfAttention, SinusoidalPositions
from zoo.registry import register

PADDING = 0


def embedded(ids, embedding, name, dropout):
    """(b, t) ids to (b, t, d): embeddings as large as the waves that are added to them."""
    x = layers.Rescaling(math.sqrt(embedding.output_dim), name=f"{name}_scale")(embedding(ids))
    x = SinusoidalPositions(name=f"{name}_positions")(x)
    return layers.Dropout(dropout, name=f"{name}_dropout")(x)


def added(x, branch, name, dropout):
    """The norm of a sum of input and branch."""
    branch = layers.Dropout(dropout, name=f"{name}_dropout")(branch)
    x = layers.Add(name=f"{name}_add")([x, branch])
    return layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm")(x)


def mlp(x, mlp_width, name, dropout):
    y = layers.Dense(mlp_width, activation="relu", name=f"{name}_mlp1")(x)
    y = layers.Dense(x.shape[-1], name=f"{name}_mlp2")(y)
    return added(x, y, f"{name}_mlp", dropout)


def encoder_block(x, mask, heads, mlp_width, name, dropout):
    y = SelfAttention(heads, name=f"{name}_attention")(x, mask=mask)
    x = added(x, y, f"{name}_attention", dropout)
    return mlp(x, mlp_width, name, dropout)


def decoder_block(x, context, mask, heads, mlp_width, name, dropout):
    y = SelfAttention(heads, causal=True, name=f"{name}_attention")(x)
    x = added(x, y, f"{name}_attention", dropout)
    y = CrossAttention(heads, name=f"{name}_cross")(x, context, context_mask=mask)
    x = added(x, y, f"{name}_cross", dropout)
    return mlp(x, mlp_width, name, dropout)


@register(
    session=11,
    task="translation",
    source="arxiv.org/abs/1706.03762",
    params=63_082_496,
)
def transformer(
    *,
    vocabulary=37_000,
    width=512,
    depth=6,
    heads=8,
    mlp_width=2048,
    dropout=0.1,
    name="transformer",
):
    """The base transformer of Attention is all you need.

    It takes {"source": ids (n, s), "target": ids (n, t)} and gives logits (n, t, vocabulary): at
    each position of the target, of the token that comes next.

    Args:
        vocabulary: how many ids there are, the padding of id 0 among them.
        width: numbers per token, even.
        depth: blocks of the encoder, and as many of the decoder.
        dropout: of every branch, and behind the positions.

    Raises:
        ValueError: if an argument is out of its range, or the heads do not divide the width.
    """
    sizes = {"vocabulary": vocabulary, "width": width, "depth": depth, "mlp_width": mlp_width}
    for option, number in sizes.items():
        checks.whole_number(option, number, least=1)
    checks.probability("dropout", dropout)

    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    initializer = keras.initializers.RandomNormal(stddev=width**-0.5)
    embedding = layers.ReversibleEmbedding(
        vocabulary, width, embeddings_initializer=initializer, name="embedding"
    )
    mask = ops.not_equal(source, PADDING)
    context = embedded(source, embedding, "source", dropout)  # (b, s, d)
    for i in range(1, depth + 1):
        context = encoder_block(context, mask, heads, mlp_width, f"encoder{i}", dropout)
    x = embedded(target, embedding, "target", dropout)  # (b, t, d)
    for i in range(1, depth + 1):
        x = decoder_block(x, context, mask, heads, mlp_width, f"decoder{i}", dropout)
    logits = embedding(x, reverse=True)  # (b, t, vocabulary)
    return keras.Model({"source": source, "target": target}, logits, name=name)


@register(
    session=11,
    task="translation",
    dataset="dates",
    source="arxiv.org/abs/1706.03762",
    variant_of="transformer",
    params=236_800,
)
def transformer_dates(
    *,
    vocabulary=52,
    width=64,
    depth=2,
    heads=4,
    mlp_width=256,
    name="transformer_dates",
    **overrides,
):
    """A small transformer, for dates character by character."""
    return transformer(
        vocabulary=vocabulary,
        width=width,
        depth=depth,
        heads=heads,
        mlp_width=mlp_width,
        name=name,
        **overrides,
    )


@keras.saving.register_keras_serializable(package="zoo")
def exact_match(true, logits):
    """1 where every token of a target is right, padding aside: ids (n, t), (n, t, v) to (n,).

    With the true tokens before each one given, as in training; a decoding of its own errs first
    where this does, so both agree on which targets are right.
    """
    true = ops.cast(true, "int32")
    right = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), true)
    right = ops.logical_or(right, ops.equal(true, PADDING))
    return ops.cast(ops.all(right, axis=-1), "float32")
