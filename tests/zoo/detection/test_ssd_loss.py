"""SSD's loss against a loop over anchors, and its choice of the hardest negatives by hand."""

import math

import keras
import numpy as np
import pytest

import zoo
from zoo import backend, detection

SIZES = [[(0.3, 0.3), (0.5, 0.3)], [(0.8, 0.8)]]
CLASSES = 3


@pytest.fixture(scope="module")
def layout():
    image = keras.Input((64, 64, 3))
    fine = keras.layers.Conv2D(2 * (5 + CLASSES), 1, strides=16)(image)
    coarse = keras.layers.Conv2D(5 + CLASSES, 1, strides=32)(image)
    boxes = zoo.layers.AnchorBoxes(SIZES, "ssd")([fine, coarse])
    return detection.layout_of(keras.Model(image, boxes))


def targets(boxes, classes):
    return {
        "boxes": np.reshape(boxes, (1, -1, 4)).astype("float32"),
        "classes": np.reshape(classes, (1, -1)).astype("int32"),
    }


SOME = targets([[2, 4, 24, 22], [10, 8, 62, 60], [0, 0, 0, 0]], [2, 0, -1])


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared)


def by_loops(anchors, output, boxes, classes):
    """The loss of one image with objects, anchor by anchor."""
    corners = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for x, y, w, h in anchors.tolist()]
    boxes = [box / 64 for box, label in zip(boxes, classes, strict=True) if label >= 0]
    learned = {}
    for a, corner in enumerate(corners):
        overlaps = [overlap(corner, box) for box in boxes]
        if max(overlaps) >= 0.5:
            learned[a] = int(np.argmax(overlaps))
    for k, box in enumerate(boxes):
        learned[int(np.argmax([overlap(corner, box) for corner in corners]))] = k

    def cross_entropy(logits, label):
        return math.log(sum(math.exp(x) for x in logits)) - logits[label]

    total, negatives = 0.0, []
    for a, ((x, y, w, h), numbers) in enumerate(zip(anchors.tolist(), output, strict=True)):
        numbers = numbers.tolist()
        if a not in learned:
            negatives.append(cross_entropy(numbers[4:], 0))
            continue
        left, top, right, bottom = boxes[learned[a]]
        wanted = [
            ((left + right) / 2 - x) / w / 0.1,
            ((top + bottom) / 2 - y) / h / 0.1,
            math.log((right - left) / w) / 0.2,
            math.log((bottom - top) / h) / 0.2,
        ]
        for number, want in zip(numbers, wanted, strict=False):
            error = abs(number - want)
            total += 0.5 * error**2 if error < 1 else error - 0.5
        total += cross_entropy(numbers[4:], 1 + classes[learned[a]])
    total += sum(sorted(negatives)[-3 * len(learned) :])
    return total / len(learned)


class TestSsdLoss:
    def test_is_that_of_a_loop_over_anchors(self, layout):
        loss = detection.SsdLoss(layout)
        output = np.random.default_rng(0).normal(size=(1, len(layout.anchors), 8)).astype("float32")
        expected = by_loops(layout.anchors, output[0], SOME["boxes"][0], SOME["classes"][0])
        assert float(loss(loss.targets(SOME), output)) == pytest.approx(expected, rel=1e-4)

    def test_targets_read_back_are_the_boxes(self, layout):
        rows = detection.SsdLoss(layout).targets(SOME)[0]
        matched = rows[:, 4] > 0
        boxes = keras.ops.convert_to_numpy(layout.boxes(rows))[matched] * layout.scale
        for box, label in zip(boxes, rows[matched, 4], strict=True):
            object = {3: 0, 1: 1}[int(label)]
            np.testing.assert_allclose(box, SOME["boxes"][0, object], atol=1e-3)
        assert set(rows[matched, 4]) == {1, 3}

    def test_an_image_without_boxes_has_finite_loss_and_gradient(self, layout):
        loss = detection.SsdLoss(layout)
        y_true = loss.targets(targets([], []))
        output = np.random.default_rng(0).normal(size=(1, len(layout.anchors), 8)).astype("float32")
        gradient, _ = backend.gradient(
            lambda x: (keras.ops.sum(loss.call(y_true, x)), None), output
        )
        gradient = keras.ops.convert_to_numpy(gradient)
        assert np.isfinite(gradient).all() and not gradient[..., :4].any()
        assert np.any(gradient != 0, axis=-1).sum() == 3  # the three hardest

    def test_a_yolo_is_refused(self, layout):
        with pytest.raises(ValueError, match="YoloLoss reads the outputs of YOLO, not of 'ssd'"):
            detection.YoloLoss(layout)
