#!/usr/bin/env bash
#
# supervision 0.31.2. mask_to_xyxy gives the box of a mask; box_iou_batch and
# Detections.box_area work on such boxes.
#
# Expected: a mask filled from corner to corner has as many pixels as its box has area, and a
# box overlaps itself fully.
#
# Instead: the right and lower edges are the last pixel's index, while areas and overlaps take
# them as the end: every box is one pixel too small in both directions. A 10 x 10 mask has a
# box of 81, and a mask one pixel wide (a hair, a crack, a far pole) a box of area 0, whose
# overlap with itself is 0, so that box metrics count a perfect prediction as a miss.
#
# Output:
#
#     10 x 10 mask: pixels 100, box area 81.0, overlap of the box with itself 1.0
#     10 x 1 mask: pixels 10, box area 0.0, overlap of the box with itself 0.0
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpy==2.4.6 scipy==1.17.1 pillow==13.0.0 opencv-python-headless==5.0.0.93 matplotlib==3.11.2
"$folder/venv/bin/pip" install --quiet pydeprecate==0.13.0 defusedxml==0.7.1 pyyaml==6.0.4 requests==2.34.2 tqdm==4.70.1
"$folder/venv/bin/pip" install --quiet --no-deps supervision==0.31.2
cd "$folder"

venv/bin/python - <<'PYTHON'
import numpy as np
import supervision as sv

seen = []
for height, width in ((10, 10), (10, 1)):
    mask = np.zeros((1, 20, 20), bool)
    mask[0, 2 : 2 + height, 5 : 5 + width] = True
    boxes = sv.mask_to_xyxy(mask)
    area = float(sv.Detections(xyxy=boxes.astype(float)).box_area[0])
    overlap = float(sv.box_iou_batch(boxes, boxes)[0, 0])
    print(
        f"{height} x {width} mask: pixels {mask.sum()}, box area {area}, "
        f"overlap of the box with itself {overlap}"
    )
    seen.append((area, overlap))
assert seen == [(81, 1), (0, 0)]
PYTHON
