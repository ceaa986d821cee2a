#!/usr/bin/env bash
#
# Pillow 13.0.0. The size of a photograph is wanted without decoding it: `image.size` of the
# opened file, width and height exchanged where the EXIF orientation is 5 to 8.
#
# Expected: whatever the format, `size` is that of the stored pixels until they are turned, as
# the orientation says, by ImageOps.exif_transpose.
#
# Instead: of a TIFF file `size` is turned on opening, while getexif() still says 6; loading the
# pixels turns them and removes the tag. Who exchanges the sides by the tag, as is right for JPEG,
# PNG and WebP, turns a TIFF's twice, and boxes that were drawn on the picture lie across it.
#
# Output:
#
#     JPEG: opened (6, 2), orientation 6; loaded (6, 2), orientation 6; upright (2, 6)
#     PNG: opened (6, 2), orientation 6; loaded (6, 2), orientation 6; upright (2, 6)
#     WEBP: opened (6, 2), orientation 6; loaded (6, 2), orientation 6; upright (2, 6)
#     TIFF: opened (2, 6), orientation 6; loaded (2, 6), orientation None; upright (2, 6)
#
# Seen on 2026-11-28 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0
cd "$folder"

venv/bin/python - <<'PYTHON'
import io

from PIL import Image, ImageOps

ORIENTATION = 274
stored = Image.new("L", (6, 2))
sizes = {}
for form in ("JPEG", "PNG", "WEBP", "TIFF"):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    file = io.BytesIO()
    stored.save(file, form, exif=exif)
    image = Image.open(file)
    opened, tag = image.size, image.getexif().get(ORIENTATION)
    image.load()
    loaded, left = image.size, image.getexif().get(ORIENTATION)
    upright = ImageOps.exif_transpose(Image.open(file)).size
    print(
        f"{form}: opened {opened}, orientation {tag}; loaded {loaded}, orientation {left}; "
        f"upright {upright}"
    )
    assert tag == 6 and upright == (2, 6)
    sizes[form] = opened
assert sizes == {"JPEG": (6, 2), "PNG": (6, 2), "WEBP": (6, 2), "TIFF": (2, 6)}
PYTHON
