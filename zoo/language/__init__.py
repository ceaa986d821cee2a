"""What turns text into numbers for a model, and numbers into text."""

from zoo.language.characters import CharacterTokenizer
from zoo.language.generation import generate
from zoo.language.loading import load_tokenizer
from zoo.language.sampling import chosen
from zoo.language.subwords import SubwordTokenizer, train_byte_pair, train_word_piece
from zoo.language.tokenizer import Tokenizer
from zoo.language.words import WordTokenizer

__all__ = [
    "CharacterTokenizer",
    "SubwordTokenizer",
    "Tokenizer",
    "WordTokenizer",
    "chosen",
    "generate",
    "load_tokenizer",
    "train_byte_pair",
    "train_word_piece",
]
