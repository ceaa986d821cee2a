"""Boxes and anchors: how alike two boxes are, and which shapes a detector begins with."""

from zoo.detection.anchors import Anchors, anchor_kmeans, fixed_priors, mean_best_iou, shape_iou
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

__all__ = [
    "Anchors",
    "anchor_kmeans",
    "ciou",
    "cxcywh_to_xyxy",
    "fixed_priors",
    "giou",
    "iou",
    "mean_best_iou",
    "pairwise_iou",
    "shape_iou",
    "xywh_to_xyxy",
    "xyxy_to_cxcywh",
    "xyxy_to_xywh",
]
