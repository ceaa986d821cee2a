"""Settings without a meaning, and images that do not suit, are refused where they are given."""

import inspect

import numpy as np
import pytest

from zoo.datasets import transforms

pytestmark = pytest.mark.once
IMAGE = np.random.default_rng(0).integers(1, 255, (32, 32, 3)).astype("uint8")
FACTORIES = [
    transforms.crop, transforms.flip, transforms.scale, transforms.translate, transforms.rotate,
    transforms.shift_scale_rotate, transforms.blur, transforms.color_shift, transforms.elastic,
    transforms.coarse_dropout, transforms.cutout, transforms.patch_gaussian,
    transforms.auto_augment, transforms.rand_augment, transforms.population_based,
    transforms.mixup, transforms.cutmix, transforms.ricap,
]  # fmt: skip
NO_SETTINGS = (
    np.nan, np.inf, -1, 10**30, "7", "abc", None, True, object(), [], (0.1, 0.2, 0.3, 0.4),
    (0.5, np.nan), (0.5, np.nan, 0.5), np.zeros((2, 2)), {},
)  # fmt: skip


PARAMETERS = [(make, name) for make in FACTORIES for name in inspect.signature(make).parameters]


class TestSettings:
    @pytest.mark.parametrize("make, name", PARAMETERS)
    def test_without_a_meaning_are_refused_where_they_are_given(self, make, name):
        for value in NO_SETTINGS:
            if name == "path" and isinstance(value, str):
                continue  # a file that is not there
            with pytest.raises(ValueError, match=rf"\b{name}=[\s\S]* must be "):
                make(**{name: value})

    @pytest.mark.parametrize(
        "make, message",
        [
            (lambda: transforms.crop(32.5), "size=32.5 must be a whole number from 1"),
            (lambda: transforms.crop((32, 16.5)), "size=16.5 must be a whole number"),
            (lambda: transforms.crop(0), "size=0 must be a whole number from 1"),
            (lambda: transforms.scale(1), "by=1 must be a finite number, 0 or more and below 1"),
            (lambda: transforms.translate(1.5), "by=1.5 must be a finite number from 0 to 1"),
            (lambda: transforms.rotate("7"), "degrees='7' must be a finite number from 0 to 360"),
            (lambda: transforms.blur((1.2, 0.3)), r"sigma=\(1.2, 0.3\) must rise"),
            (lambda: transforms.blur(1.2), "sigma=1.2 must be 2 finite numbers"),
            (lambda: transforms.cutout(8, (125, 120, 110)), r"fill=\(125, 120, 110\) must be 1 or"),
            (lambda: transforms.cutout(8.5), "size=8.5 must be a whole number"),
            (lambda: transforms.patch_gaussian(sigma=-1), "sigma=-1 must be a finite number"),
            (lambda: transforms.rand_augment(n=1.5), "n=1.5 must be a whole number from 0"),
            (lambda: transforms.rand_augment(m=11), "m=11 must be a finite number from 0 to 10"),
            (lambda: transforms.population_based(stretch=0), "stretch=0 must .* above 0"),
            (lambda: transforms.ricap(p=1.5), "ricap: p=1.5 must be a finite number from 0 to 1"),
        ],
    )
    def test_are_named_with_what_they_must_be(self, make, message):
        with pytest.raises(ValueError, match=message):
            make()

    def test_of_numpy_are_numbers_too(self):
        half, seven = np.float32(0.5), np.int64(7)
        for step in (
            transforms.crop(np.int64(32), np.int64(4)),
            transforms.scale(half, half),
            transforms.shift_scale_rotate(half, half, seven, half),
            transforms.cutout(seven, np.float32([0.5, 0.25, 0]), half),
            transforms.rand_augment(seven, half, half, half),
        ):
            assert step(image=IMAGE)["image"].shape == IMAGE.shape


class TestImagesThatDoNotSuit:
    @pytest.mark.parametrize(
        "step, message",
        [
            (transforms.crop(41), "size=41x41 is larger than an image of 32x32 padded by pad=4"),
            (transforms.crop((8, 60)), "size=8x60 is larger"),
            (transforms.crop(8, pad=32), "pad=32 mirrors more than an image of 32x32 has"),
            (transforms.coarse_dropout(33, p=1), "size=33 does not fit into an image of 32x32"),
        ],
    )
    def test_in_size_are_refused(self, step, message):
        with pytest.raises(ValueError, match=message):
            step(image=IMAGE)

    @pytest.mark.parametrize("make", ["coarse_dropout", "cutout", "auto_augment", "rand_augment"])
    def test_in_channels_are_refused(self, make):
        step = getattr(transforms, make)(fill=(0.5, 0.4, 0.3), p=1)
        assert step(image=IMAGE)["image"].shape == IMAGE.shape
        with pytest.raises(ValueError, match="a fill of 3 values does not suit an image of 1 chan"):
            step(image=IMAGE[..., :1])
        with pytest.raises(ValueError, match="a fill of 3 values"):
            transforms.operate(IMAGE[..., :1], "Cutout", 1, fill=(1, 2, 3))

    @pytest.mark.parametrize("image", [IMAGE / 255, IMAGE[..., 0], IMAGE[..., :2]])
    def test_in_type_or_shape_are_refused(self, image):
        for step in (transforms.cutout(), transforms.patch_gaussian(), transforms.auto_augment()):
            with pytest.raises(ValueError, match="must be uint8 of shape .height, width, 1 or 3."):
                step(image=image)
        with pytest.raises(ValueError, match="must be uint8 of shape"):
            transforms.operate(image, "Invert", 1)
        with pytest.raises(ValueError, match="must be a uint8 array, not a list"):
            transforms.operate(IMAGE.tolist(), "Invert", 1)
