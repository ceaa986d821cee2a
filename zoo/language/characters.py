"""Characters as tokens."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from zoo import checks
from zoo.language.tokenizer import Tokenizer, checked_text

KIND = "characters"  # in a saved file


class CharacterTokenizer(Tokenizer):
    """Each character is a token; their numbers are in the order of Unicode's.

        tokenizer = CharacterTokenizer.train([data.text("train"), data.text("val")])
        tokenizer.decode(tokenizer.encode("To be"))  # "To be"

    There are no special tokens; a character that is not among them is refused.

    Args:
        characters: all of them, in any order.

    Raises:
        ValueError: if they are no string, or an empty one.
    """

    def __init__(self, characters: str):
        if not checked_text(characters):
            raise ValueError("characters='' must hold at least one character")
        self.tokens = tuple(sorted(set(characters)))
        self.special_tokens = {}
        self._points = _code_points("".join(self.tokens))

    @classmethod
    def train(cls, texts: Iterable[str]) -> "CharacterTokenizer":
        """The characters of these texts; those that are to be validated on must be among them.

        Raises:
            ValueError: if there is no text, or one is no string.
        """
        if isinstance(texts, str):
            texts = [texts]
        return cls("".join(sorted({c for text in texts for c in set(checked_text(text))})))

    def encode(self, text: str) -> np.ndarray:
        """One integer per character, int32 (n,).

        Raises:
            ValueError: if a character is none of the tokenizer's; names the first and its place.
        """
        points = _code_points(checked_text(text))
        tokens = np.searchsorted(self._points, points)
        tokens[tokens == len(self._points)] = 0
        unseen = self._points[tokens] != points
        if unseen.any():
            place = int(unseen.argmax())
            raise ValueError(
                f"the character {text[place]!r} at {place:,} is none of the "
                f"{self.vocabulary_size} that the tokenizer was trained on; train it on this text "
                f"as well, or leave the character out"
            )
        return tokens.astype("int32")

    def decode(self, tokens) -> str:
        """The characters of integers (n,).

        Raises:
            ValueError: if they are no integers (n,), or one is no token.
        """
        points = self._points[self.checked(tokens)]
        return points.tobytes().decode("utf-32-le", "surrogatepass")

    @classmethod
    def from_saved(cls, content: dict) -> "CharacterTokenizer":
        """The tokenizer of what `save` wrote."""
        return cls(content["characters"])

    def save(self, path: str | Path) -> Path:
        """Write a JSON file, {"kind": "characters", "characters": ...}; returns its path."""
        path = checks.path("path", path)
        content = {"kind": KIND, "characters": "".join(self.tokens)}
        path.write_text(json.dumps(content) + "\n", encoding="utf-8")
        return path


def _code_points(text: str) -> np.ndarray:
    """Unicode's numbers of the characters, uint32 (n,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
