"""Sliding windows, proposed regions, and one pass in place of many."""

import keras
import numpy as np
import pytest

import zoo
from zoo import datasets
from zoo.datasets.detection import DetectionSplit
from zoo.datasets.objects import Objects
from zoo.detection import windows

pytestmark = pytest.mark.once


def noise(height, width, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels)).astype("uint8")


class TestSlidingWindows:
    def test_are_the_pixels_at_every_stride(self):
        image = noise(9, 12)
        parts, boxes = windows.sliding_windows(image, 4, 3)
        assert len(parts) == len(boxes) == 2 * 3
        expected = [(x, y, x + 4, y + 4) for y in (0, 3) for x in (0, 3, 6)]
        assert boxes.tolist() == [list(box) for box in expected]
        for part, (left, top, right, bottom) in zip(parts, expected, strict=True):
            np.testing.assert_array_equal(part, image[top:bottom, left:right])

    def test_of_a_smaller_copy_cover_more_of_the_image(self):
        parts, boxes = windows.sliding_windows(noise(16, 24, 1), 4, 4, scales=(1, 0.5))
        assert len(parts) == 4 * 6 + 2 * 3
        assert boxes[24:].tolist() == [
            [x, y, x + 8, y + 8] for y in (0, 8) for x in (0, 8, 16)
        ]  # fmt: skip
        np.testing.assert_array_equal(parts[24], windows.scaled(noise(16, 24, 1), 0.5)[:4, :4])

    def test_of_a_copy_that_is_too_small_are_refused(self):
        with pytest.raises(ValueError, match="at scale 0.25 the image is 4x6, smaller than a win"):
            windows.sliding_windows(noise(16, 24), 5, 2, scales=(1, 0.25))


class TestOnePass:
    def test_gives_the_scores_of_the_windows_where_they_coincide(self):
        """A net without padding computes of each window what it computes of the whole image."""
        net = zoo.get("mnist_8k", input_shape=(28, 28, 3), num_classes=4)
        rng = np.random.default_rng(1)
        for weight in net.weights:
            values = rng.normal(0, 0.4, weight.shape)
            weight.assign(np.abs(values) + 0.1 if "variance" in weight.name else values)
        whole = zoo.get("mnist_8k", input_shape=(None, None, 3), num_classes=4)
        maps = whole.get_layer("conv5_relu").output
        means = keras.layers.AveragePooling2D(6, strides=1)(maps)
        one_pass = keras.Model(whole.input, whole.get_layer("logits")(means))
        one_pass.set_weights(net.get_weights())
        image = noise(40, 52)
        parts, _ = windows.sliding_windows(image, 28, 2)
        expected = net.predict(parts / 255, verbose=0)
        found = one_pass.predict(image[None] / 255, verbose=0)
        assert found.shape == (1, 7, 13, 4) and np.ptp(expected, axis=0).min() > 0.01
        np.testing.assert_allclose(found.reshape(-1, 4), expected, rtol=1e-3, atol=1e-3)


class TestRegions:
    def test_every_object_of_the_shapes_has_one_that_fits(self):
        data = datasets.load("shapes", image_shape=(128, 128, 3), limit=6)
        for image, objects in zip(data.val.images, data.val.objects, strict=True):
            regions = windows.region_proposals(image)
            assert len(regions) == len(np.unique(regions, axis=0))
            labels = windows.window_labels(regions, objects.boxes, np.arange(len(objects)), 9)
            assert set(range(len(objects))) <= set(labels)
            np.testing.assert_array_equal(windows.region_proposals(image), regions)

    def test_of_one_square_are_its_box_and_what_lies_around_it(self):
        image = np.full((40, 50, 3), 200, "uint8")
        image[10:22, 5:30] = (200, 20, 20)
        assert windows.region_proposals(image).tolist() == [[0, 0, 50, 40], [5, 10, 30, 22]]


class TestCrops:
    def test_are_what_lies_in_the_boxes(self):
        image = noise(20, 30)
        made = windows.crops(image, np.array([[3.0, 4, 11, 12], [-5, -5, 4, 3]]), 8)
        np.testing.assert_array_equal(made[0], image[4:12, 3:11])
        assert made.shape == (2, 8, 8, 3)

    def test_with_context_reach_further(self):
        made = windows.crops(noise(20, 30), np.array([[8.0, 6, 16, 14]]), 12, context=0.5)
        np.testing.assert_array_equal(made[0], noise(20, 30)[4:16, 6:18])


class TestLabels:
    OBJECTS = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]])

    def test_follow_the_object_that_is_overlapped_most(self):
        boxes = np.array(
            [[0, 0, 10, 10], [0, 0, 10, 6], [0, 0, 10, 4], [0, 0, 10, 2], [21, 0, 31, 10]]
        )
        labels = windows.window_labels(boxes, self.OBJECTS, np.array([2, 0]), 3)
        assert labels.tolist() == [2, 2, -1, 3, 0]  # overlaps of 1, 0.6, 0.4, 0.2 and 9/11

    def test_without_objects_all_is_background(self):
        assert windows.window_labels(self.OBJECTS, np.zeros((0, 4)), [], 3).tolist() == [3, 3]

    def test_samples_are_windows_with_their_labels(self):
        data = datasets.load("shapes", image_shape=(64, 64, 3), limit=5)
        x, y = windows.sample_windows(data.train, 3, side=20, stride=4, scales=(1,), count=2)
        assert len(x) == len(y) <= 5 * 4 and x.shape[1:] == (20, 20, 3)
        assert np.sum(y == 3) == 10 and set(y) <= {0, 1, 2, 3}

    def test_half_of_the_samples_of_no_object_touch_one(self):
        """The image is grey but for one square: what is not all grey touches it."""
        image = np.full((64, 64, 3), 128, "uint8")
        image[40:60, 40:60] = 255
        square = Objects(np.array([[40.0, 40, 60, 60]]), np.array([1]), *[np.zeros(1)] * 3, (None,))
        split = DetectionSplit(image[None], (square,), (1,), ("a.png",), (None,))
        x, y = windows.sample_windows(split, 3, side=16, stride=4, count=6)
        assert (x[y == 1] == 255).any(axis=(1, 2, 3)).all() and np.sum(y == 1) == 4
        assert (x[y == 3] == 255).any(axis=(1, 2, 3)).sum() == 3 and np.sum(y == 3) == 6


def test_of_windows_of_one_object_the_most_probable_is_kept():
    boxes = np.array([[0.0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [50, 0, 60, 10]])
    probabilities = np.array([[0.95, 0, 0.05], [0.97, 0, 0.03], [0, 0, 1], [0.5, 0.3, 0.2]])
    found = windows.detections_in(boxes, probabilities, background=2)
    assert found.boxes.tolist() == [[1, 0, 11, 10]] and found.classes.tolist() == [0]
