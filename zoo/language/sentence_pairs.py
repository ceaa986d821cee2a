"""Pairs of text segments with words left out: what BERT is trained on."""

import re
from collections.abc import Sequence

import numpy as np

from zoo import checks
from zoo.datasets.batches import Batches
from zoo.language.masking import RATE, mask_tokens, places_of
from zoo.language.subwords import END, MASK, PAD, START

# After a full stop and the like, before a capital, a digit or a quotation mark; abbreviations such
# as "Mr. Smith" are divided too.
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'A-Z0-9])|\n\s*\n|\n(?= )")
AROUND = 3  # [CLS] first [SEP] second [SEP]


class SentencePairs(Batches):
    """Batches for `bert_base` and its kin: [CLS] first segment [SEP] second segment [SEP].

        x = {"token_ids", "segment_ids", "padding_mask": (n, length), "mask_positions": (n, P)}
        y = {"masked": (n, P) tokens, "is_next": (n,) 1 or 0}
        weights = {"masked": (n, P), "is_next": (n,)}, 0 for places that only fill up

    A segment is as many whole sentences as fit into half a sequence; a longer sentence is several
    segments. A row is a segment that has a next one in its document. In half of the rows of a batch
    the second segment is the next one; in the others it is one of another document or, where there
    is a single document, any but the next. Which, and which words are left out, is drawn again in
    each epoch, a function of (seed, epoch, index); without `shuffle` it is always the same.

    Args:
        documents: texts.
        tokenizer: with [PAD], [CLS], [SEP] and [MASK], such as `train_word_piece` makes.
        batch_size: pairs per batch.
        length: tokens of a sequence, the three special ones included.
        rate: the share of tokens that are asked for.
        name: of the text, for messages.
        options: those of `Batches`: shuffle, seed, workers, last.

    Raises:
        ValueError: if the text has no two segments that follow each other, the tokenizer lacks a
            special token, or an argument is not what it must be.
    """

    def __init__(
        self,
        documents: Sequence[str],
        tokenizer,
        batch_size: int,
        *,
        length: int,
        rate: float = RATE,
        name: str = "the text",
        **options,
    ):
        self.special = special_tokens(tokenizer, (PAD, START, END, MASK))
        self.length = checks.whole_number("length", length, least=AROUND + 2)
        self.rate = checks.number("rate", rate, above=0, most=1)
        self.ordinary = np.setdiff1d(  # what a random token is drawn of, and what is asked for
            np.arange(tokenizer.vocabulary_size), list(tokenizer.special_tokens.values())
        )
        self.vocabulary_size = tokenizer.vocabulary_size
        self.segments, self.document = [], []
        for number, text in enumerate(documents):
            found = segments_of(text, tokenizer, (length - AROUND) // 2)
            found = [segment for segment in found if np.isin(segment, self.ordinary).any()]
            self.segments += found
            self.document += [number] * len(found)
        self.document = np.array(self.document, int)
        self.firsts = np.flatnonzero(self.document[1:] == self.document[:-1])
        if len(self.firsts) < 2 or len(self.segments) < 3:
            raise ValueError(
                f"{name} has {len(self.segments)} segments of {(length - AROUND) // 2} tokens at "
                f"most; two pairs that follow each other are needed: give a longer text or a "
                f"shorter length"
            )
        super().__init__(len(self.firsts), batch_size, **options)

    def batch(self, rows, epoch, index):
        rng = np.random.default_rng(self.key(epoch, index))
        firsts = self.firsts[rows]
        is_next = rng.permutation(np.arange(len(rows)) % 2)
        seconds = [
            first + 1 if follows else self._other(first, rng)
            for first, follows in zip(firsts, is_next, strict=True)
        ]
        tokens, segment_ids, mask = self.joined(firsts, seconds)
        masked = mask_tokens(
            tokens,
            np.isin(tokens, self.ordinary),
            rng,
            mask_token=self.special[MASK],
            replacements=self.ordinary,
            rate=self.rate,
        )
        x = {
            "token_ids": masked.tokens,
            "segment_ids": segment_ids,
            "padding_mask": mask,
            "mask_positions": masked.positions,
        }
        y = {"masked": masked.targets, "is_next": is_next.astype("int32")}
        return x, y, {"masked": masked.weights, "is_next": np.ones(len(rows), "float32")}

    def joined(self, firsts, seconds) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tokens, segment ids and padding mask (n, length), int32, of pairs of segments."""
        pairs = [(self.segments[a], self.segments[b]) for a, b in zip(firsts, seconds, strict=True)]
        return join(pairs, self.length, self.special)

    def counts(self) -> np.ndarray:
        """(vocabulary,): how often each token may be asked for in the text."""
        counts = np.bincount(np.concatenate(self.segments), minlength=self.vocabulary_size)
        counts[np.setdiff1d(np.arange(len(counts)), self.ordinary)] = 0
        return counts

    @property
    def places(self) -> int:
        """How many words of a sequence are asked for at most."""
        return places_of(self.length, self.rate)

    def _other(self, first: int, rng) -> int:
        """A segment that does not follow this one: of another document if there is one."""
        start, stop = np.searchsorted(
            self.document, [self.document[first], self.document[first] + 1]
        )
        outside = len(self.segments) - (stop - start)
        if outside:
            chosen = int(rng.integers(outside))
            return chosen if chosen < start else chosen + stop - start
        chosen = int(rng.integers(len(self.segments) - 2))  # neither itself nor the next
        return chosen if chosen < first else chosen + 2


def segments_of(text: str, tokenizer, most: int) -> list[np.ndarray]:
    """A text in segments of `most` tokens at most, whole sentences as far as they fit."""
    segments, current = [], np.zeros(0, "int32")
    for sentence in SENTENCE.split(text):
        tokens = tokenizer.encode(sentence)
        if len(current) and len(current) + len(tokens) > most:
            segments.append(current)
            current = tokens
        else:
            current = np.concatenate([current, tokens])
        while len(current) > most:
            segments.append(current[:most])
            current = current[most:]
    return [*segments, current] if len(current) else segments


def join(pairs, length: int, special) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens, segment ids and padding mask (n, length), int32.

    Args:
        pairs: one or two arrays of tokens for each sequence; what does not fit is cut off.
        length: of the sequences.
        special: the numbers of [PAD], [CLS] and [SEP].
    """
    tokens = np.full((len(pairs), length), special[PAD], "int32")
    segment_ids, mask = np.zeros_like(tokens), np.zeros_like(tokens)
    for row, segments in enumerate(pairs):
        end = 1
        tokens[row, 0] = special[START]
        for number, segment in enumerate(segments):
            rest = len(segments) - number  # [SEP]s that still have to fit
            segment = segment[: max(0, length - end - rest)]
            start, end = end, end + len(segment) + 1
            tokens[row, start : end - 1] = segment
            tokens[row, end - 1] = special[END]
            segment_ids[row, start:end] = number
        mask[row, :end] = 1
    return tokens, segment_ids, mask


def special_tokens(tokenizer, names) -> dict[str, int]:
    """The numbers of special tokens.

    Raises:
        ValueError: if the tokenizer lacks one.
    """
    known = getattr(tokenizer, "special_tokens", {})
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(
            f"the tokenizer has no {', '.join(missing)}; one of zoo.language.train_word_piece has"
        )
    return {name: known[name] for name in names}
