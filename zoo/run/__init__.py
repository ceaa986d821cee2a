"""A run: its folder, what every training wants besides the model, resuming, the report."""

from zoo.run.folder import commit
from zoo.run.run import Run

__all__ = ["Run", "commit"]
