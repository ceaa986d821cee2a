"""Why a model says what it says; everything here takes any keras.Model."""

from zoo.explain.grad_cam import grad_cam
from zoo.explain.misclassified import Mistakes, misclassified
from zoo.explain.receptive_field import receptive_field
from zoo.explain.summary import ModelSummary, summary

__all__ = ["Mistakes", "ModelSummary", "grad_cam", "misclassified", "receptive_field", "summary"]
