#!/usr/bin/env bash
#
# Pillow 13.0.0, with tifffile 2026.3.3 as the writer and as a second reader. TIFF knows
# signed 8-bit and unsigned 32-bit pixels: differences of pictures, embeddings quantised to
# int8, instance numbers.
#
# Expected: Pillow returns the values, or refuses the file, as it does with float16.
#
# Instead: int8 comes back as uint8, so that -1 is 255 and -128 is 128; uint32 comes back as
# int32, so that 3,000,000,000 is -1,294,967,296. OpenCV keeps both types. Neither warns.
#
# Output:
#
#     int8 [-128, -1, 0, 127] -> Pillow uint8 [128, 255, 0, 127]
#     uint32 [0, 1, 3000000000, 4294967295] -> Pillow int32 [0, 1, -1294967296, -1]
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 numpy==2.4.6 tifffile==2026.3.3
cd "$folder"

venv/bin/python - <<'PYTHON'
import numpy as np
import tifffile
from PIL import Image


def both(values):
    tifffile.imwrite("picture.tif", values, photometric="minisblack")
    assert np.array_equal(tifffile.imread("picture.tif"), values)
    read = np.asarray(Image.open("picture.tif"))
    print(f"{values.dtype} {values[0].tolist()} -> Pillow {read.dtype} {read[0].tolist()}")
    return read


signed = both(np.array([[-128, -1, 0, 127]], np.int8))
assert signed.dtype == np.uint8 and signed.tolist() == [[128, 255, 0, 127]]
wide = both(np.array([[0, 1, 3_000_000_000, 2**32 - 1]], np.uint32))
assert wide.dtype == np.int32 and wide.tolist() == [[0, 1, -1294967296, -1]]
PYTHON
