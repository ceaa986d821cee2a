#!/usr/bin/env bash
#
# Pillow 13.0.0. ImageStat.Stat(image).mean is a short way to the mean that a normalisation
# needs.
#
# Expected: the mean of the pixel values, or an error for modes that it does not support.
#
# Instead: it works on a histogram of 256 bins. A 16-bit picture that is 3000 everywhere has a
# mean of 97.5, the mean of the bytes 11 and 184; its "extrema" are 11 and 184 while
# getextrema() of the same picture says 3000. Floating-point pictures are stretched over their
# own range first: the values 0, 0.25, 0.5, 1 have the mean 111.25, and 0, 2.5, 5, 10 have
# exactly the same one.
#
# Output:
#
#     16 bit: mean [97.5], extrema [(11, 184)], getextrema (3000, 3000)
#     float: [111.25] and ten times as bright: [111.25]
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
from PIL import Image, ImageStat

deep = Image.fromarray(np.full((8, 8), 3000, np.uint16))
statistics = ImageStat.Stat(deep)
print(f"16 bit: mean {statistics.mean}, extrema {statistics.extrema}, getextrema {deep.getextrema()}")
assert deep.getextrema() == (3000, 3000)
assert statistics.mean == [97.5] and statistics.extrema == [(11, 184)]

values = np.array([[0, 0.25, 0.5, 1]], np.float32)
mean = ImageStat.Stat(Image.fromarray(values)).mean
bright = ImageStat.Stat(Image.fromarray(10 * values)).mean
print(f"float: {mean} and ten times as bright: {bright}")
assert mean == bright == [111.25]
PYTHON
