"""Words as tokens, for captions of few different words."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from zoo import checks
from zoo.language.tokenizer import Tokenizer, checked_text

KIND = "words"  # in a saved file
PADDING, START, END = "[PAD]", "[SOS]", "[EOS]"
WORD = re.compile(r"\w+|[^\w\s]")


class WordTokenizer(Tokenizer):
    """Each word, in lower case, and each punctuation mark is a token.

        tokenizer = WordTokenizer.train(captions)
        tokenizer.rows(["a small red disc"], length=8)  # (1, 8)

    0 is padding, the words follow in alphabetical order, then [SOS] and, with the highest number,
    as CLIP finds it, [EOS]. A word that is not among them is refused.

    Args:
        words: all of them, in any order.

    Raises:
        ValueError: if there is none, or one is not a single word in lower case.
    """

    def __init__(self, words: Sequence[str]):
        if isinstance(words, str) or not len(words):
            raise ValueError(f"words={words!r} must be a list of at least one word")
        for word in words:
            if WORD.findall(checked_text(word).lower()) != [word]:
                raise ValueError(f"words: {word!r} must be one word in lower case")
        self.tokens = (PADDING, *sorted(set(words)), START, END)
        self._numbers = {token: number for number, token in enumerate(self.tokens)}
        self.special_tokens = {token: self._numbers[token] for token in (PADDING, START, END)}

    @classmethod
    def train(cls, texts: Iterable[str]) -> "WordTokenizer":
        """The words of these texts; those of what is asked later must be among them.

        Raises:
            ValueError: if there is no word, or one of the texts is no string.
        """
        texts = [texts] if isinstance(texts, str) else texts
        return cls(sorted({word for text in set(texts) for word in _words(text)}))

    def encode(self, text: str) -> np.ndarray:
        """One integer per word, int32 (n,), without [SOS] and [EOS].

        Raises:
            ValueError: if a word is none of the tokenizer's; names the first.
        """
        words = _words(text)
        for word in words:
            if word not in self._numbers:
                raise ValueError(
                    f"the word {word!r} of {text!r} is none of the {len(self.tokens) - 3} that the "
                    f"tokenizer was trained on; train it on this text as well, or leave the word "
                    f"out"
                )
        return np.array([self._numbers[word] for word in words], "int32")

    def rows(self, texts: Sequence[str], length: int) -> np.ndarray:
        """[SOS], the words, [EOS] and padding of each text, int32 (n, length).

        Raises:
            ValueError: if a text does not fit, or has a word that the tokenizer has not.
        """
        checks.whole_number("length", length, least=2)
        rows = np.zeros((len(texts), length), "int32")
        start, end = self.special_tokens[START], self.special_tokens[END]
        for row, text in zip(rows, texts, strict=True):
            tokens = [start, *self.encode(text), end]
            if len(tokens) > length:
                raise ValueError(
                    f"{text!r} has {len(tokens) - 2} words; {length} tokens have room for "
                    f"{length - 2} between [SOS] and [EOS]"
                )
            row[: len(tokens)] = tokens
        return rows

    def decode(self, tokens) -> str:
        """The words of integers (n,), spaces between them.

        Raises:
            ValueError: if they are no integers (n,), or one is no token.
        """
        special = self.special_tokens.values()
        return " ".join(self.tokens[t] for t in self.checked(tokens) if t not in special)

    @classmethod
    def from_saved(cls, content: dict) -> "WordTokenizer":
        """The tokenizer of what `save` wrote."""
        return cls(content["words"])

    def save(self, path: str | Path) -> Path:
        """Write a JSON file, {"kind": "words", "words": [...]}; returns its path."""
        path = checks.path("path", path)
        content = {"kind": KIND, "words": self.tokens[1:-2]}
        path.write_text(json.dumps(content) + "\n", encoding="utf-8")
        return path


def _words(text: str) -> list[str]:
    return WORD.findall(checked_text(text).lower())
