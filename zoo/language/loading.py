"""Tokenizers from their files."""

import json
from pathlib import Path

from zoo import checks
from zoo.language.characters import KIND as CHARACTERS
from zoo.language.characters import CharacterTokenizer
from zoo.language.tokenizer import Tokenizer


def load_tokenizer(path: str | Path) -> Tokenizer:
    """The tokenizer that `save` wrote.

    Raises:
        ValueError: if the file holds no tokenizer.
        OSError: if it cannot be read.
    """
    path = checks.path("path", path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("kind") == CHARACTERS:
            return CharacterTokenizer.from_saved(content)
    except (ValueError, AttributeError, KeyError) as error:
        raise ValueError(f"{path} holds no tokenizer that the zoo saved ({error!r})") from error
    raise ValueError(f"{path} holds no tokenizer that the zoo saved")
