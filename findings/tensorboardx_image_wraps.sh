#!/usr/bin/env bash
#
# tensorboardX 2.6.5. SummaryWriter.add_image takes an array; uint8 is 0..255, anything else
# is taken as 0..1 and multiplied by 255.
#
# Expected: values outside 0..1 are clipped, as PyTorch's own SummaryWriter does, so a mistake
# in scale shows as white and slight overshoot stays harmless.
#
# Instead: the product is cast to uint8 and wraps around. A normalised picture's -0.004
# becomes 255 (white specks in the dark), 1.01 becomes 1 (black specks in the light), and a
# picture of 200 in float32 or int64 becomes 56 everywhere: it looks like a plausible grey
# picture with wrong tones.
#
# Output:
#
#     float32 -0.004 -> 255
#     float32 0.5 -> 127
#     float32 1.01 -> 1
#     float32 200.0 -> 56
#     int64 200 -> 56
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorboardX==2.6.5 numpy==2.4.6 pillow==13.0.0
cd "$folder"

venv/bin/python - <<'PYTHON'
import glob
import io
import struct

import numpy as np
from PIL import Image
from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event


def shown(value, dtype, folder):
    writer = SummaryWriter(folder)
    writer.add_image("picture", np.full((3, 8, 8), value, dtype), 0)
    writer.close()
    with open(glob.glob(f"{folder}/events*")[0], "rb") as file:
        while header := file.read(12):  # length, checksum, event, checksum
            event = Event.FromString(file.read(struct.unpack("<Q", header[:8])[0]))
            file.read(4)
            for summary in event.summary.value:
                if summary.HasField("image"):
                    picture = Image.open(io.BytesIO(summary.image.encoded_image_string))
                    return int(np.asarray(picture)[0, 0, 0])
    raise AssertionError("no image in the event file")


cases = [
    (-0.004, np.float32, 255),
    (0.5, np.float32, 127),
    (1.01, np.float32, 1),
    (200.0, np.float32, 56),
    (200, np.int64, 56),
]
for number, (value, dtype, expected) in enumerate(cases):
    pixel = shown(value, dtype, f"log{number}")
    print(f"{np.dtype(dtype).name} {value} -> {pixel}")
    assert pixel == expected
PYTHON
