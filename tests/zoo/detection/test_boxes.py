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
V = 4 / math.pi**2 * (math.atan(2 / 4) - math.atan(4 / 2)) ** 2  # of WIDE and HIGH


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
        ],
    )
    def test_on_paper(self, measure, a, b, expected):
        a, b = np.array([a], "float32"), np.array([b], "float32")
        assert float(numpy(measure(a, b))[0]) == pytest.approx(expected, abs=1e-6)
        assert float(numpy(measure(b, a))[0]) == pytest.approx(expected, abs=1e-6)

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
