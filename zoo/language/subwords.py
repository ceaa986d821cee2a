"""Parts of words as tokens: byte-pair encoding and WordPiece, trained on a text of one's own.

Both are Hugging Face's `tokenizers`, 12 MB that need no backend. keras-hub's WordPiece trainer
needs tensorflow-text, and with it TensorFlow, on every backend. Install it with
`pip install keras-session-zoo[language]`. What is saved is its own `tokenizer.json`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from zoo import checks
from zoo.language.tokenizer import Tokenizer, checked_text

END_OF_TEXT = "<|endoftext|>"
PAD, UNKNOWN, START, END, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
BERT_TOKENS = (PAD, UNKNOWN, START, END, MASK)
PREFIX = "##"  # of a part that continues a word
BYTES = 256


class SubwordTokenizer(Tokenizer):
    """Parts of words, in the vocabulary that a training found.

    A special token that stands in a text, such as "[MASK]", is encoded as itself.

    Args:
        inner: a `tokenizers.Tokenizer`.
    """

    def __init__(self, inner):
        self.inner = inner
        self.tokens = tuple(map(inner.id_to_token, range(inner.get_vocab_size())))
        added = inner.get_added_tokens_decoder()
        self.special_tokens = {token.content: i for i, token in added.items() if token.special}

    def encode(self, text: str) -> np.ndarray:
        """The tokens of a text, int32 (n,), without special tokens around it."""
        encoded = self.inner.encode(checked_text(text), add_special_tokens=False)
        return np.array(encoded.ids, "int32")

    def decode(self, tokens) -> str:
        """The text of integers (n,); special tokens are left out.

        Raises:
            ValueError: if they are no integers (n,), or one is no token.
        """
        return self.inner.decode(self.checked(tokens).tolist(), skip_special_tokens=True)

    def save(self, path: str | Path) -> Path:
        """Write the library's JSON file, which Hugging Face's reads too; returns its path."""
        path = checks.path("path", path)
        path.write_text(self.inner.to_str(), encoding="utf-8")
        return path


def train_byte_pair(
    texts: Iterable[str], vocabulary_size: int, special_tokens: Sequence[str] = (END_OF_TEXT,)
) -> SubwordTokenizer:
    """Byte-pair encoding of bytes, as GPT-2's: every text can be encoded, and comes back.

    Source: Sennrich et al., Neural machine translation of rare words with subword units
    (arXiv:1508.07909); of bytes, Radford et al., Language models are unsupervised multitask
    learners (2019).

    Args:
        texts: to train on.
        vocabulary_size: 256 bytes, the special tokens, and pairs that are merged; fewer where the
            texts have no more of them.
        special_tokens: the first of the vocabulary.

    Raises:
        ValueError: if an argument is something else, or there is no text.
    """
    library, texts = _library(), _texts(texts)
    special_tokens = list(special_tokens)
    least = BYTES + len(special_tokens)
    checks.whole_number("vocabulary_size", vocabulary_size, least=least)
    inner = library.Tokenizer(library.models.BPE())
    inner.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = library.decoders.ByteLevel()
    trainer = library.trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=special_tokens,
        initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(texts, trainer)
    return SubwordTokenizer(inner)


def train_word_piece(
    texts: Iterable[str],
    vocabulary_size: int,
    lowercase: bool = True,
    more_special_tokens: Sequence[str] = (),
) -> SubwordTokenizer:
    """WordPiece as BERT uses it: words are split at white space and punctuation, then into parts.

    A part that continues a word begins with "##". A word with a character that the texts did not
    have is [UNK] as a whole. Spaces are not kept, nor is case where it is lowered, which takes
    accents away too. The parts are found by merging pairs, as the library does; Google's trainer
    was not published.

    Source: Devlin et al., BERT (arXiv:1810.04805).

    Args:
        texts: to train on.
        vocabulary_size: with the special tokens; fewer where the texts have no more parts.
        lowercase: whether the case of letters is given up.
        more_special_tokens: besides [PAD], [UNK], [CLS], [SEP] and [MASK], such as "<unk>" where
            the texts have had their rare words replaced.

    Raises:
        ValueError: if an argument is something else, there is no text, or its characters alone
            are more than the vocabulary.
    """
    library, texts = _library(), _texts(texts)
    special_tokens = [*BERT_TOKENS, *more_special_tokens]
    for token in special_tokens:
        texts = [text.replace(token, " ") for text in texts]
    normalizer = library.normalizers.BertNormalizer(lowercase=checks.flag("lowercase", lowercase))
    alphabet = sorted({c for text in texts for c in normalizer.normalize_str(text)})
    alphabet = [c for c in alphabet if not c.isspace()]
    # As special tokens of the training, so that their order is fixed: otherwise tokenizers 0.23
    # numbers the characters that continue a word, and settles ties, differently in each process.
    fixed = [*special_tokens, *alphabet, *(PREFIX + c for c in alphabet)]
    checks.whole_number("vocabulary_size", vocabulary_size, least=len(fixed))

    learner = library.Tokenizer(library.models.WordPiece(unk_token=UNKNOWN))
    learner.normalizer = normalizer
    learner.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    trainer = library.trainers.WordPieceTrainer(
        vocab_size=vocabulary_size, special_tokens=fixed, show_progress=False
    )
    learner.train_from_iterator(texts, trainer)

    inner = library.Tokenizer(library.models.WordPiece(learner.get_vocab(), unk_token=UNKNOWN))
    inner.normalizer = normalizer
    inner.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    inner.decoder = library.decoders.WordPiece(prefix=PREFIX)
    inner.add_special_tokens(special_tokens)
    return SubwordTokenizer(inner)


def load_subwords(content: str) -> SubwordTokenizer:
    """The tokenizer of a `tokenizer.json` of the library.

    Raises:
        ValueError: if it is none.
    """
    try:
        return SubwordTokenizer(_library().Tokenizer.from_str(content))
    except ImportError:
        raise
    except Exception as error:  # the library raises nothing more particular
        raise ValueError(f"no tokenizer of the library tokenizers: {error}") from error


def _library():
    """The package `tokenizers`, which is optional.

    Raises:
        ImportError: if it is not installed; with the command.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise ImportError(
            "parts of words as tokens need the package tokenizers; install it with "
            "`pip install keras-session-zoo[language]`"
        ) from error
    return tokenizers


def _texts(texts: Iterable[str]) -> list[str]:
    texts = [texts] if isinstance(texts, str) else list(texts)
    if not any(checked_text(text).strip() for text in texts):
        raise ValueError("texts must hold some text to train a tokenizer on")
    return texts
