"""Labelled texts as a BERT takes them."""

import numpy as np

from zoo import checks
from zoo.datasets.batches import Batches
from zoo.language.sentence_pairs import join, special_tokens
from zoo.language.subwords import END, PAD, START


class LabelledSequences(Batches):
    """Batches ({"token_ids", "segment_ids", "padding_mask": (n, length)}, labels (n,)), int32.

    A sequence is [CLS] text [SEP]; of a longer text the beginning.

    Args:
        texts: strings.
        labels: (n,) integers, one per text.
        tokenizer: with [PAD], [CLS] and [SEP], such as `train_word_piece` makes.
        batch_size: texts per batch.
        length: tokens of a sequence, the two special ones included.
        options: those of `Batches`: shuffle, seed, workers, last, sample_weight.

    Raises:
        ValueError: if texts and labels are of another number, the tokenizer lacks a special token,
            or an argument is not what it must be.
    """

    def __init__(self, texts, labels, tokenizer, batch_size: int, *, length: int, **options):
        self.special = special_tokens(tokenizer, (PAD, START, END))
        self.length = checks.whole_number("length", length, least=3)
        self.labels = checks.class_labels("labels", labels, len(texts)).astype("int32")
        self.encoded = [tokenizer.encode(text) for text in texts]
        super().__init__(len(texts), batch_size, **options)

    def batch(self, rows, epoch, index):
        pairs = [(self.encoded[row],) for row in rows]
        tokens, segment_ids, mask = join(pairs, self.length, self.special)
        x = {"token_ids": tokens, "segment_ids": segment_ids, "padding_mask": mask}
        return x, self.labels[np.asarray(rows)]
