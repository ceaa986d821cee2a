"""What a trained BERT makes of a text: words for the gaps, and words that it takes for alike."""

from collections.abc import Sequence

import numpy as np

from zoo import checks
from zoo.language.sentence_pairs import join, special_tokens
from zoo.language.subwords import END, MASK, PAD, START


def inputs_of(tokenizer, *segments: str) -> dict[str, np.ndarray]:
    """What `bert_base` and its kin take, one row, of one or two segments of text.

    The places asked for are those of [MASK], or of [CLS] where there is none.

    Raises:
        ValueError: if there are no segments, more than two, or the tokenizer lacks a special token.
    """
    if not 1 <= len(segments) <= 2:
        raise ValueError(f"one or two segments are needed, not {len(segments)}")
    special = special_tokens(tokenizer, (PAD, START, END, MASK))
    encoded = tuple(tokenizer.encode(segment) for segment in segments)
    length = 1 + sum(len(tokens) + 1 for tokens in encoded)
    tokens, segment_ids, mask = join([encoded], length, special)
    places = np.flatnonzero(tokens[0] == special[MASK])
    return {
        "token_ids": tokens,
        "segment_ids": segment_ids,
        "padding_mask": mask,
        "mask_positions": np.array([places if len(places) else [0]], "int32"),
    }


def fill_masks(model, tokenizer, *segments: str, count: int = 5) -> list[list[tuple[str, float]]]:
    """For each [MASK] in a text the most probable tokens, with their probabilities.

    Raises:
        ValueError: if there is no [MASK], or an argument is not what it must be.
    """
    checks.whole_number("count", count, least=1, most=tokenizer.vocabulary_size)
    if not any(MASK in segment for segment in segments):
        raise ValueError(f"{' '.join(segments)!r} has no {MASK} to fill")
    logits = model.predict(inputs_of(tokenizer, *segments), verbose=0)["masked"][0]
    logits = logits.astype("float64") - logits.max(axis=-1, keepdims=True)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    best = np.argsort(-probabilities, axis=-1)[:, :count]
    return [
        [(tokenizer.tokens[token], float(row[token])) for token in tokens]
        for tokens, row in zip(best, probabilities, strict=True)
    ]


def frequent_words(tokenizer, counts, number: int, letters: int = 4) -> list[str]:
    """The most frequent tokens that are words of so many letters or more.

    Args:
        counts: (vocabulary,), how often each token stands in a text.
        number: of words; fewer where there are no more.
    """
    tokens = (tokenizer.tokens[i] for i in np.argsort(-np.asarray(counts), kind="stable"))
    words = [token for token in tokens if token.isalpha() and len(token) >= letters]
    return words[: checks.whole_number("number", number, least=1)]


def nearest_tokens(
    table: np.ndarray, tokenizer, words: Sequence[str], count: int = 5
) -> dict[str, list[tuple[str, float]]]:
    """For each word the tokens whose embeddings point most nearly the same way, with cosines.

    Args:
        table: (vocabulary, d), of the token embedding.
        tokenizer: of the same vocabulary; special tokens are left out.
        words: tokens of the vocabulary.
        count: how many for each.

    Raises:
        ValueError: if a word is no token, or the table has another vocabulary.
    """
    table = checks.array("table", table)
    if table.ndim != 2 or len(table) != tokenizer.vocabulary_size:
        raise ValueError(
            f"table must be ({tokenizer.vocabulary_size}, d), a row per token, not {table.shape}"
        )
    number = {token: i for i, token in enumerate(tokenizer.tokens)}
    unknown = [word for word in words if word not in number]
    if unknown:
        raise ValueError(f"{', '.join(map(repr, unknown))} is no token of the vocabulary")
    directions = table / np.linalg.norm(table, axis=1, keepdims=True)
    found = {}
    for word in words:
        cosines = directions @ directions[number[word]]
        cosines[[number[word], *tokenizer.special_tokens.values()]] = -np.inf
        best = np.argsort(-cosines)[:count]
        found[word] = [(tokenizer.tokens[i], float(cosines[i])) for i in best]
    return found
