"""GPT: a stack of decoder blocks that predicts the next token at every position.

    tokens -> embedding + positions -> blocks x depth -> norm -> embedding transposed -> logits
    block:  x + attention(norm(x)), then x + MLP(norm(x)); a token attends to itself and the past

    name               vocabulary   length   width   depth   heads   parameters
    gpt2_small             50,257    1,024     768      12      12  124,439,808
    gpt_chars                  65       64     128       4       4      804,096
    gpt_chars_rotary           65       64     128       4       4      795,904

Sources: Radford et al., Language models are unsupervised multitask learners (2019), for gpt2_small;
karpathy/nanoGPT, the setting for a CPU, for gpt_chars: no biases, the exact GELU. All start as
there, kernels and embeddings from N(0, 0.02), those that end a branch from N(0, 0.02 / sqrt(2
depth)). Deviation: no dropout of the attention.
"""

import keras
from keras import layers

from zoo import checks
from zoo.layers import SelfAttention, SequencePositions, gelu_tanh, squared_relu
from zoo.registry import register

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": gelu_tanh, "squared_relu": squared_relu}
NORMS = ("layer", "rms")
POSITIONS = ("learned", "rotary")
EPSILON = 1e-5


def normal(deviation=0.02):
    """A new one for each weight: an initializer gives the same numbers every time."""
    return keras.initializers.RandomNormal(stddev=deviation)


def normalized(x, norm, use_bias, name):
    """A layer norm, or "rms": without taking the mean away."""
    if norm == "rms":
        return layers.RMSNormalization(epsilon=EPSILON, name=name)(x)
    return layers.LayerNormalization(epsilon=EPSILON, center=use_bias, name=name)(x)


def decoder_block(
    x,
    heads,
    mlp_width,
    name,
    *,
    activation="gelu_tanh",
    norm="layer",
    use_bias=True,
    rotary_length=None,
    dropout=0.0,
    last_deviation=0.02,
):
    """Causal attention, then two fully connected layers, each on a norm of its input and added.

    `last_deviation` is that of the initial kernels at the end of the two branches.
    """

    def dropped(y, i):
        return layers.Dropout(dropout, name=f"{name}_dropout{i}")(y) if dropout else y

    width = x.shape[-1]
    y = SelfAttention(
        heads,
        causal=True,
        use_bias=use_bias,
        rotary_length=rotary_length,
        kernel_initializer=normal(),
        out_initializer=normal(last_deviation),
        name=f"{name}_attention",
    )(normalized(x, norm, use_bias, f"{name}_norm1"))
    x = layers.Add(name=f"{name}_add1")([x, dropped(y, 1)])
    y = layers.Dense(
        mlp_width,
        activation=ACTIVATIONS[activation],
        use_bias=use_bias,
        kernel_initializer=normal(),
        name=f"{name}_mlp1",
    )(normalized(x, norm, use_bias, f"{name}_norm2"))
    y = layers.Dense(
        width, use_bias=use_bias, kernel_initializer=normal(last_deviation), name=f"{name}_mlp2"
    )(y)
    return layers.Add(name=f"{name}_add2")([x, dropped(y, 2)])


@register(
    session=11,
    task="language modelling",
    source="Radford et al., Language models are unsupervised multitask learners (2019)",
    params=124_439_808,
)
def gpt2_small(
    *,
    vocabulary=50257,
    length=1024,
    width=768,
    depth=12,
    heads=12,
    mlp_ratio=4,
    activation="gelu_tanh",
    norm="layer",
    positions="learned",
    use_bias=True,
    dropout=0.0,
    name="gpt2_small",
):
    """GPT-2, the smallest of four; with other arguments any member of the family.

    Args:
        vocabulary: how many tokens there are; ids are 0 to `vocabulary - 1`.
        length: the most tokens that a sequence can have.
        width: numbers per token.
        mlp_ratio: how many times as wide the hidden layer of a block is.
        activation: of the hidden layer, "gelu", its approximation "gelu_tanh" or "squared_relu".
        norm: "layer", or "rms" without mean and bias.
        positions: a "learned" vector for each is added to the tokens, or the attention's queries
            and keys are rotated by them ("rotary").
        use_bias: whether kernels and norms have biases.
        dropout: after the positions and in every branch.

    Raises:
        ValueError: if an argument is out of its range or does not fit the others.
    """
    counts = {"vocabulary": vocabulary, "length": length, "width": width, "depth": depth}
    for option, number in counts.items():
        checks.whole_number(option, number, least=1)
    checks.number("mlp_ratio", mlp_ratio, above=0)
    checks.one_of("activation", activation, ACTIVATIONS)
    checks.one_of("norm", norm, NORMS)
    checks.one_of("positions", positions, POSITIONS)
    checks.flag("use_bias", use_bias)
    checks.probability("dropout", dropout)

    tokens = keras.Input((None,), dtype="int32", name="tokens")  # (b, t)
    embedding = layers.ReversibleEmbedding(
        vocabulary, width, embeddings_initializer=normal(), name="embedding"
    )
    x = embedding(tokens)  # (b, t, width)
    if positions == "learned":
        x = SequencePositions(length, initializer=normal(), name="positions")(x)
    if dropout:
        x = layers.Dropout(dropout, name="positions_dropout")(x)
    for i in range(1, depth + 1):
        x = decoder_block(
            x,
            heads,
            int(mlp_ratio * width),
            f"block{i}",
            activation=activation,
            norm=norm,
            use_bias=use_bias,
            rotary_length=length if positions == "rotary" else None,
            dropout=dropout,
            last_deviation=0.02 / (2 * depth) ** 0.5,
        )
    x = normalized(x, norm, use_bias, "norm")
    logits = embedding(x, reverse=True)  # (b, t, vocabulary)
    return keras.Model(tokens, logits, name=name)


@register(
    session=11,
    task="language modelling",
    dataset="shakespeare",
    source="github.com/karpathy/nanoGPT",
    variant_of="gpt2_small",
    params=804_096,
)
def gpt_chars(
    *,
    vocabulary=65,
    length=64,
    width=128,
    depth=4,
    heads=4,
    activation="gelu",
    use_bias=False,
    name="gpt_chars",
    **overrides,
):
    """A GPT for characters that two cores train in a minute: nanoGPT's setting for a CPU."""
    return gpt2_small(
        vocabulary=vocabulary,
        length=length,
        width=width,
        depth=depth,
        heads=heads,
        activation=activation,
        use_bias=use_bias,
        name=name,
        **overrides,
    )


@register(
    session=11,
    task="language modelling",
    dataset="shakespeare",
    source="arxiv.org/abs/2104.09864",
    variant_of="gpt_chars",
    params=795_904,
)
def gpt_chars_rotary(
    *,
    activation="squared_relu",
    norm="rms",
    positions="rotary",
    name="gpt_chars_rotary",
    **overrides,
):
    """gpt_chars with rotary positions, RMS norm and squared ReLU, which learns more in a step."""
    return gpt_chars(activation=activation, norm=norm, positions=positions, name=name, **overrides)
