"""Pictures as uint8 pixels: turned upright, laid on white, deep ones brought to eight bits.

`decode` reads the bytes of a file, `upright_size` their header, `uint8_pixels` a picture of
Pillow's, `fit` resizes.
"""

import io
import re

import cv2
import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 2**26  # 8192 x 8192; raise it if larger pictures are to be trusted
_DEPTHS = (8, 12, 16)  # bits per channel in use; 10 and 14 are taken for 12 and 16
_ORIENTATION = 274  # the EXIF tag
_ON_THEIR_SIDE = (5, 6, 7, 8)  # its values for width and height exchanged
_MAX_SAMPLE_VALUE = 281  # the TIFF tag


def decode(data: bytes) -> np.ndarray:
    """The pixels (h, w, 1 or 3) of an encoded picture, uint8; of an animation, the first frame.

    A picture of more than eight bits per channel is scaled by its own range: floats from 0 to 1,
    otherwise the fewest of 8, 12 and 16 bits that hold its largest value (or the largest value
    that a TIFF file states).

    Raises:
        ValueError: if it is damaged, of an unknown format, has more than `MAX_PIXELS` pixels, or
            values that are negative, not finite, or of more than 16 bits.
    """
    try:
        pixels = _decode_jpeg(data)
        if pixels is not None:
            return pixels
        with Image.open(io.BytesIO(data)) as image:
            _check_size(*image.size)
            if image.tile and ";16" in str(image.tile[0].args) and not image.mode.startswith("I"):
                image = _deep_colour(data, image.getexif().get(_ORIENTATION, 1))
            return uint8_pixels(image)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{error}; PIL.Image.MAX_IMAGE_PIXELS bounds it") from error
    except ValueError:
        raise
    except Exception as error:  # a damaged file can make Pillow and OpenCV raise nearly anything
        raise ValueError(_plain(error)) from error


def upright_size(data: bytes) -> tuple[int, int]:
    """(height, width) that `decode` gives, from the header of the file where that has it.

    Raises:
        ValueError: if it is damaged or of an unknown format.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.format == "TIFF":  # Pillow 13 has turned its size, not the tag
                return decode(data).shape[:2]
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION, 1) in _ON_THEIR_SIDE
    except Exception as error:  # a damaged file can make Pillow raise nearly anything
        raise ValueError(_plain(error)) from error
    return (width, height) if turned else (height, width)


def _plain(error: Exception) -> str:
    """What Pillow says of a file, without the address of its bytes."""
    return re.sub(r" *<_io.BytesIO[^>]*>", "", str(error))


def uint8_pixels(image: Image.Image) -> np.ndarray:
    """A picture of Pillow's as uint8 (h, w, 1 or 3); deep ones are scaled as `decode` says.

    Raises:
        ValueError: if its values are negative, not finite, or of more than 16 bits.
    """
    largest = _stated_maximum(image)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(np.asarray(image), largest)[..., None]
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    pixels = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"{width} x {height} are more than {MAX_PIXELS:,} pixels; raise "
            f"zoo.datasets.decoding.MAX_PIXELS if you trust it"
        )


def _eight_bits(values: np.ndarray, largest: int | None = None) -> np.ndarray:
    """Integers or floats of any depth as uint8; `largest` is what the file says it can hold."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if not (low >= 0 and high < 2 ** _DEPTHS[-1]):  # NaN is neither
        raise ValueError(
            f"its values run from {low:g} to {high:g}; floats from 0 to 1 and whole numbers of up "
            f"to {_DEPTHS[-1]} bits are read"
        )
    if values.dtype.kind == "f":
        if high <= 1:
            return np.round(values * 255).astype("uint8")
        values = np.round(values).astype("uint16")
    bits = next(bits for bits in _DEPTHS if max(largest or 0, high) < 2**bits)
    return (values >> (bits - 8)).astype("uint8")


def _stated_maximum(image: Image.Image) -> int | None:
    """The largest value that a file of Pillow's says its samples can have."""
    if image.format == "PPM":
        return 2**16 - 1  # Pillow has scaled the file's own maximum to it
    maximum = image.tag_v2.get(_MAX_SAMPLE_VALUE) if hasattr(image, "tag_v2") else None
    return int(np.max(maximum)) if maximum else None


def _deep_colour(data: bytes, orientation: int) -> Image.Image:
    """Colours of 16 bits, of which Pillow keeps the high byte: black, if 12 of them are used."""
    values = cv2.imdecode(np.frombuffer(data, "uint8"), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise ValueError("neither Pillow nor OpenCV reads its 16-bit colours")
    parts = [_eight_bits(values[..., 2::-1])]
    if values.shape[2] == 4:
        parts.append(_eight_bits(values[..., 3:]))
    image = Image.fromarray(np.concatenate(parts, axis=2))
    image.getexif()[_ORIENTATION] = orientation
    return image


def _decode_jpeg(data: bytes) -> np.ndarray | None:
    """The pixels of a complete grey or colour JPEG, three times as fast as Pillow; else None.

    Both use libjpeg-turbo, and give the same pixels; but where the end is missing OpenCV fills the
    picture up with grey and Pillow refuses it.
    """
    if not data.startswith(b"\xff\xd8") or not data.endswith(b"\xff\xd9"):
        return None
    frame = _jpeg_frame(data)
    if frame is None:
        return None
    height, width, channels = frame
    _check_size(width, height)
    how = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
    pixels = cv2.imdecode(np.frombuffer(data, "uint8"), how)
    return pixels[..., None] if channels == 1 and pixels is not None else pixels


def _jpeg_frame(data: bytes) -> tuple[int, int, int] | None:
    """(height, width, channels) in the header of an 8-bit grey or colour JPEG; else None."""
    position = 2
    while position + 10 < len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in (0xC0, 0xC1, 0xC2):  # baseline, extended or progressive
            precision, channels = data[position + 4], data[position + 9]
            height = int.from_bytes(data[position + 5 : position + 7])
            width = int.from_bytes(data[position + 7 : position + 9])
            fits = precision == 8 and channels in (1, 3) and height and width
            return (height, width, channels) if fits else None
        if marker in (0xDA, 0xFF):  # pixels without a frame before them, or padding
            return None
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return None


def fit(image: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """One uint8 image (h, w, 1 or 3), resized and turned grey or RGB to be `image_shape`."""
    height, width, channels = image_shape
    if image.shape[-1] != channels:
        code = cv2.COLOR_GRAY2RGB if channels == 3 else cv2.COLOR_RGB2GRAY
        image = cv2.cvtColor(image, code)
    if image.shape[:2] != (height, width):
        shrinks = height * width < image.shape[0] * image.shape[1]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        image = cv2.resize(image, (width, height), interpolation=how)
    return image.reshape(image_shape)
