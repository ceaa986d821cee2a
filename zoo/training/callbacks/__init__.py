"""Callbacks for any `model.fit`, on every backend."""

from zoo.training.callbacks.checkpoint import Checkpoint, restore
from zoo.training.callbacks.class_report import BestAndWorstClassesReport
from zoo.training.callbacks.detection_reports import (
    BestAndWorstReport,
    ObjectConfusionReport,
    PrecisionRecallReport,
)
from zoo.training.callbacks.grow_batch import GrowBatch, GrowBatchOnPlateau
from zoo.training.callbacks.image_text import (
    ImageTextMetrics,
    RetrievalReport,
    SimilarityReport,
)
from zoo.training.callbacks.mean_average_precision import MeanAveragePrecision
from zoo.training.callbacks.metrics_log import MetricsLog
from zoo.training.callbacks.non_finite import StopOnNonFinite
from zoo.training.callbacks.progress import Progress
from zoo.training.callbacks.reduce_on_plateau import ReduceLROnPlateau
from zoo.training.callbacks.reports import ConfusionReport, GradCAMReport, MisclassifiedReport
from zoo.training.callbacks.tensorboard import TensorBoard
from zoo.training.callbacks.transformer_reports import (
    AttentionDistanceReport,
    PositionsReport,
    RolloutReport,
)
from zoo.training.callbacks.weight_penalty import WeightPenalty

__all__ = [
    "AttentionDistanceReport",
    "BestAndWorstClassesReport",
    "BestAndWorstReport",
    "Checkpoint",
    "ConfusionReport",
    "GradCAMReport",
    "GrowBatch",
    "GrowBatchOnPlateau",
    "MeanAveragePrecision",
    "ImageTextMetrics",
    "MetricsLog",
    "MisclassifiedReport",
    "ObjectConfusionReport",
    "PositionsReport",
    "PrecisionRecallReport",
    "Progress",
    "ReduceLROnPlateau",
    "RetrievalReport",
    "RolloutReport",
    "SimilarityReport",
    "StopOnNonFinite",
    "TensorBoard",
    "WeightPenalty",
    "restore",
]
