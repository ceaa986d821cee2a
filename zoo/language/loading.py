"""Tokenizers from their files."""

import json
from pathlib import Path

from zoo import checks
from zoo.language.characters import KIND as CHARACTERS
from zoo.language.characters import CharacterTokenizer
from zoo.language.subwords import load_subwords
from zoo.language.tokenizer import Tokenizer
from zoo.language.words import KIND as WORDS
from zoo.language.words import WordTokenizer


def load_tokenizer(path: str | Path) -> Tokenizer:
    """The tokenizer that `save` wrote, or a `tokenizer.json` of Hugging Face's.

    Raises:
        ValueError: if the file holds no tokenizer.
        OSError: if it cannot be read.
    """
    path = checks.path("path", path)
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text)
        if content.get("kind") == CHARACTERS:
            return CharacterTokenizer.from_saved(content)
        if content.get("kind") == WORDS:
            return WordTokenizer.from_saved(content)
        return load_subwords(text)
    except (ValueError, AttributeError, KeyError) as error:
        raise ValueError(f"{path} holds no tokenizer that can be read ({error!r})") from error
