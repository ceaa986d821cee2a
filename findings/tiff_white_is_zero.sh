#!/usr/bin/env bash
#
# Pillow 13.0.0, opencv-python-headless 5.0.0.93, tifffile 2026.3.3. In a TIFF whose
# photometric interpretation is "WhiteIsZero" (scanners, X-rays) the value 0 is white.
#
# Expected: either all three readers turn the values over, so that bright is large, or none
# does; in any case one reader does the same at 8 and at 16 bits.
#
# Instead: Pillow and OpenCV invert the 8-bit file and leave the 16-bit file as it is;
# tifffile never inverts. A dataset of mixed depth gets negatives and positives, and the
# choice of the reader decides about 8 bits.
#
# Output:
#
#     8 bits, stored [0, 10, 255]: tifffile [0, 10, 255], Pillow [255, 245, 0], OpenCV [255, 245, 0]
#     16 bits, stored [0, 10, 255]: tifffile [0, 10, 255], Pillow [0, 10, 255], OpenCV [0, 10, 255]
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 numpy==2.4.6 tifffile==2026.3.3 opencv-python-headless==5.0.0.93
cd "$folder"

venv/bin/python - <<'PYTHON'
import cv2
import numpy as np
import tifffile
from PIL import Image

stored, negative = [0, 10, 255], [255, 245, 0]
for dtype, expected in ((np.uint8, negative), (np.uint16, stored)):
    tifffile.imwrite("scan.tif", np.array([stored], dtype), photometric="miniswhite")
    by_tifffile = tifffile.imread("scan.tif")[0].tolist()
    by_pillow = np.asarray(Image.open("scan.tif"))[0].tolist()
    by_opencv = cv2.imread("scan.tif", cv2.IMREAD_UNCHANGED)[0].tolist()
    bits = 8 * np.dtype(dtype).itemsize
    print(
        f"{bits} bits, stored {stored}: tifffile {by_tifffile}, Pillow {by_pillow}, OpenCV {by_opencv}"
    )
    assert by_tifffile == stored
    assert by_pillow == by_opencv == expected
PYTHON
