"""What turns text into numbers for a model."""

from zoo.language.characters import CharacterTokenizer
from zoo.language.loading import load_tokenizer
from zoo.language.subwords import SubwordTokenizer, train_byte_pair, train_word_piece
from zoo.language.tokenizer import Tokenizer

__all__ = [
    "CharacterTokenizer",
    "SubwordTokenizer",
    "Tokenizer",
    "load_tokenizer",
    "train_byte_pair",
    "train_word_piece",
]
