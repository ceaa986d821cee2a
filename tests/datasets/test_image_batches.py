"""Images of a batch: normalised, augmented from a seed, refused where they do not suit."""

import albumentations as A
import numpy as np
import pytest

from zoo.datasets import transforms
from zoo.datasets.image_batches import ImageBatches, normalize

pytestmark = pytest.mark.once
GREY = np.full((2, 4, 4, 1), 51, "uint8")


def batches_of(x=GREY, y=(0, 1), batch_size=2, steps=(), **options):
    return ImageBatches(x, y, batch_size, steps, **{"mean": 0.5, "std": 0.2} | options)


class Broken(A.ImageOnlyTransform):
    """Fails on the brightest images."""

    def apply(self, img, **params):
        if img.max() == 255:
            raise RuntimeError("too bright")
        return img


class TestPixels:
    def test_are_normalised_as_torchvision_does(self, tiny):
        x, y = tiny.batches("val", 4)[0]
        expected = (tiny.x_val[:4] / 255 - np.array(tiny.mean)) / np.array(tiny.std)
        np.testing.assert_allclose(x, expected, atol=1e-5)
        np.testing.assert_array_equal(y, tiny.y_val[:4])

    def test_of_a_transform_may_have_other_channels(self):
        batches = batches_of(steps=[A.ToRGB(p=1)], mean=(0.5,) * 3, std=(0.2,) * 3)
        np.testing.assert_allclose(batches[0][0], np.full((2, 4, 4, 3), -1.5), atol=1e-6)
        np.testing.assert_allclose(normalize(GREY, 0.5, 0.2), np.full(GREY.shape, -1.5), atol=1e-6)

    @pytest.mark.parametrize(
        "images", [np.full((2, 4, 4, 3), 0.5, "float32"), np.zeros((4, 4, 3), "uint8"), [[1]]]
    )
    def test_of_another_type_or_shape_are_refused(self, images):
        message = r"images must be uint8, pixels 0 to 255, of shape \(n, h, w, c\), not"
        with pytest.raises(ValueError, match=message):
            normalize(images, 0.5, 0.2)
        with pytest.raises(
            ValueError, match=r"images must be uint8|must be an array \(n, h, w, c\)"
        ):
            batches_of(images, np.zeros(len(images)))

    @pytest.mark.parametrize(
        "statistics, message",
        [
            ({"std": 0}, "std=0 must be 1 finite number from 1e-06"),
            ({"std": np.nan}, "std=nan must be"),
            ({"mean": np.inf}, "mean=inf must be"),
            ({"mean": "a"}, "mean='a' must be"),
            ({"mean": (0.5, 0.5, 0.5)}, r"mean=\(0.5, 0.5, 0.5\) must be 1 finite number"),
            ({"std": None}, "std=None must be"),
        ],
    )
    def test_need_a_mean_and_a_deviation_that_suit(self, statistics, message):
        with pytest.raises(ValueError, match=message):
            batches_of(**statistics)
        with pytest.raises(ValueError, match=message):
            normalize(GREY, **{"mean": 0.5, "std": 0.2} | statistics)


class TestAugmentation:
    STEPS = (
        transforms.crop(8, pad=2),
        transforms.flip(),
        transforms.shift_scale_rotate(),
        transforms.rotate(20),
        transforms.coarse_dropout(3),
        transforms.cutout(3),
    )

    def pixels(self, batches):
        return np.concatenate([x for x, _ in batches])

    def test_is_the_same_whatever_the_number_of_workers(self, tiny):
        one, many = (
            self.pixels(tiny.batches("train", 7, self.STEPS, seed=1, workers=workers))
            for workers in (0, 4)
        )
        np.testing.assert_array_equal(one, many)
        plain = self.pixels(tiny.batches("train", 7, seed=1))
        assert (one != plain).any(axis=(1, 2, 3)).all()

    def test_differs_between_epochs_and_seeds(self, tiny):
        def first(seed, epoch):
            batches = tiny.batches("train", 30, [transforms.crop(8, pad=3)], seed=seed)
            batches.epoch = epoch
            return batches[0][0][np.argsort(batches.order(epoch))]

        assert not np.array_equal(first(0, 0), first(0, 1))
        assert not np.array_equal(first(0, 0), first(1, 0))
        np.testing.assert_array_equal(first(3, 2), first(3, 2))

    def test_of_a_loop_is_drawn_for_each_pass(self, tiny):
        batches = tiny.batches("train", 30, [transforms.crop(8, pad=3)])
        first, second = (self.pixels(batches)[np.argsort(batches.order(e))] for e in (0, 1))
        assert (first != second).any(axis=(1, 2, 3)).mean() > 0.8

    def test_of_validation_images_is_the_same_on_each_pass(self, tiny):
        batches = tiny.batches("val", 4, [transforms.crop(8, pad=3)])
        np.testing.assert_array_equal(self.pixels(batches), self.pixels(batches))

    def test_leaves_the_transforms_of_the_caller_as_they_were(self, tiny):
        step = transforms.rotate(20)
        step.set_random_seed(0)
        before = step.py_random.getstate()
        self.pixels(tiny.batches("train", 30, [step]))
        assert step.py_random.getstate() == before


class TestTransforms:
    @pytest.mark.parametrize(
        "steps, message",
        [
            (transforms.flip(), r"must be a list of transforms, not HorizontalFlip: \[HorizontalF"),
            (A.Compose([transforms.flip()]), r"list of transforms, not Compose: \[Compose"),
            (transforms.flip, "transforms must be a list of transforms, not flip"),
            (None, "transforms must be a list of transforms, not NoneType"),
            ("flip", "transforms must be a list of transforms, not str"),
            ([transforms.flip], r"transforms\[0\] must be .*, not flip; call it: flip\(\)"),
            ([transforms.flip(), "flip"], r"transforms\[1\] must be .*, not str"),
            ([None], r"transforms\[0\] must be .*, not NoneType"),
        ],
    )
    def test_must_be_a_list_of_transforms(self, steps, message, tiny):
        with pytest.raises(ValueError, match=message):
            batches_of(steps=steps)
        with pytest.raises(ValueError, match=message):
            tiny.batches("train", 4, steps)

    @pytest.mark.parametrize(
        "steps, message",
        [
            (
                [transforms.crop(40)],
                r"Crop failed on image 0, uint8 of shape \(8, 8, 3\): size=40x40",
            ),
            ([transforms.cutout(3, (0.1,) * 3), A.ToGray(1, p=1)], "mean=.* must be 1 finite"),
            (
                [A.ToGray(1, p=1), transforms.cutout(3, (0.1,) * 3)],
                "Cutout failed .* 3 values",
            ),
            ([transforms.coarse_dropout(9, p=1e-9)], "CoarseDropout failed .* size=9 does not fit"),
            ([A.RandomCrop(9, 9)], "RandomCrop failed on image 0"),
            ([A.ToFloat(p=1)], "images must be uint8, .* not float32"),
        ],
    )
    def test_that_do_not_suit_are_refused_where_they_are_given(self, steps, message, tiny):
        with pytest.raises(ValueError, match=message):
            tiny.batches("train", 4, steps)

    def test_that_fail_in_a_batch_are_named_with_the_image(self):
        x = np.zeros((5, 4, 4, 1), "uint8")
        x[3] = 255
        batches = batches_of(x, np.zeros(5), 2, [transforms.flip(), Broken(p=1)], workers=2)
        with pytest.raises(ValueError, match=r"Broken failed on image 3, uint8 .*: too bright"):
            list(batches)

    def test_that_give_several_sizes_are_refused(self):
        steps = [A.RandomScale((-0.5, 0.5), p=1)]
        batches = batches_of(np.zeros((9, 40, 40, 1), "uint8"), np.zeros(9), 9, steps)
        with pytest.raises(ValueError, match="RandomScale must turn all images into arrays of one"):
            batches[0]


class TestLabels:
    @pytest.mark.parametrize(
        "labels, message",
        [
            ([0], r"2 images need as many labels, not int64 of shape \(1,\)"),
            (0, r"2 images need as many labels, not int64 of shape \(\)"),
            (["cat", "dog"], "labels must be numbers, not <U3"),
            ([[0], [0, 1]], "labels must be one array, not lists"),
            (None, "labels must be numbers, not object"),
        ],
    )
    def test_that_do_not_belong_to_the_images_are_refused(self, labels, message):
        with pytest.raises(ValueError, match=message):
            batches_of(y=labels)

    @pytest.mark.parametrize(
        "labels, num_classes, message",
        [
            ([0, 1], None, r"mixup mixes labels .* int64 of shape \(2,\): .* give num_classes"),
            ([[0], [1]], None, r"int64 of shape \(2, 1\)"),
            ([[0], [1]], 2, r"one-hot; integers of shape \(2,\) are needed"),
            ([0.0, 1.0], 2, "2 integers, one per image, not float64"),
            ([0, 2], 2, "labels run from 0 to 2; the 2 classes are 0 to 1"),
            ([0, 1], 2.0, "num_classes=2.0 must be a whole number"),
        ],
    )
    def test_that_cannot_be_mixed_are_refused(self, labels, num_classes, message):
        with pytest.raises(ValueError, match=message):
            batches_of(y=labels, steps=[transforms.mixup()], num_classes=num_classes)

    def test_in_a_list_beside_images_in_a_list_are_refused(self):
        with pytest.raises(ValueError, match=r"images must be an array \(n, h, w, c\), not a list"):
            batches_of(GREY.tolist())


class TestLazyImages:
    def test_are_only_indexed_by_arrays_of_rows(self):
        class Lazy:
            shape, dtype, asked = (5, 4, 4, 1), np.dtype("uint8"), []

            def __getitem__(self, rows):
                assert isinstance(rows, np.ndarray) and rows.ndim == 1 and len(rows) <= 2
                self.asked.append(rows.tolist())
                return np.zeros((len(rows), 4, 4, 1), "uint8")

        batches = batches_of(Lazy(), np.zeros(5), shuffle=False)
        assert [x.shape for x, _ in batches] == [(2, 4, 4, 1)] * 2 + [(1, 4, 4, 1)]
        assert sorted(Lazy.asked) == [[0], [0, 1], [2, 3], [4]]


def test_a_dataset_hands_its_options_on(tiny):
    weights = np.linspace(0, 1, len(tiny.y_train))
    batches = tiny.batches("train", 7, last="pad", sample_weight=weights)
    *_, (x, y, w) = batches
    assert len(x) == len(y) == len(w) == 7
    np.testing.assert_allclose(w, [*weights[batches.order(0)[28:]] * 35 / 30, 0, 0, 0, 0, 0])
    with pytest.raises(ValueError, match="one_hot='yes' must be True or False"):
        tiny.batches("train", 7, one_hot="yes")
