"""Characters as tokens."""

import numpy as np
import pytest

from zoo.language import CharacterTokenizer, load_tokenizer

pytestmark = pytest.mark.once


def test_numbers_are_those_of_the_sorted_characters():
    tokenizer = CharacterTokenizer.train(["hello", "world"])
    assert tokenizer.tokens == tuple("dehlorw") and tokenizer.vocabulary_size == 7
    encoded = tokenizer.encode("hold")
    assert encoded.dtype == np.int32 and encoded.tolist() == [2, 4, 3, 0]
    assert tokenizer.special_tokens == {}


@pytest.mark.parametrize("text", ["To be,\nor not", "naïve 😀 \ud800 日本", "", "\0a"])
def test_text_comes_back(text):
    tokenizer = CharacterTokenizer(text + "x")
    assert len(tokenizer.encode(text)) == len(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("character", ["é", "\0", "\U0010ffff"])
def test_an_unseen_character_is_named_with_its_place(character):
    tokenizer = CharacterTokenizer("abc")
    with pytest.raises(ValueError, match="character .* at 2 is none of the 3 that the tokenizer"):
        tokenizer.encode(f"ab{character}")


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([0, 3], "tokens run from 0 to 3; the tokenizer has those from 0 to 2"),
        ([-1], "tokens run from -1 to -1"),
        ([[0]], r"integers of shape \(n,\), not int64 of shape \(1, 1\)"),
        ([0.5], "not float64"),
    ],
)
def test_what_is_no_token_is_refused(tokens, message):
    with pytest.raises(ValueError, match=message):
        CharacterTokenizer("abc").decode(tokens)


def test_what_is_no_text_is_refused():
    with pytest.raises(ValueError, match="text must be a string, not a bytes"):
        CharacterTokenizer("abc").encode(b"abc")
    with pytest.raises(ValueError, match="characters='' must hold at least one character"):
        CharacterTokenizer.train([])


def test_a_saved_one_is_the_same(tmp_path):
    tokenizer = CharacterTokenizer("bé\n😀")
    path = tokenizer.save(tmp_path / "tokenizer.json")
    assert load_tokenizer(path).tokens == tokenizer.tokens == ("\n", "b", "é", "😀")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"kind": "characters"}', "\x89PNG"])
def test_a_file_without_one_is_refused(tmp_path, content):
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(ValueError, match="other.json holds no tokenizer that can be read"):
        load_tokenizer(tmp_path / "other.json")
