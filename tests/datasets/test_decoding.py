"""Pictures of every depth, orientation and transparency, and those that are refused."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from zoo.datasets import decoding
from zoo.datasets.decoding import decode, uint8_pixels, upright_size

pytestmark = pytest.mark.once


def encoded(image, form="TIFF", **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def photograph(size=(61, 43)):
    return Image.effect_noise(size, 60).convert("RGB").rotate(3)


def png(values, colour):
    """A 16-bit PNG of (h, w, channels), as Pillow cannot write it; the colour type is PNG's."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


class TestDepth:
    @pytest.mark.parametrize(
        ("values", "dtype", "expected"),
        [
            ([0, 32768, 65535], "uint16", [0, 128, 255]),
            ([0, 2048, 4095], "uint16", [0, 128, 255]),
            ([0, 128, 255], "uint16", [0, 128, 255]),
            ([0, 128, 255], "int32", [0, 128, 255]),
            ([0, 2048, 4095], "int32", [0, 128, 255]),
            ([0, 32768, 65535], "int32", [0, 128, 255]),
            ([0, 0.5, 1], "float32", [0, 128, 255]),
            ([0, 127.6, 255], "float32", [0, 128, 255]),
            ([0, 2048, 4095], "float32", [0, 128, 255]),
        ],
    )
    def test_a_deep_grey_picture_is_scaled_by_its_own_range(self, values, dtype, expected):
        data = encoded(Image.fromarray(np.array([values], dtype)))
        assert decode(data)[..., 0].tolist() == [expected]

    @pytest.mark.parametrize("kind", [".png", ".tiff"])
    @pytest.mark.parametrize(("bits", "channels"), [(12, 3), (16, 3), (12, 4)])
    def test_deep_colours_are_too(self, kind, bits, channels):
        colours = np.array([[[0, 64, 128], [255, 255, 255]]], "uint16")
        values = colours[..., ::-1] << (bits - 8)  # OpenCV writes blue first
        if channels == 4:
            values = np.dstack([values, np.full((1, 2), 65535, "uint16")])
        data = cv2.imencode(kind, np.ascontiguousarray(values))[1].tobytes()
        np.testing.assert_array_equal(decode(data), colours)

    def test_deep_grey_with_transparency_is_laid_on_white(self):
        values = np.array([[[4095, 65535], [0, 65535], [0, 0]]], "uint16")
        assert decode(png(values, colour=4))[0, :, 0].tolist() == [255, 0, 255]

    def test_a_range_that_the_file_states_decides(self):
        image = Image.fromarray(np.array([[0, 2048]], "uint16"))
        assert decode(encoded(image, tiffinfo={281: 65535}))[..., 0].tolist() == [[0, 8]]
        pgm = b"P5\n2 1\n4095\n" + np.array([0, 128], ">u2").tobytes()
        assert decode(pgm)[..., 0].tolist() == [[0, 8]]

    @pytest.mark.parametrize(
        ("values", "dtype", "shown"),
        [
            ([-1, 1], "float32", "-1 to 1"),
            ([0, np.nan], "float32", "nan"),
            ([0, np.inf], "float32", "inf"),
            ([0, 70000], "int32", "0 to 70000"),
            ([-5, 5], "int32", "-5 to 5"),
        ],
    )
    def test_other_ranges_are_refused(self, values, dtype, shown):
        with pytest.raises(ValueError, match=f"its values run from .*{shown}.*0 to 1 and whole"):
            decode(encoded(Image.fromarray(np.array([values], dtype))))


class TestForm:
    def test_a_transparent_picture_is_laid_on_white(self):
        clear = Image.fromarray(np.array([[[0, 0, 0, 0], [0, 0, 0, 255]]], "uint8"), "RGBA")
        assert uint8_pixels(clear).tolist() == [[[255] * 3, [0] * 3]]

    @pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
    @pytest.mark.parametrize("orientation", [None, *range(1, 10)])
    def test_the_size_in_the_header_is_that_of_the_upright_pixels(self, orientation, form):
        exif = Image.Exif()
        if orientation:
            exif[274] = orientation
        data = encoded(photograph(), form, exif=exif)
        assert upright_size(data) == decode(data).shape[:2]

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("mode", ["RGB", "L"])
    def test_a_photograph_is_turned_as_its_camera_was_held(self, orientation, mode):
        exif = Image.Exif()
        exif[274] = orientation
        data = encoded(photograph().convert(mode), "JPEG", exif=exif)
        upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
        np.testing.assert_array_equal(decode(data).squeeze(), upright)

    def test_a_deep_picture_is_turned_too(self):
        values = np.array([[[10, 20, 30], [40, 50, 60]]], "uint16") << 8
        image = Image.open(io.BytesIO(png(values, colour=2)))
        exif = Image.Exif()
        exif[274] = 6
        chunk = exif.tobytes()[6:]
        data = png(values, colour=2)
        end = len(data) - 12
        crc = struct.pack(">I", zlib.crc32(b"eXIf" + chunk))
        data = data[:end] + struct.pack(">I", len(chunk)) + b"eXIf" + chunk + crc + data[end:]
        assert image.size == (2, 1)
        assert decode(data).tolist() == [[[10, 20, 30]], [[40, 50, 60]]]

    @pytest.mark.parametrize("subsampling", [0, 1, 2])
    @pytest.mark.parametrize("options", [{"quality": 30}, {"progressive": True}])
    def test_jpegs_have_the_pixels_that_pillow_finds(self, subsampling, options):
        data = encoded(photograph(), "JPEG", subsampling=subsampling, **options)
        np.testing.assert_array_equal(decode(data), np.asarray(Image.open(io.BytesIO(data))))

    def test_a_jpeg_of_four_inks_has_the_colours_that_pillow_finds(self):
        data = encoded(photograph().convert("CMYK"), "JPEG")
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        np.testing.assert_array_equal(decode(data), expected)

    def test_of_an_animation_the_first_frame_is_read(self):
        frames = [Image.new("L", (3, 2), level) for level in (40, 200)]
        data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
        assert decode(data).shape[:2] == (2, 3) and (decode(data) == 40).all()


class TestRefused:
    @pytest.mark.parametrize("form", ["JPEG", "PNG"])
    def test_a_picture_that_ends_early(self, form):
        with pytest.raises(ValueError, match="truncated"):
            decode(encoded(photograph(), form)[:-600])

    def test_what_is_no_picture(self):
        with pytest.raises(ValueError, match="cannot identify image file$"):
            decode(b"not an image")

    @pytest.mark.parametrize("form", ["JPEG", "PNG"])
    def test_more_pixels_than_allowed_until_the_bound_is_raised(self, form, monkeypatch):
        data = encoded(photograph(), form)
        monkeypatch.setattr(decoding, "MAX_PIXELS", 61 * 43 - 1)
        with pytest.raises(ValueError, match="61 x 43 are more than 2,622 pixels; raise .*MAX_PIX"):
            decode(data)
        monkeypatch.setattr(decoding, "MAX_PIXELS", 61 * 43)
        assert decode(data).shape == (43, 61, 3)

    def test_pillows_own_bound_is_named(self, monkeypatch):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
        with pytest.raises(ValueError, match="PIL.Image.MAX_IMAGE_PIXELS bounds it"):
            decode(encoded(photograph(), "PNG"))
