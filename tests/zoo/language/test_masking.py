"""Words left out, and pairs of segments of which half follow each other."""

import numpy as np
import pytest

from zoo.language import train_word_piece
from zoo.language.masking import mask_tokens, unigram_baseline
from zoo.language.sentence_pairs import SentencePairs, join, segments_of

pytest.importorskip("tokenizers")
pytestmark = pytest.mark.once

DOCUMENTS = tuple(
    " ".join(f"The {a} of day {i} saw {b} and {n} {c}s ." for i in range(n))
    for a, b, c, n in (("cat", "snow", "bird", 30), ("dog", "rain", "fish", 40))
)
TOKENIZER = train_word_piece(DOCUMENTS, 200)
PAD, UNKNOWN, START, END, MASK = range(5)


def pairs(documents=DOCUMENTS, **options):
    return SentencePairs(documents, TOKENIZER, 8, **{"length": 32} | options)


def masked(rows=2000, length=40, seed=0):
    """Tokens 5 to 104 between [CLS] and [SEP], the second half padding; and what became of them."""
    tokens = np.random.default_rng(1).integers(5, 105, (rows, length))
    tokens[:, 0], tokens[:, 20], tokens[:, 21:] = START, END, PAD
    eligible = tokens >= 5
    options = {"mask_token": MASK, "replacements": np.arange(5, 105)}
    return tokens, mask_tokens(tokens, eligible, np.random.default_rng(seed), **options)


class TestMasking:
    def test_asks_for_fifteen_percent_of_what_may_be_asked_for(self):
        tokens, result = masked()
        assert result.positions.shape == (2000, 6)  # 15 % of 40
        assert set(result.weights.sum(axis=1)) == {3}  # of 19
        chosen = result.weights == 1
        assert set(result.positions[chosen]) == set(range(1, 20))  # neither [CLS] nor [SEP]
        counts = np.bincount(result.positions[chosen], minlength=20)[1:20]
        assert np.abs(counts / 2000 - 3 / 19).max() < 0.04  # all places alike
        rows = np.arange(2000)[:, None]
        np.testing.assert_array_equal(
            tokens[rows, result.positions][chosen], result.targets[chosen]
        )
        assert all(len(set(row[:3])) == 3 for row in result.positions)

    def test_writes_eighty_percent_as_mask_ten_as_any_token_and_leaves_ten(self):
        tokens, result = masked(8000)
        rows, chosen = np.arange(8000)[:, None], result.weights == 1
        shown = result.tokens[rows, result.positions][chosen]
        targets = result.targets[chosen]
        shares = [np.mean(shown == MASK), np.mean(shown == targets)]
        shares.append(np.mean((shown != MASK) & (shown != targets)))
        # one random token in a hundred is the target itself; four deviations of 24,000 draws
        np.testing.assert_allclose(shares, [0.8, 0.101, 0.099], atol=0.011)
        others = shown[(shown != MASK) & (shown != targets)]
        assert set(others) == set(range(5, 105))

    def test_changes_nothing_else(self):
        tokens, result = masked()
        asked = np.zeros(tokens.shape, bool)
        rows, places = np.nonzero(result.weights)
        asked[rows, result.positions[rows, places]] = True
        np.testing.assert_array_equal(tokens[~asked], result.tokens[~asked])

    def test_asks_for_one_token_at_least(self):
        for length in (3, 4, 8):
            tokens = np.full((50, length), 7)
            tokens[:, 0], tokens[:, -1] = START, END
            options = {"mask_token": MASK, "replacements": [7]}
            result = mask_tokens(tokens, tokens == 7, np.random.default_rng(0), **options)
            assert (result.weights.sum(axis=1) == 1).all()

    def test_keras_hub_asks_for_special_tokens_and_leaves_sequences_without_a_target(self):
        keras_hub = pytest.importorskip("keras_hub")
        generator = keras_hub.layers.MaskedLMMaskGenerator(
            vocabulary_size=105, mask_selection_rate=0.15, mask_token_id=MASK,
            mask_selection_length=6,
        )  # fmt: skip
        tokens, result = masked(500, 26)
        theirs = generator(tokens[:, :8])
        asked = np.array(theirs["mask_weights"]) == 1
        assert 0 in np.array(theirs["mask_positions"])[asked]  # [CLS]
        assert (asked.sum(axis=1) == 0).mean() > 0.1
        assert (result.weights.sum(axis=1) > 0).all() and result.positions[:, 0].min() > 0

    def test_what_cannot_be_asked_for_is_refused(self):
        options = {"mask_token": MASK, "replacements": [7]}
        rng = np.random.default_rng(0)
        with pytest.raises(ValueError, match="sequence 1 has no token that may be asked for"):
            mask_tokens(np.full((2, 3), 7), [[1, 1, 1], [0, 0, 0]], rng, **options)
        with pytest.raises(ValueError, match="must be of one shape"):
            mask_tokens(np.full((2, 3), 7), np.ones((3, 2)), rng, **options)
        with pytest.raises(ValueError, match="rate=0 must be a finite number, above 0"):
            mask_tokens(np.full((2, 3), 7), np.ones((2, 3)), rng, rate=0, **options)


def test_the_baseline_is_what_frequencies_alone_give():
    accuracy, nats = unigram_baseline([1, 0, 5], [2, 2, 0, 1])
    assert accuracy == 0.5
    assert nats == pytest.approx(-np.log([6 / 9, 6 / 9, 2 / 9, 1 / 9]).mean())


class TestSegments:
    def test_are_whole_sentences_as_far_as_they_fit(self):
        text = "One two. Three four five. Six! Seven"
        tokenizer = train_word_piece([text], 100)

        def segments(most):
            found = segments_of(text, tokenizer, most)
            return [" ".join(tokenizer.tokens[i] for i in segment) for segment in found]

        assert segments(8) == ["one two . three four five .", "six ! seven"]
        assert segments(6) == ["one two .", "three four five . six !", "seven"]
        # a sentence that is too long is cut, what is left of it goes with the next
        assert segments(3) == ["one two .", "three four five", ". six !", "seven"]

    def test_join_puts_special_tokens_around_and_cuts_what_does_not_fit(self):
        special = {"[PAD]": 0, "[CLS]": 2, "[SEP]": 3}
        both = [(np.array([7, 8]), np.array([9])), (np.arange(10, 20),)]
        tokens, segments, mask = join(both, 8, special)
        assert tokens.tolist() == [[2, 7, 8, 3, 9, 3, 0, 0], [2, 10, 11, 12, 13, 14, 15, 3]]
        assert segments.tolist() == [[0, 0, 0, 0, 1, 1, 0, 0], [0] * 8]
        assert mask.tolist() == [[1] * 6 + [0] * 2, [1] * 8]


class TestPairs:
    def test_half_of_each_batch_really_follow_and_the_others_are_of_another_document(self):
        batches = pairs(rate=1e-9)  # one word left out, so that segments are recognised
        follow = 0
        for index in range(len(batches) - 1):
            firsts = batches.firsts[batches.order(0)[8 * index : 8 * index + 8]]
            x, y, _ = batches[index]
            assert y["is_next"].sum() == 4
            for row, first in enumerate(firsts):
                second = batches.segments[first + 1]
                found = x["token_ids"][row][x["segment_ids"][row] == 1][:-1]
                same = len(found) == len(second) and np.sum(found != second) <= 1
                words = TOKENIZER.decode(found)
                if y["is_next"][row]:
                    assert same
                    follow += 1
                else:  # the two documents have no animal and no weather in common
                    own = "cat" if batches.document[first] == 0 else "dog"
                    assert own not in words.split()
        assert follow >= 12

    def test_of_a_single_document_it_is_any_but_the_next(self):
        batches = pairs(DOCUMENTS[:1])
        rng = np.random.default_rng(0)
        for first in (0, 5, len(batches.segments) - 2):
            drawn = {batches._other(first, rng) for _ in range(500)}
            assert drawn == set(range(len(batches.segments))) - {first, first + 1}

    def test_never_asks_for_special_tokens_and_hides_padding(self):
        for x, y, weights in pairs():
            places = weights["masked"] == 1
            assert places.any(axis=1).all()
            assert (y["masked"][places] > MASK).all()
            shown = np.take_along_axis(x["token_ids"], x["mask_positions"], axis=1)[places]
            assert not np.isin(shown, [PAD, START, END]).any()
            np.testing.assert_array_equal(x["padding_mask"] == 0, x["token_ids"] == PAD)
            assert all(array.dtype == np.int32 for array in (*x.values(), *y.values()))

    def test_are_drawn_anew_in_each_epoch_as_a_function_of_seed_epoch_and_index(self):
        first, again, other = pairs(), pairs(), pairs(seed=1)
        passes = [[x["token_ids"] for x, _, _ in batches] for batches in (first, first, other)]
        assert not any(np.array_equal(a, b) for a, b in zip(passes[0], passes[1], strict=True))
        assert not np.array_equal(passes[0][0], passes[2][0])
        again.epoch = 1
        for a, b in zip(passes[1], again, strict=True):
            np.testing.assert_array_equal(a, b[0]["token_ids"])

    def test_validation_is_the_same_on_each_pass(self):
        batches = pairs(shuffle=False)
        for a, b in zip(list(batches), list(batches), strict=True):
            np.testing.assert_array_equal(a[0]["token_ids"], b[0]["token_ids"])
            np.testing.assert_array_equal(a[1]["is_next"], b[1]["is_next"])

    def test_counts_what_may_be_asked_for(self):
        batches = pairs()
        counts = batches.counts()
        assert counts.shape == (TOKENIZER.vocabulary_size,) and not counts[:5].any()
        assert counts[TOKENIZER.encode("cat")[0]] == 30

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"documents": ("The cat .",)}, "the text has 1 segments of 14 tokens at most"),
            ({"length": 4}, "length=4 must be a whole number, 5 or more"),
            ({"rate": 2}, "rate=2 must be a finite number"),
        ],
        ids=str,
    )
    def test_what_makes_no_pairs_is_refused(self, change, message):
        with pytest.raises(ValueError, match=message):
            pairs(**change)

    def test_a_tokenizer_without_its_special_tokens_is_refused(self):
        from zoo.language import CharacterTokenizer

        with pytest.raises(ValueError, match=r"has no \[PAD\], \[CLS\], \[SEP\], \[MASK\]; one of"):
            SentencePairs(DOCUMENTS, CharacterTokenizer("abc"), 8, length=32)
