"""Boxes against values worked out on paper, pycocotools, and differences."""

import math

import keras
import numpy as np
import pytest

from zoo import backend, detection


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def random_boxes(count, seed):
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(0, 8, (count, 2)), rng.uniform(0.5, 6, (count, 2))
    return np.concatenate([corner, corner + size], axis=1).astype("float32")


class TestFormats:
    @pytest.mark.parametrize(
        ("convert", "expected"),
        [
            (detection.xyxy_to_xywh, [2, 3, 4, 8]),
            (detection.xyxy_to_cxcywh, [4, 7, 4, 8]),
        ],
    )
    def test_of_one_box(self, convert, expected):
        assert numpy(convert(np.array([2.0, 3.0, 6.0, 11.0]))).tolist() == expected

    def test_there_and_back(self):
        boxes = random_boxes(7, seed=0)
        for there, back in (
            (detection.xyxy_to_xywh, detection.xywh_to_xyxy),
            (detection.xyxy_to_cxcywh, detection.cxcywh_to_xyxy),
        ):
            np.testing.assert_allclose(numpy(back(there(boxes))), boxes, atol=1e-5)

    def test_other_shapes_are_refused(self):
        with pytest.raises(ValueError, match=r"boxes must be \(\.\.\., 4\), not \(2, 3\)"):
            detection.xyxy_to_xywh(np.zeros((2, 3)))


A, B, FAR = [0.0, 0, 2, 2], [1.0, 1, 3, 3], [10.0, 0, 12, 2]
WIDE, HIGH = [0.0, 0, 4, 2], [0.0, 0, 2, 4]
FLAT, UPRIGHT = [0.0, 0, 10, 1], [0.0, 0, 1, 10]
V = 4 / math.pi**2 * (math.atan(2 / 4) - math.atan(4 / 2)) ** 2  # of WIDE and HIGH
W = 4 / math.pi**2 * (math.atan(1 / 10) - math.atan(10)) ** 2  # of FLAT and UPRIGHT


def measure_of_halves(measure):
    """Of a square and its upper half: they share all but the shape."""
    v = 4 / math.pi**2 * (math.atan(1) - math.atan(2)) ** 2
    distance = 104**2 / (2 * 416**2)  # of the centres, in the diagonal
    ciou = 1 / 2 - distance - v * v / (1 / 2 + v)
    return {detection.iou: 1 / 2, detection.giou: 1 / 2, detection.ciou: ciou}[measure]


class TestOverlap:
    @pytest.mark.parametrize(
        ("measure", "a", "b", "expected"),
        [
            (detection.iou, A, A, 1),
            (detection.iou, A, B, 1 / 7),
            (detection.iou, A, FAR, 0),
            (detection.iou, A, [1, 1, 1, 1], 0),
            (detection.giou, A, B, 1 / 7 - 2 / 9),
            (detection.giou, A, FAR, -16 / 24),
            (detection.ciou, A, B, 1 / 7 - 2 / 18),
            (detection.ciou, WIDE, HIGH, 1 / 3 - 2 / 32 - V * V / (1 - 1 / 3 + V)),
            # keras-cv 0.9.0 gives -0.226, since it squares 4 / pi^2: findings/keras_cv_boxes.sh
            (detection.ciou, FLAT, UPRIGHT, 1 / 19 - 40.5 / 200 - W * W / (1 - 1 / 19 + W)),
            (detection.iou, [0, 0, 1e-5, 1e-5], [0, 0, 1e-5, 2e-5], 1 / 2),  # of a wide image
            (detection.giou, [0, 0, 1e-5, 1e-5], [0, 1e-5, 1e-5, 2e-5], 0),
            (detection.ciou, [5, 5, 5, 5], [5, 5, 5, 5], 0),
        ],
    )
    def test_on_paper(self, measure, a, b, expected):
        a, b = np.array([a], "float32"), np.array([b], "float32")
        assert float(numpy(measure(a, b))[0]) == pytest.approx(expected, abs=1e-6)
        assert float(numpy(measure(b, a))[0]) == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int32"])
    @pytest.mark.parametrize("measure", [detection.iou, detection.giou, detection.ciou])
    def test_of_other_dtypes_is_that_of_the_same_numbers_in_float32(self, measure, dtype):
        """float16 ends at 65,504, less than the area of 416 x 416 pixels, and 1e-9 is 0 in it."""
        large = [[0, 0, 416, 416], [32, 64, 320, 352], [8, 8, 8, 8], [0, 0, 2, 1]]
        other = [[0, 0, 416, 208], [64, 64, 320, 384], [8, 8, 8, 8], [64, 128, 66, 130]]
        a, b = (keras.ops.cast(np.array(boxes, "float32"), dtype) for boxes in (large, other))
        found = measure(a, b)
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        expected = measure(np.array(large, "float32"), np.array(other, "float32"))
        np.testing.assert_array_equal(numpy(found), numpy(expected))
        assert numpy(expected)[0] == pytest.approx(measure_of_halves(measure), abs=1e-6)

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    def test_conversions_keep_the_dtype_and_round_once(self, dtype):
        boxes = keras.ops.cast(np.array([[33, 65, 417, 250]], "float32"), dtype)
        left, top, right, bottom = numpy(keras.ops.cast(boxes, "float32"))[0]
        exact = np.array([[(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]])
        found = detection.xyxy_to_cxcywh(boxes)
        assert keras.backend.standardize_dtype(found.dtype) == dtype
        rounded = keras.ops.cast(keras.ops.cast(exact.astype("float32"), dtype), "float32")
        np.testing.assert_array_equal(numpy(keras.ops.cast(found, "float32")), numpy(rounded))

    def test_of_all_pairs_is_that_of_pycocotools(self):
        mask = pytest.importorskip("pycocotools.mask")
        a, b = random_boxes(6, seed=0), random_boxes(4, seed=1)
        as_coco = [np.float64(numpy(detection.xyxy_to_xywh(x))) for x in (a, b)]
        expected = mask.iou(*as_coco, [0] * len(b))
        np.testing.assert_allclose(numpy(detection.pairwise_iou(a, b)), expected, atol=1e-5)

    def test_of_batches_is_that_of_each_image(self):
        a, b = random_boxes(12, seed=0).reshape(3, 4, 4), random_boxes(6, seed=1).reshape(3, 2, 4)
        pairs = numpy(detection.pairwise_iou(a, b))
        assert pairs.shape == (3, 4, 2)
        np.testing.assert_allclose(pairs[2], numpy(detection.pairwise_iou(a[2], b[2])), atol=1e-6)

    @pytest.mark.parametrize("measure", [detection.giou, detection.ciou])
    def test_boxes_apart_and_without_area_have_finite_gradients(self, measure):
        boxes = np.array([FAR, [5.0, 5, 5, 5], A], "float32")
        others = np.array([A, [5.0, 5, 5, 5], A], "float32")

        def total(boxes):
            return keras.ops.sum(measure(boxes, others)), keras.ops.zeros(())

        gradient = numpy(backend.gradient(total, boxes)[0])
        assert np.isfinite(gradient).all() and np.abs(gradient[0]).max() > 0
