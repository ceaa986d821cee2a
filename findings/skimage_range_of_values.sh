#!/usr/bin/env bash
#
# scikit-image 0.26.0. transform.resize, rotate and warp and filters.gaussian scale integers
# to 0..1. Two consequences that one does not expect:
#
# 1. With order=0 (nearest neighbour) resize and rotate return uint8 with values to 255; with
# order=1 float64 with values to 1. Whoever changes only the interpolation changes the scale
# of the pixels by 255.
#
# 2. The same picture as int64, NumPy's default integer (np.array of a list, a sum, a label
# map times a number), is divided by 2**63: white becomes 2.8e-17, in effect a black picture,
# without a warning.
#
# Output:
#
#     uint8: order 0 gives uint8 to 255, order 1 gives float64 to 1
#     int64: order 0 gives int64 to 255, order 1 gives float64 to 2.76e-17
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-image==0.26.0 numpy==2.4.6
cd "$folder"

venv/bin/python - <<'PYTHON'
import numpy as np
from skimage import transform

largest = {}
for dtype in (np.uint8, np.int64):
    white = np.full((8, 8), 255, dtype)
    nearest = transform.resize(white, (4, 4), order=0)
    linear = transform.resize(white, (4, 4), order=1)
    name = np.dtype(dtype).name
    print(
        f"{name}: order 0 gives {nearest.dtype} to {nearest.max()}, "
        f"order 1 gives {linear.dtype} to {linear.max():.3g}"
    )
    assert nearest.dtype == dtype and nearest.max() == 255
    largest[name] = float(linear.max())
assert abs(largest["uint8"] - 1) < 1e-6
assert 0 < largest["int64"] < 1e-16
PYTHON
