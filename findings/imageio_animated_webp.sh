#!/usr/bin/env bash
#
# imageio 2.38.1 with Pillow 13.0.0. imageio.v3.imread without an index reads a whole
# animation: a GIF or an animated PNG of three frames is an array (3, height, width, 3).
#
# Expected: the same for an animated WebP, which Pillow reads with three frames.
#
# Instead: imread gives the first frame alone, as an array (height, width, 3), and says
# nothing; index=... (an ellipsis) gives all three, and imiter iterates over three as well. A
# clip loader that tells pictures from clips by the number of axes takes every WebP clip for a
# picture.
#
# Output:
#
#     clip.gif: imread (3, 16, 16, 3), imread with index=... (3, 16, 16, 3), imiter 3 frames
#     clip.png: imread (3, 16, 16, 3), imread with index=... (3, 16, 16, 3), imiter 3 frames
#     clip.webp: imread (16, 16, 3), imread with index=... (3, 16, 16, 3), imiter 3 frames
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 numpy==2.4.6 imageio==2.38.1
cd "$folder"

venv/bin/python - <<'PYTHON'
import imageio.v3 as iio
from PIL import Image

frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
for name in ("clip.gif", "clip.png", "clip.webp"):
    frames[0].save(name, save_all=True, append_images=frames[1:], duration=100)
    assert Image.open(name).n_frames == 3
    plain, whole = iio.imread(name).shape, iio.imread(name, index=...).shape
    count = len(list(iio.imiter(name)))
    print(f"{name}: imread {plain}, imread with index=... {whole}, imiter {count} frames")
    assert whole == (3, 16, 16, 3) and count == 3
    assert plain == ((16, 16, 3) if name == "clip.webp" else (3, 16, 16, 3))
PYTHON
