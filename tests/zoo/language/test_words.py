"""Words as tokens: captions in rows of equal length."""

import numpy as np
import pytest

from zoo.language import WordTokenizer, load_tokenizer

pytestmark = pytest.mark.once
CAPTIONS = ["a small red disc", "A large blue square, and a disc!"]


@pytest.fixture
def tokenizer():
    return WordTokenizer.train(CAPTIONS)


def test_the_vocabulary_is_padding_the_words_and_the_ends(tokenizer):
    words = ("!", ",", "a", "and", "blue", "disc", "large", "red", "small", "square")
    assert tokenizer.tokens == ("[PAD]", *words, "[SOS]", "[EOS]")
    assert tokenizer.vocabulary_size == 13
    assert tokenizer.special_tokens == {"[PAD]": 0, "[SOS]": 11, "[EOS]": 12}


def test_a_row_ends_with_the_highest_number_and_padding(tokenizer):
    rows = tokenizer.rows(["a red disc", "a a a a"], length=6)
    np.testing.assert_array_equal(rows, [[11, 3, 8, 6, 12, 0], [11, 3, 3, 3, 3, 12]])
    assert rows.dtype == np.int32 and (rows.argmax(axis=1) == [4, 5]).all()


def test_words_come_back_in_lower_case(tokenizer):
    assert tokenizer.decode(tokenizer.encode(CAPTIONS[1])) == "a large blue square , and a disc !"
    assert tokenizer.decode(tokenizer.rows(CAPTIONS[:1], 9)[0]) == CAPTIONS[0]


def test_a_file_brings_it_back(tokenizer, tmp_path):
    again = load_tokenizer(tokenizer.save(tmp_path / "words.json"))
    assert isinstance(again, WordTokenizer) and again.tokens == tokenizer.tokens


def test_a_word_it_has_not_seen_is_named(tokenizer):
    with pytest.raises(ValueError, match="the word 'green' of 'a green disc' is none of the 10"):
        tokenizer.rows(["a red disc", "a green disc"], 8)


def test_a_text_that_does_not_fit_is_named(tokenizer):
    with pytest.raises(ValueError, match="'a a a' has 3 words; 4 tokens have room for 2"):
        tokenizer.rows(["a", "a a a"], 4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], r"words=\[\] must be a list"),
        ("red", "words='red' must be a list"),
        (["two words"], "'two words' must be one word"),
        (["Red"], "'Red' must be one word in lower case"),
        ([7], "text must be a string"),
    ],
)
def test_other_words_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        WordTokenizer(words)
