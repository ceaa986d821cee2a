"""What a model is made of: its summary, receptive fields, multiply-adds; any functional model."""

from zoo.inspect.receptive_field import receptive_field
from zoo.inspect.summary import ModelSummary, summary

__all__ = ["ModelSummary", "receptive_field", "summary"]
