"""What every tokenizer can do."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zoo import checks


class Tokenizer:
    """Text to integers and back.

    Attributes:
        tokens: the token of each integer, as it is written in the vocabulary.
        special_tokens: token -> its integer, of those that stand for no text, such as "[CLS]".
    """

    tokens: tuple[str, ...]
    special_tokens: Mapping[str, int]

    @property
    def vocabulary_size(self) -> int:
        """How many tokens there are, the special ones among them."""
        return len(self.tokens)

    def encode(self, text: str) -> np.ndarray:
        """The tokens of a text, int32 (n,), without special tokens around it."""
        raise NotImplementedError

    def decode(self, tokens) -> str:
        """The text of integers (n,); special tokens are left out."""
        raise NotImplementedError

    def save(self, path: str | Path) -> Path:
        """Write a JSON file that `load` reads; returns its path."""
        raise NotImplementedError

    def checked(self, tokens) -> np.ndarray:
        """Integers (n,) that are tokens.

        Raises:
            ValueError: if they are something else, or one is no token.
        """
        tokens = checks.array("tokens", tokens)
        if tokens.size == 0:
            return tokens.astype("int32").reshape(-1)
        if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
            raise ValueError(
                f"tokens must be integers of shape (n,), not {tokens.dtype} of shape {tokens.shape}"
            )
        if tokens.min() < 0 or tokens.max() >= self.vocabulary_size:
            raise ValueError(
                f"tokens run from {tokens.min()} to {tokens.max()}; the tokenizer has those from "
                f"0 to {self.vocabulary_size - 1}"
            )
        return tokens


def checked_text(text) -> str:
    """A string; `ValueError` if it is something else."""
    if not isinstance(text, str):
        raise ValueError(f"text must be a string, not a {type(text).__name__}")
    return text
