"""Labelled texts as a BERT takes them."""

import numpy as np
import pytest

from zoo.language import CharacterTokenizer, train_word_piece
from zoo.language.labelled_sequences import LabelledSequences

pytest.importorskip("tokenizers")
pytestmark = pytest.mark.once

TOKENIZER = train_word_piece(["one two three four"], 60)


def sequences(**changes):
    options = {"texts": ["one two", "three", "one two three four"], "labels": [1, 0, 2]}
    options |= {"tokenizer": TOKENIZER, "batch_size": 3, "length": 5, "shuffle": False}
    return LabelledSequences(**options | changes)


def test_a_text_stands_between_cls_and_sep_and_is_cut_where_it_is_too_long():
    x, y = sequences()[0]
    words = [[TOKENIZER.tokens[i] for i in row] for row in x["token_ids"]]
    assert words[0] == ["[CLS]", "one", "two", "[SEP]", "[PAD]"]
    assert words[2] == ["[CLS]", "one", "two", "three", "[SEP]"]
    assert x["padding_mask"].tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 0, 0], [1] * 5]
    assert not x["segment_ids"].any() and y.tolist() == [1, 0, 2] and y.dtype == np.int32


def test_another_order_in_each_epoch_keeps_text_and_label_together():
    batches, orders = sequences(shuffle=True), set()
    for _ in range(10):
        for x, y in batches:
            second = [TOKENIZER.tokens[i] for i in x["token_ids"][:, 1]]
            assert [(w == "three") for w in second] == [label == 0 for label in y]
            orders.add(tuple(y))
    assert len(orders) > 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": [1, 0]}, "labels must be 3 integers"),
        ({"length": 2}, "length=2 must be a whole number, 3 or more"),
        ({"tokenizer": CharacterTokenizer("a")}, r"has no \[PAD\], \[CLS\], \[SEP\]"),
    ],
    ids=["labels", "length", "tokenizer"],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        sequences(**changes)
