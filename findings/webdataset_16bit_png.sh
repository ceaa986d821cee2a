#!/usr/bin/env bash
#
# webdataset 1.0.2. A shard holds 16-bit PNG files (depth maps, masks with more than 255
# objects): TarWriter writes a uint16 array losslessly under the key "png".
#
# Expected: decode() returns the 16 bits, or scales them, or refuses.
#
# Instead: every image decoder ("pil", "l8", "l", "rgb8", "rgb") turns them into 8 bits by
# cutting off above 255: 256, 1000 and 65535 are all 255 (or 1.0), without a warning. The
# stored file is intact; reading the bytes with PIL.Image.open oneself gives the values.
#
# Output:
#
#     stored [0, 255, 256, 1000, 65535]
#     l8 [0, 255, 255, 255, 255]
#     l [0.0, 1.0, 1.0, 1.0, 1.0]
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet webdataset==1.0.2 numpy==2.4.6 pillow==13.0.0
cd "$folder"

venv/bin/python - <<'PYTHON'
import io

import numpy as np
import webdataset as wds
from PIL import Image

depth = np.array([[0, 255, 256, 1000, 65535]], np.uint16)
with wds.TarWriter("shard.tar") as writer:
    writer.write({"__key__": "a", "png": depth})


def shard():
    return wds.WebDataset("shard.tar", shardshuffle=False)


stored = np.asarray(Image.open(io.BytesIO(next(iter(shard()))["png"])))
print("stored", stored[0].tolist())
assert np.array_equal(stored, depth)
for name, expected in (("l8", [0, 255, 255, 255, 255]), ("l", [0, 1, 1, 1, 1])):
    decoded = next(iter(shard().decode(name)))["png"][0].tolist()
    print(name, decoded)
    assert decoded == expected
PYTHON
