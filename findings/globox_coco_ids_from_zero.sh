#!/usr/bin/env bash
#
# globox 2.9.0 writes, pycocotools 2.0.11 scores. One converts Pascal VOC or YOLO labels to
# COCO by save_coco(..., auto_ids=True) and evaluates with COCOeval.
#
# Expected: predictions equal to the labels reach an average precision of 1.
#
# Instead: globox numbers annotations from 0, and COCOeval takes a match with annotation 0 for
# "no match". The first object can never be found: with two objects of one class, perfect
# predictions (the first with the higher score) reach 0.252. globox's own evaluator says 1.0
# for the same boxes.
#
# Output:
#
#     annotation ids [0, 1]
#     average precision of perfect boxes: globox 1.0, pycocotools 0.252
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet globox==2.9.0 pycocotools==2.0.11 numpy==2.4.6
cd "$folder"

venv/bin/python - <<'PYTHON'
import contextlib
import io
import json
import pathlib

from globox import Annotation, AnnotationSet, BoundingBox, COCOEvaluator
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

corners = [(10, 10, 30, 30), (40, 40, 60, 60)]


def labels(confidences):
    boxes = [
        BoundingBox(
            label="cell", xmin=box[0], ymin=box[1], xmax=box[2], ymax=box[3], confidence=score
        )
        for box, score in zip(corners, confidences, strict=True)
    ]
    return AnnotationSet([Annotation("a.jpg", image_size=(100, 80), boxes=boxes)])


truth, perfect = labels([None, None]), labels([0.9, 0.8])
own = COCOEvaluator(ground_truths=truth, predictions=perfect).ap()
path = pathlib.Path("coco.json")
truth.save_coco(path, auto_ids=True)
written = json.loads(path.read_text())["annotations"]
print("annotation ids", [annotation["id"] for annotation in written])
assert [annotation["id"] for annotation in written] == [0, 1]

with contextlib.redirect_stdout(io.StringIO()):
    coco = COCO(str(path))
    results = coco.loadRes(
        [
            {key: annotation[key] for key in ("image_id", "category_id", "bbox")} | {"score": score}
            for annotation, score in zip(written, (0.9, 0.8), strict=True)
        ]
    )
    evaluation = COCOeval(coco, results, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
print(f"average precision of perfect boxes: globox {own}, pycocotools {evaluation.stats[0]:.3f}")
assert own == 1 and round(evaluation.stats[0], 3) == 0.252
PYTHON
