#!/usr/bin/env bash
#
# Pillow 13.0.0, opencv-python-headless 5.0.0.93. The header of a PGM or PPM file names the
# value that is full white, for instance 4095 for a 12-bit camera.
#
# Expected: both readers give the same numbers.
#
# Instead: Pillow rescales to the full range of 8 or 16 bits and OpenCV returns the stored
# numbers and forgets the header's maximum. White of a 12-bit file is 65535 in one and 4095 in
# the other, so one division by 65535 gives a picture sixteen times too dark; white of a file
# with maximum 100 is 255 or 100.
#
# Output:
#
#     maximum 4095, stored [0, 1000, 4095]: Pillow [0, 16004, 65535], OpenCV [0, 1000, 4095]
#     maximum 100, stored [0, 25, 100]: Pillow [0, 64, 255], OpenCV [0, 25, 100]
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 numpy==2.4.6 opencv-python-headless==5.0.0.93
cd "$folder"

venv/bin/python - <<'PYTHON'
import cv2
import numpy as np
from PIL import Image


def read(maximum, stored):
    dtype = ">u2" if maximum > 255 else "u1"
    with open("picture.pgm", "wb") as file:
        file.write(f"P5\n{len(stored)} 1\n{maximum}\n".encode())
        file.write(np.array(stored, dtype).tobytes())
    by_pillow = np.asarray(Image.open("picture.pgm"))[0].tolist()
    by_opencv = cv2.imread("picture.pgm", cv2.IMREAD_UNCHANGED)[0].tolist()
    print(f"maximum {maximum}, stored {stored}: Pillow {by_pillow}, OpenCV {by_opencv}")
    return by_pillow, by_opencv


assert read(4095, [0, 1000, 4095]) == ([0, 16004, 65535], [0, 1000, 4095])
assert read(100, [0, 25, 100]) == ([0, 64, 255], [0, 25, 100])
PYTHON
