"""Gaps filled by a BERT, and the neighbours of its words."""

import numpy as np
import pytest

import zoo
from zoo.language import train_word_piece
from zoo.language.reading import fill_masks, frequent_words, inputs_of, nearest_tokens

pytest.importorskip("tokenizers")
pytestmark = pytest.mark.once

TOKENIZER = train_word_piece(["the king and the queen and a cat the king"], 60)


def numbers(*tokens):
    return [TOKENIZER.tokens.index(token) for token in tokens]


def test_inputs_hold_segments_and_the_places_of_masks():
    inputs = inputs_of(TOKENIZER, "the [MASK] and", "a [MASK]")
    expected = ["[CLS]", "the", "[MASK]", "and", "[SEP]", "a", "[MASK]", "[SEP]"]
    assert inputs["token_ids"].tolist() == [numbers(*expected)]
    assert inputs["segment_ids"].tolist() == [[0] * 5 + [1] * 3]
    assert inputs["padding_mask"].tolist() == [[1] * 8]
    assert inputs["mask_positions"].tolist() == [[2, 6]]
    assert inputs_of(TOKENIZER, "the king")["mask_positions"].tolist() == [[0]]


def test_the_most_probable_words_come_first():
    model = zoo.get("bert_tiny", vocabulary=TOKENIZER.vocabulary_size, length=16)
    bias = np.zeros(TOKENIZER.vocabulary_size, "float32")
    bias[numbers("king", "cat")] = 9, 8
    for layer in ("masked_dense", "masked_norm"):  # whatever is read, the bias decides
        model.get_layer(layer).set_weights([0 * w for w in model.get_layer(layer).get_weights()])
    model.get_layer("masked").set_weights([bias])
    gaps = fill_masks(model, TOKENIZER, "the [MASK] and [MASK]", count=2)
    assert [[word for word, _ in gap] for gap in gaps] == [["king", "cat"]] * 2
    total = np.exp(bias.astype(float)).sum()
    expected = [np.exp(9) / total, np.exp(8) / total]
    np.testing.assert_allclose([p for _, p in gaps[0]], expected, rtol=1e-4)
    with pytest.raises(ValueError, match=r"'the king' has no \[MASK\] to fill"):
        fill_masks(model, TOKENIZER, "the king")
    with pytest.raises(ValueError, match="one or two segments are needed, not 3"):
        inputs_of(TOKENIZER, "a", "b", "c")


def test_the_nearest_are_those_of_the_largest_cosine_without_special_tokens():
    table = np.random.default_rng(0).normal(size=(TOKENIZER.vocabulary_size, 16))
    king, queen, cat, mask = numbers("king", "queen", "cat", "[MASK]")
    table[queen] = 7 * table[king] + 0.01 * table[queen]
    table[mask] = table[king]
    table[cat] = -table[king]
    (first, cosine), *others = nearest_tokens(table, TOKENIZER, ["king"], count=3)["king"]
    assert first == "queen" and cosine > 0.999
    assert "[MASK]" not in dict(others) and "king" not in dict(others)
    everything = nearest_tokens(table, TOKENIZER, ["king"], count=len(table) - 6)["king"]
    assert everything[-1] == ("cat", pytest.approx(-1))
    with pytest.raises(ValueError, match="'knight' is no token of the vocabulary"):
        nearest_tokens(table, TOKENIZER, ["knight"])
    with pytest.raises(ValueError, match=r"table must be .* a row per token, not \(3, 4\)"):
        nearest_tokens(np.zeros((3, 4)), TOKENIZER, ["king"])


def test_frequent_words_are_whole_and_long_enough():
    counts = np.zeros(TOKENIZER.vocabulary_size, int)
    counts[numbers("the", "king", "queen", "##n")] = 9, 5, 7, 8
    assert frequent_words(TOKENIZER, counts, 2) == ["queen", "king"]
