"""Words left out of a text, for a model to fill in."""

from typing import NamedTuple

import numpy as np

from zoo import checks

RATE = 0.15  # of the tokens are asked for
MASKED, RANDOM = 0.8, 0.1  # of those: written as [MASK], as any token; the others stay


class Masked(NamedTuple):
    """Sequences of which some tokens are asked for."""

    tokens: np.ndarray  # (n, T): what the model reads
    positions: np.ndarray  # (n, P): the places that are asked for, filled up with 0
    targets: np.ndarray  # (n, P): the tokens that stood there
    weights: np.ndarray  # (n, P): 1, and 0 where there is no further place


def places_of(length: int, rate: float = RATE) -> int:
    """How many tokens of a sequence of this length are asked for at most; 1 at least."""
    return max(1, round(rate * length))


def mask_tokens(
    tokens, eligible, rng, *, mask_token: int, replacements, rate: float = RATE
) -> Masked:
    """Choose 15 % of the tokens of each sequence, one at least, and hide most of them.

    A chosen token is written as [MASK] in 80 % of the cases, as a random one in 10 %, and left as
    it is in 10 %, so that the model has to have an opinion on every token.

    Args:
        tokens: (n, T) integers.
        eligible: (n, T), which of them may be chosen: not [CLS], [SEP] and padding.
        rng: a `numpy.random.Generator`; what is drawn is a function of it.
        mask_token: the number of [MASK].
        replacements: (k,), the tokens of which the random ones are drawn.
        rate: the share that is chosen, rounded for each sequence.

    Raises:
        ValueError: if a sequence has no eligible token, or an argument is not what it must be.

    Source: Devlin et al., BERT (arXiv:1810.04805), section 3.1. `keras_hub.layers.
    MaskedLMMaskGenerator` 0.32 chooses [CLS] and [SEP] too, and none at all of some sequences.
    """
    tokens, eligible = np.asarray(tokens), np.asarray(eligible, bool)
    checks.number("rate", rate, above=0, most=1)
    if tokens.ndim != 2 or tokens.shape != eligible.shape:
        raise ValueError(
            f"tokens (n, T) and eligible must be of one shape, not {tokens.shape} and "
            f"{eligible.shape}"
        )
    available = eligible.sum(axis=1)
    if not available.all():
        raise ValueError(f"sequence {int(np.argmin(available))} has no token that may be asked for")
    counts = np.maximum(1, np.round(rate * available).astype(int))
    places = places_of(tokens.shape[1], rate)
    order = np.argsort(np.where(eligible, rng.random(tokens.shape), 2), axis=1)[:, :places]
    weights = np.arange(places) < counts[:, None]
    order = np.sort(np.where(weights, order, tokens.shape[1]), axis=1)  # fillers stay last
    positions = np.where(weights, order, 0)

    rows = np.arange(len(tokens))[:, None]
    targets = np.where(weights, tokens[rows, positions], 0)
    draw = rng.random(positions.shape)
    shown = np.where(draw < MASKED, mask_token, targets)
    any_token = rng.choice(np.asarray(replacements), size=positions.shape)
    shown = np.where((draw >= MASKED) & (draw < MASKED + RANDOM), any_token, shown)
    written = tokens.copy()
    row, place = np.nonzero(weights)
    written[row, positions[row, place]] = shown[row, place]
    arrays = (written, positions, targets, weights)
    kinds = ("int32", "int32", "int32", "float32")
    return Masked(*(array.astype(kind) for array, kind in zip(arrays, kinds, strict=True)))


def unigram_baseline(counts, targets) -> tuple[float, float]:
    """What one knows without reading: accuracy and nats per token, to compare a model with.

    Args:
        counts: (vocabulary,), how often each token stands in the training text.
        targets: (n,), the tokens that the model is asked for.

    Returns:
        The share of targets that are the most frequent token, and the cross-entropy of the targets
        under the frequencies, each count one higher so that none is zero.
    """
    counts, targets = np.asarray(counts, float), np.asarray(targets)
    nats = -np.log((counts + 1) / (counts + 1).sum())
    return float(np.mean(targets == counts.argmax())), float(nats[targets].mean())
