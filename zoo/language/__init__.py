"""What turns text into numbers for a model."""

from zoo.language.characters import CharacterTokenizer
from zoo.language.loading import load_tokenizer
from zoo.language.tokenizer import Tokenizer

__all__ = ["CharacterTokenizer", "Tokenizer", "load_tokenizer"]
