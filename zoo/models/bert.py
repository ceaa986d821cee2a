"""BERT: an encoder that reads a text in both directions and fills in the words left out.

    token ids + segment ids + positions -> norm -> blocks x depth -> sequence
    block:     norm(x + attention(x)), then norm(x + MLP(x)); nothing is gathered from padding
    masked:    sequence at the masked places -> dense -> norm -> embedding transposed + bias
    is_next:   sequence at [CLS] -> pooler (dense, tanh) -> 2 logits

    name        vocabulary   length   width   depth   heads   its body    parameters
    bert_base       30,522      512     768      12      12   109,482,240   110,106,428
    bert_tiny       30,522      512     128       2       2     4,385,920     4,433,468

The body is what is published as BERT's size: everything but the two heads, with the pooler.

Sources: Devlin et al., BERT (arXiv:1810.04805); bert_tiny, Turc et al., Well-read students learn
better (arXiv:1908.08962). Kernels and embeddings start from N(0, 0.02), norms have epsilon 1e-12,
GELU is the exact one, as in Hugging Face's; the published code has its tanh, `"gelu_tanh"`.
Deviations: kernels start from a normal distribution that is not cut off; no dropout of the
attention.
"""

import keras
from keras import layers, ops

from zoo import checks
from zoo.layers import Bias, SelfAttention, SequencePositions, gelu_tanh
from zoo.registry import register

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": gelu_tanh}
EPSILON = 1e-12
BERT = {"session": 11, "task": "masked language modelling", "source": "arxiv.org/abs/1810.04805"}
INPUTS = ("token_ids", "segment_ids", "padding_mask")  # of the body


def normal():
    """A new one for each weight: an initializer gives the same numbers every time."""
    return keras.initializers.RandomNormal(stddev=0.02)


def dense(units, name, activation=None):
    return layers.Dense(units, activation=activation, kernel_initializer=normal(), name=name)


def norm(x, name):
    return layers.LayerNormalization(epsilon=EPSILON, name=name)(x)


def encoder_block(x, mask, heads, mlp_width, activation, dropout, name):
    """Attention, then two fully connected layers, each added to its input and normalised."""

    def dropped(y, i):
        return layers.Dropout(dropout, name=f"{name}_dropout{i}")(y) if dropout else y

    width = x.shape[-1]
    y = SelfAttention(
        heads,
        kernel_initializer=normal(),
        out_initializer=normal(),
        name=f"{name}_attention",
    )(x, mask=mask)
    x = layers.Add(name=f"{name}_add1")([x, dropped(y, 1)])
    x = norm(x, f"{name}_norm1")
    y = dense(mlp_width, f"{name}_mlp1", activation)(x)
    y = dense(width, f"{name}_mlp2")(y)
    x = layers.Add(name=f"{name}_add2")([x, dropped(y, 2)])
    return norm(x, f"{name}_norm2")


@register(**BERT, params=110_106_428)
def bert_base(
    *,
    vocabulary=30522,
    length=512,
    width=768,
    depth=12,
    heads=12,
    mlp_ratio=4,
    activation="gelu",
    dropout=0.1,
    name="bert_base",
):
    """BERT, the smaller of the paper's two; with other arguments any member of the family.

    It takes {"token_ids", "segment_ids", "padding_mask"} (n, T), the mask 1 for tokens and 0 for
    padding, and "mask_positions" (n, P), the places whose words are asked for, filled up with any
    place. It gives {"masked": (n, P, vocabulary), "is_next": (n, 2)}, logits; class 1: the second
    segment follows the first.

    Args:
        vocabulary: how many tokens there are; ids are 0 to `vocabulary - 1`.
        length: the most tokens that a sequence can have.
        width: numbers per token.
        mlp_ratio: how many times as wide the hidden layer of a block is.
        activation: "gelu", or its approximation "gelu_tanh".
        dropout: after the embeddings and in every branch.

    Raises:
        ValueError: if an argument is out of its range or does not fit the others.
    """
    counts = {"vocabulary": vocabulary, "length": length, "width": width, "depth": depth}
    for option, number in counts.items():
        checks.whole_number(option, number, least=1)
    checks.number("mlp_ratio", mlp_ratio, above=0)
    activation = ACTIVATIONS[checks.one_of("activation", activation, ACTIVATIONS)]
    checks.probability("dropout", dropout)

    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in INPUTS}
    positions = keras.Input((None,), dtype="int32", name="mask_positions")  # (b, p)
    embedding = layers.ReversibleEmbedding(
        vocabulary, width, embeddings_initializer=normal(), name="token_embedding"
    )
    segment_embedding = layers.Embedding(
        2, width, embeddings_initializer=normal(), name="segment_embedding"
    )
    x = layers.Add(name="embeddings_add")(
        [embedding(inputs["token_ids"]), segment_embedding(inputs["segment_ids"])]
    )
    x = SequencePositions(length, initializer=normal(), name="positions")(x)
    x = norm(x, "embeddings_norm")  # (b, t, width)
    if dropout:
        x = layers.Dropout(dropout, name="embeddings_dropout")(x)
    mlp_width = int(mlp_ratio * width)
    for i in range(1, depth + 1):
        x = encoder_block(
            x, inputs["padding_mask"], heads, mlp_width, activation, dropout, f"block{i}"
        )

    y = ops.take_along_axis(x, positions[..., None], axis=1)  # (b, p, width)
    y = dense(width, "masked_dense", activation)(y)
    y = norm(y, "masked_norm")
    masked = Bias(name="masked")(embedding(y, reverse=True))  # (b, p, vocabulary)
    pooled = dense(width, "pooler", "tanh")(x[:, 0])
    is_next = dense(2, "is_next")(pooled)
    inputs = inputs | {"mask_positions": positions}
    return keras.Model(inputs, {"masked": masked, "is_next": is_next}, name=name)


@register(
    **BERT | {"source": "arxiv.org/abs/1908.08962", "variant_of": "bert_base"},
    dataset="wikitext2",
    params=4_433_468,
)
def bert_tiny(*, width=128, depth=2, heads=2, name="bert_tiny", **overrides):
    """BERT-Tiny, which two cores can train; with a vocabulary of your own it is smaller still."""
    return bert_base(width=width, depth=depth, heads=heads, name=name, **overrides)


def body(model):
    """The sequence (n, T, width) and what the pooler makes of it (n, width); weights are shared.

    It takes the inputs of `INPUTS` and gives {"sequence", "pooled"}.
    """
    inputs = {name: model.get_layer(name).output for name in INPUTS}
    last = max(int(layer.name[5:-6]) for layer in model.layers if layer.name.endswith("_norm2"))
    outputs = {
        "sequence": model.get_layer(f"block{last}_norm2").output,
        "pooled": model.get_layer("pooler").output,
    }
    return keras.Model(inputs, outputs, name=f"{model.name}_body")


def classifier(model, num_classes, dropout=0.1):
    """A BERT with a new head on the pooler, to be fine-tuned: logits (n, num_classes).

    The body's weights are shared with `model`, which changes as this one is trained.

    Raises:
        ValueError: if an argument is out of its range.
    """
    checks.whole_number("num_classes", num_classes, least=2)
    checks.probability("dropout", dropout)
    features = body(model)
    x = layers.Dropout(dropout, name="head_dropout")(features.output["pooled"])
    logits = dense(num_classes, "logits")(x)
    return keras.Model(features.input, logits, name=f"{model.name}_classifier")
