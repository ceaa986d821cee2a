#!/usr/bin/env bash
#
# tokenizers 0.23.3. A WordPiece and a BPE vocabulary trained five times each on the same words.
#
# Expected: training draws nothing, so the same text gives the same vocabulary.
#
# Instead: BPE does so. WordPieceTrainer numbers its tokens otherwise each time, and where several
# pairs are as frequent it chooses other ones: ids of one training mean other tokens in the next,
# which a model saved without its tokenizer does not survive.
#
# Output:
#
#     WordPiece: more than one numbering of five
#     BPE: one numbering of five
#
# Seen on 2026-11-28 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tokenizers==0.23.3
cd "$folder"

venv/bin/python - <<'PYTHON'
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

words = [
    before + stem + after
    for before in ("un", "re", "de", "pre")
    for stem in ("load", "fold", "mark", "cast")
    for after in ("", "ed", "ing", "er")
]


def numbering(model, trainer):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator([" ".join(words)] * 5, trainer)
    return tuple(sorted(tokenizer.get_vocab().items()))


def word_piece():
    trainer = trainers.WordPieceTrainer(
        vocab_size=60, show_progress=False, special_tokens=["[UNK]"]
    )
    return numbering(models.WordPiece(unk_token="[UNK]"), trainer)


def byte_pair():
    return numbering(models.BPE(), trainers.BpeTrainer(vocab_size=60, show_progress=False))


assert len({word_piece() for _ in range(5)}) > 1
print("WordPiece: more than one numbering of five")
assert len({byte_pair() for _ in range(5)}) == 1
print("BPE: one numbering of five")
PYTHON
