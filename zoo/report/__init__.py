"""Figures and the report page: they draw what they are handed and compute nothing."""
