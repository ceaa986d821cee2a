"""Parts of words as tokens."""

import numpy as np
import pytest

from zoo import datasets
from zoo.language import load_tokenizer, train_byte_pair, train_word_piece

pytest.importorskip("tokenizers")
pytestmark = pytest.mark.once

TEXT = "low low low low low lower lower newest newest newest newest newest newest widest widest"


class TestBytePair:
    def test_merges_the_most_frequent_pairs_first(self):
        tokenizer = train_byte_pair([TEXT], 256 + 1 + 3)
        # "es" stands 8 times and "est" with it; then "lo", 7 times, which is less than "we", 8
        assert tokenizer.vocabulary_size == 260 and tokenizer.tokens[0] == "<|endoftext|>"
        merged = tokenizer.tokens[257:]
        counts = [TEXT.count(token) for token in merged]
        assert all(len(token) > 1 for token in merged) and min(counts) >= 7

    @pytest.mark.parametrize("text", ["To be,\n\n  or not", "naïve 😀 日本\u00a0", "", "\0\t\r\n"])
    def test_every_text_comes_back(self, text):
        tokenizer = train_byte_pair([TEXT], 270)
        encoded = tokenizer.encode(text)
        assert encoded.dtype == np.int32 and tokenizer.decode(encoded) == text

    def test_special_tokens_are_left_out_of_what_is_decoded(self):
        tokenizer = train_byte_pair([TEXT], 270)
        encoded = tokenizer.encode("low<|endoftext|>low")
        assert 0 in encoded and tokenizer.decode(encoded) == "lowlow"
        assert tokenizer.special_tokens == {"<|endoftext|>": 0}

    def test_fewer_than_the_bytes_are_refused(self):
        with pytest.raises(ValueError, match="vocabulary_size=256 must be .* 257 or more"):
            train_byte_pair([TEXT], 256)


class TestWordPiece:
    tokenizer = train_word_piece(
        [TEXT + ' can\'t, "Naïve" <unk>'], 60, more_special_tokens=["<unk>"]
    )

    def words(self, text):
        return [self.tokenizer.tokens[i] for i in self.tokenizer.encode(text)]

    def test_special_tokens_come_first_and_are_encoded_as_themselves(self):
        expected = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<unk>"]
        assert list(self.tokenizer.tokens[:6]) == list(self.tokenizer.special_tokens) == expected
        assert self.words("[MASK] <unk>[SEP]") == ["[MASK]", "<unk>", "[SEP]"]

    def test_parts_that_continue_a_word_have_a_prefix(self):
        assert self.words("newest lowest") == ["newest", "low", "##est"]

    def test_case_and_accents_are_given_up_unless_asked_for(self):
        assert self.words("NAÏVE") == self.words("naive")
        kept = train_word_piece(["Low low"], 30, lowercase=False)
        assert [kept.tokens[i] for i in kept.encode("Low low")] == ["Low", "low"]

    def test_a_word_with_an_unseen_character_is_unknown(self):
        assert self.words("low zz 日 low") == ["low", "[UNK]", "[UNK]", "low"]

    def test_splits_at_punctuation_and_at_every_kind_of_space(self):
        assert self.words("low,low\u00a0low\u2003low") == ["low", ",", "low", "low", "low"]
        assert len(self.words("can't")) >= 3 and "'" in self.words("can't")

    def test_is_decoded_without_prefixes_and_special_tokens(self):
        ids = self.tokenizer.encode("[CLS] newest lowest [SEP] low")
        assert self.tokenizer.decode(ids) == "newest lowest low"

    def test_agrees_with_keras_hubs_tokenizer_of_the_same_vocabulary(self):
        keras_hub = pytest.importorskip("keras_hub")
        data = datasets.load("python_help")
        ours = train_word_piece(data.val, 800)
        theirs = keras_hub.tokenizers.BertTokenizer(list(ours.tokens), lowercase=True)
        text = "\n".join(data.train[:5])  # with words that the training did not see
        np.testing.assert_array_equal(ours.encode(text), np.array(theirs(text)))

    def test_a_vocabulary_smaller_than_the_characters_is_refused(self):
        with pytest.raises(ValueError, match="vocabulary_size=10 must be .* or more"):
            train_word_piece([TEXT], 10)


@pytest.mark.parametrize("train", [train_byte_pair, train_word_piece])
class TestBoth:
    def test_a_saved_one_is_the_same(self, train, tmp_path):
        tokenizer = train([TEXT], 280)
        loaded = load_tokenizer(tokenizer.save(tmp_path / "tokenizer.json"))
        assert loaded.tokens == tokenizer.tokens
        assert loaded.special_tokens == tokenizer.special_tokens
        np.testing.assert_array_equal(loaded.encode("lowest"), tokenizer.encode("lowest"))

    def test_no_text_is_refused(self, train):
        for texts in ([], [""], " "):
            with pytest.raises(ValueError, match="texts must hold some text to train"):
                train(texts, 300)
        with pytest.raises(ValueError, match="text must be a string, not a bytes"):
            train([b"bytes"], 300)

    def test_what_is_no_token_is_refused(self, train):
        tokenizer = train([TEXT], 280)
        with pytest.raises(ValueError, match="tokens run from 0 to 9999"):
            tokenizer.decode([0, 9999])


@pytest.mark.parametrize("train", [train_byte_pair, train_word_piece])
def test_each_training_gives_the_same(train):
    """The library's own WordPiece differs each time, in version 0.23, by its numbers and parts."""
    texts = datasets.load("python_help").val
    assert len({train(texts, 700).tokens for _ in range(4)}) == 1
