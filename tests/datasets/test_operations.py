"""The operations of learned policies do what AutoAugment's table says."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from zoo.datasets import transforms

pytestmark = pytest.mark.once
IMAGE = np.random.default_rng(0).integers(20, 236, (32, 32, 3)).astype("uint8")
GREY = Image.fromarray(IMAGE).convert("L")


def blend(other, factor):
    """What enhancing means: `factor` of the image, the rest of the other."""
    other = np.asarray(other, float).reshape(*np.shape(other)[:2], -1)
    return np.clip(other + factor * (IMAGE - other), 0, 255)


def enhanced_by_hand():
    bright = np.asarray(GREY, float)
    return {
        "Brightness": np.zeros((32, 32)),
        "Color": bright,
        "Contrast": np.full((32, 32), round(bright.mean())),
        "Sharpness": Image.fromarray(IMAGE).filter(ImageFilter.SMOOTH),
    }


def equalized(channel):
    """By hand: a value becomes the number of darker pixels, and half a step, in steps of 1 / 255 of
    all but the lightest ones."""
    counts = np.bincount(channel.ravel(), minlength=256)
    step = (channel.size - counts[channel.max()]) // 255
    darker = np.cumsum(counts) - counts
    return np.minimum((darker + step // 2) // step, 255)[channel]


class TestOperations:
    @pytest.mark.parametrize(
        "name, magnitude, expected",
        [
            ("Identity", 1, IMAGE),
            ("Invert", 0.3, 255 - IMAGE),
            ("Solarize", 0, IMAGE),
            ("Solarize", 0.5, np.where(IMAGE < 128, IMAGE, 255 - IMAGE)),
            ("Solarize", 1, 255 - IMAGE),
            ("Posterize", 0, IMAGE),
            ("Posterize", 0.5, IMAGE & 0b11111100),
            ("Posterize", 1, IMAGE & 0b11110000),
            ("Equalize", 0, np.stack([equalized(c) for c in np.moveaxis(IMAGE, -1, 0)], -1)),
        ],
    )
    def test_on_values(self, name, magnitude, expected):
        np.testing.assert_array_equal(transforms.operate(IMAGE, name, magnitude), expected)

    def test_auto_contrast_stretches_each_channel_to_all_values(self):
        low, high = IMAGE.min(axis=(0, 1)).astype(float), IMAGE.max(axis=(0, 1))
        expected = (IMAGE - low) * 255 / (high - low)
        assert np.abs(transforms.operate(IMAGE, "AutoContrast", 0) - expected).max() <= 1

    @pytest.mark.parametrize("name", ["Color", "Contrast", "Brightness", "Sharpness"])
    def test_enhance_from_a_tenth_to_nineteen(self, name):
        for magnitude, factor in ((0, 0.1), (0.5, 1), (1, 1.9)):
            expected = blend(enhanced_by_hand()[name], factor)
            assert np.abs(transforms.operate(IMAGE, name, magnitude) - expected).max() <= 1.01

    def test_translate_moves_by_150_of_331_pixels(self):
        image = np.zeros((331, 331, 3), "uint8")
        image[200, 180] = 255
        for name, m, moved_to in (
            ("TranslateX", 1, (200, 30)),
            ("TranslateX", -0.5, (200, 255)),
            ("TranslateY", 1, (50, 180)),
        ):
            moved = transforms.operate(image, name, m)
            assert np.unravel_index(moved.argmax(), moved.shape)[:2] == moved_to

    def test_shear_moves_a_row_by_its_number_times_three_tenths(self):
        image = np.zeros((60, 60, 3), "uint8")
        image[40, 30] = image[30, 40] = 255
        for name, moved_to in (("ShearX", (40, 18)), ("ShearY", (18, 40))):
            rows, columns, _ = np.nonzero(transforms.operate(image, name, 1) > 60)
            assert np.hypot(rows - moved_to[0], columns - moved_to[1]).min() < 1

    def test_rotate_turns_by_thirty_degrees_anticlockwise(self):
        bar = np.zeros((65, 65, 1), "uint8")
        bar[32] = 255
        for magnitude in (1, -0.5):
            rows, columns = np.nonzero(transforms.operate(bar, "Rotate", magnitude)[..., 0] > 127)
            slope = np.polyfit(columns, -rows, 1)[0]
            assert np.degrees(np.arctan(slope)) == pytest.approx(30 * magnitude, abs=0.5)

    def test_cutout_makes_a_hole_of_up_to_20_of_32_pixels(self):
        hole = transforms.operate(IMAGE, "Cutout", 0.5, fill=(1, 2, 3))
        expected = IMAGE.copy()
        expected[11:21, 11:21] = (1, 2, 3)
        np.testing.assert_array_equal(hole, expected)
        corner = (transforms.operate(IMAGE, "Cutout", 1, at=(0, 0)) == 0).all(axis=-1)
        assert corner[:10, :10].all() and corner.sum() == 100

    @pytest.mark.parametrize("name", ["Warp", "Rotat", None, ["Rotate"]])
    def test_an_unknown_one_is_refused_with_those_there_are(self, name):
        with pytest.raises(ValueError, match="name=.* must be one of Identity, AutoContrast, Eq"):
            transforms.operate(IMAGE, name, 0.5)

    @pytest.mark.parametrize(
        "name, magnitude",
        [("Posterize", 3), ("Color", -0.1), ("Color", "1"), ("Color", np.nan), ("Color", None)],
    )
    def test_a_magnitude_outside_its_range_is_refused(self, name, magnitude):
        message = f"{name}: magnitude={magnitude!r} must be a finite number from 0 to 1"
        with pytest.raises(ValueError, match=message):
            transforms.operate(IMAGE, name, magnitude)
        with pytest.raises(ValueError, match="magnitude=-1.5 must be a finite number from -1 to"):
            transforms.operate(IMAGE, "Rotate", -1.5)

    @pytest.mark.parametrize("settings", [{"fill": (0, 0, 256)}, {"fill": "red"}, {"at": 0.5}])
    def test_other_settings_outside_their_range_are_refused(self, settings):
        with pytest.raises(ValueError, match="(fill|at)=.* must be .* finite numbers from 0 to"):
            transforms.operate(IMAGE, "Cutout", 1, **settings)

    def test_the_free_space_takes_the_fill(self):
        moved = transforms.operate(IMAGE, "TranslateX", 1, fill=(9, 8, 7))
        assert (moved[:, -14:] == (9, 8, 7)).all()

    @pytest.mark.parametrize("name", transforms.OPERATIONS)
    def test_every_one_takes_grey_images(self, name):
        image = IMAGE[:20, :, :1]
        changed = transforms.operate(image, name, 0.9)
        assert changed.shape == image.shape and changed.dtype == np.uint8
        assert (changed != image).any() == (name not in ("Identity", "Color"))
