"""Detection: boxes and anchors, losses, decoding, suppression, and how good a detector is."""

from zoo.detection.anchors import Anchors, anchor_kmeans, mean_best_iou, shape_iou
from zoo.detection.boxes import (
    ciou,
    cxcywh_to_xyxy,
    giou,
    iou,
    pairwise_iou,
    xywh_to_xyxy,
    xyxy_to_cxcywh,
    xyxy_to_xywh,
)
from zoo.detection.decoding import Detections, decode, detect
from zoo.detection.evaluation import Evaluation, evaluate
from zoo.detection.layout import Layout, layout_of
from zoo.detection.matching import Matches, match
from zoo.detection.ssd_loss import SsdLoss
from zoo.detection.suppression import suppress
from zoo.detection.yolo_loss import YoloLoss, YoloTerms
from zoo.layers.anchor_boxes import fixed_priors

__all__ = [
    "Anchors",
    "Detections",
    "Evaluation",
    "Layout",
    "Matches",
    "SsdLoss",
    "YoloLoss",
    "YoloTerms",
    "anchor_kmeans",
    "ciou",
    "cxcywh_to_xyxy",
    "decode",
    "detect",
    "evaluate",
    "fixed_priors",
    "giou",
    "iou",
    "layout_of",
    "match",
    "mean_best_iou",
    "pairwise_iou",
    "shape_iou",
    "suppress",
    "xywh_to_xyxy",
    "xyxy_to_cxcywh",
    "xyxy_to_xywh",
]
