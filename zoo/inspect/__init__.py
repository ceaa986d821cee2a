"""What a model is made of: its summary, receptive fields, multiply-adds, what it attends to."""

from zoo.inspect.attention import attention_distance, attention_weights
from zoo.inspect.positions import position_similarity
from zoo.inspect.receptive_field import receptive_field
from zoo.inspect.summary import ModelSummary, summary

__all__ = [
    "ModelSummary",
    "attention_distance",
    "attention_weights",
    "position_similarity",
    "receptive_field",
    "summary",
]
