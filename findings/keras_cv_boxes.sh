#!/usr/bin/env bash
#
# keras-cv 0.9.0 with keras 3.15.1. Three parts of a detector: a loss, a metric, and suppression.
#
# Expected: for a box of 10 x 1 and one of 1 x 10 in the same corner, CIoU's loss is 1.4898 (IoU
# 1/19, squared distance of the centres 40.5 over squared diagonal 200, shapes as far apart as
# v = 4 / pi^2 (atan 10 - atan 0.1)^2 = 0.762). Of two images with one object each, one of which
# is found and the other not, half of the objects are found at full precision: COCO's average
# over 101 recalls is 51 / 101 = 0.505, and pycocotools says so. Two boxes of two classes at one
# place are two detections.
#
# Instead: CIoULoss squares v's constant with the angle, so that (4 / pi^2)^2 makes shapes count
# for less: 1.2258. BoxCOCOMetrics leaves images without detections out, and gives 1.0: a detector
# that finds nothing on hard images is measured on the easy ones. MultiClassNonMaxSuppression
# keeps both boxes on tensorflow; on jax and torch it raises and recommends NonMaxSuppression,
# which asks for no class and drops the second.
#
# Output:
#
#     CIoU loss: 1.2258, by hand 1.4898
#     mean average precision: keras-cv 1.000, pycocotools 0.505, by hand 0.505
#     detections at one place: class-wise on tensorflow 2
#     class-wise on jax: NotImplementedError
#     detections at one place: what is recommended there 1
#
# Seen on 2026-11-28 with Python 3.11. keras-cv imports tensorflow on every backend.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras-cv==0.9.0 keras==3.15.1 tensorflow-cpu==2.21.0 \
    jax==0.10.2 pycocotools==2.0.11 numpy==2.4.6
cd "$folder"
export TF_CPP_MIN_LOG_LEVEL=3

KERAS_BACKEND=tensorflow venv/bin/python - 2>log <<'PYTHON' || { cat log; exit 1; }
import contextlib
import io
import math

import keras_cv
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

wide, high = (np.array([[box]], "float32") for box in ([0, 0, 10, 1], [0, 0, 1, 10]))
loss = keras_cv.losses.CIoULoss("xyxy", reduction="none")
theirs = float(loss(wide, high)[0, 0])
iou, v = 1 / 19, 4 / math.pi**2 * (math.atan(10) - math.atan(0.1)) ** 2
right = 1 - iou + 40.5 / 200 + v * v / (1 - iou + v)
print(f"CIoU loss: {theirs:.4f}, by hand {right:.4f}")
assert abs(theirs - 1.2258) < 1e-4 and abs(right - 1.4898) < 1e-4

box = [10.0, 10, 60, 60]
truth = {"boxes": np.array([[box], [box]], "float32"), "classes": np.zeros((2, 1), "float32")}
found = {  # -1 is keras-cv's padding
    "boxes": np.array([[box], [[-1.0] * 4]], "float32"),
    "classes": np.array([[0.0], [-1]], "float32"),
    "confidence": np.array([[0.9], [-1]], "float32"),
}
metric = keras_cv.metrics.BoxCOCOMetrics("xyxy", evaluate_freq=1)
metric.update_state(truth, found)
theirs = float(metric.result(force=True)["MaP"])
coco = COCO()
objects = [
    {"id": i, "image_id": i, "category_id": 1, "bbox": [10, 10, 50, 50], "area": 2500, "iscrowd": 0}
    for i in (1, 2)
]
coco.dataset = {
    "images": [{"id": 1}, {"id": 2}], "annotations": objects, "categories": [{"id": 1}]
}
with contextlib.redirect_stdout(io.StringIO()):
    coco.createIndex()
    evaluation = COCOeval(coco, coco.loadRes([objects[0] | {"score": 0.9}]), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
truth = evaluation.stats[0]
print(
    f"mean average precision: keras-cv {theirs:.3f}, pycocotools {truth:.3f}, "
    f"by hand {51 / 101:.3f}"
)
assert theirs == 1 and abs(truth - 51 / 101) < 1e-9

options = {"from_logits": False, "iou_threshold": 0.5, "confidence_threshold": 0.1}
layer = keras_cv.layers.MultiClassNonMaxSuppression("xyxy", max_detections=3, **options)
boxes = np.array([[[0, 0, 10, 10], [0, 0, 10, 9]]], "float32")
scores = np.array([[[0.9, 0], [0, 0.8]]], "float32")
kept = int(layer(boxes, scores)["num_detections"][0])
print("detections at one place: class-wise on tensorflow", kept)
assert kept == 2
PYTHON

KERAS_BACKEND=jax venv/bin/python - 2>log <<'PYTHON' || { cat log; exit 1; }
import keras_cv
import numpy as np

options = {"from_logits": False, "iou_threshold": 0.5, "confidence_threshold": 0.1}
boxes = np.array([[[0, 0, 10, 10], [0, 0, 10, 9]]], "float32")
scores = np.array([[[0.9, 0], [0, 0.8]]], "float32")
layer = keras_cv.layers.MultiClassNonMaxSuppression("xyxy", max_detections=3, **options)
try:
    layer(boxes, scores)
    raise AssertionError("it works")
except NotImplementedError as error:
    print("class-wise on jax:", type(error).__name__)
layer = keras_cv.layers.NonMaxSuppression("xyxy", max_detections=3, **options)
kept = int(layer(boxes, scores)["num_detections"][0])
print("detections at one place: what is recommended there", kept)
assert kept == 1
PYTHON
