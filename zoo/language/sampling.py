"""Which token comes next, from logits and a number drawn uniformly."""

from keras import ops


def chosen(logits, uniform, temperature, top_p, top_k: int):
    """A token for each row, (b,) int32, by where `uniform` falls in the summed probabilities.

    The likeliest token has the lowest numbers, so 0 is the greedy choice.

    Args:
        logits: (b, vocabulary).
        uniform: (b,), from 0 to below 1.
        temperature: what the logits are divided by, above 0.
        top_p: the likeliest tokens are kept until together they are as probable as this; more than
            1: all.
        top_k: how many tokens are kept before that.
    """
    if top_k == 1:
        return ops.cast(ops.argmax(logits, axis=-1), "int32")
    values, tokens = ops.top_k(ops.cast(logits, "float32"), top_k)  # the highest first
    probability = ops.softmax(values / temperature)
    before = ops.cumsum(probability, axis=-1) - probability
    probability = ops.where(before < top_p, probability, 0.0)
    summed = ops.cumsum(probability, axis=-1)
    uniform = ops.convert_to_tensor(uniform)[:, None]
    below = summed <= uniform * summed[:, -1:]
    place = ops.sum(ops.cast(below, "int32"), axis=-1, keepdims=True)
    return ops.cast(ops.take_along_axis(tokens, place, axis=-1)[:, 0], "int32")
