#!/usr/bin/env bash
#
# Pillow 13.0.0. A 16-bit grey picture ("I;16": depth maps, X-rays) in which every pixel is
# 3000 is rotated by 10 degrees with bilinear or bicubic sampling, as an augmentation does.
#
# Expected: the pixels in the middle stay 3000, as they do with nearest-neighbour sampling,
# with resize(), and with the same rotation of the picture converted to mode "F".
#
# Instead: no error and the mode stays "I;16", but the middle is 184, the low byte of 3000
# (0x0BB8). transform() with an affine matrix breaks the values in the same way. A turn by 90
# degrees is right, because it moves pixels and interpolates none. Convert to "F" first.
#
# Output:
#
#     nearest: rotate 3000, resize 3000, rotate as F 3000
#     bilinear: rotate 184, resize 3000, rotate as F 3000
#     bicubic: rotate 184, resize 3000, rotate as F 3000
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 numpy==2.4.6
cd "$folder"

venv/bin/python - <<'PYTHON'
import numpy as np
from PIL import Image

picture = Image.fromarray(np.full((9, 9), 3000, np.uint16))
assert picture.mode == "I;16"


def middle(image):
    values = np.asarray(image)
    return int(values[values.shape[0] // 2, values.shape[1] // 2])


rotated = {}
for name in ("nearest", "bilinear", "bicubic"):
    sampling = Image.Resampling[name.upper()]
    rotated[name] = middle(picture.rotate(10, sampling))
    resized = middle(picture.resize((5, 5), sampling))
    as_float = middle(picture.convert("F").rotate(10, sampling))
    print(f"{name}: rotate {rotated[name]}, resize {resized}, rotate as F {as_float}")
    assert resized == as_float == 3000
assert rotated == {"nearest": 3000, "bilinear": 184, "bicubic": 184}
PYTHON
