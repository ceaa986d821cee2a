"""The scary loss against a loop over cells, term by term."""

import math

import keras
import numpy as np
import pytest

import zoo
from zoo import backend, detection
from zoo.fundamentals import scary_loss

ANCHORS = [(0.2, 0.2), (0.5, 0.3)]
ROWS, COLUMNS, CLASSES = 3, 4, 3


def numpy(x):
    return keras.ops.convert_to_numpy(x)


@pytest.fixture(scope="module")
def layout():
    image = keras.Input((96, 128, 3))
    maps = keras.layers.Conv2D(2 * (5 + CLASSES), 1, strides=32)(image)
    return detection.layout_of(keras.Model(image, zoo.layers.AnchorBoxes(ANCHORS)(maps)))


def targets(boxes, classes, rows=4):
    """One image, filled up to `rows`."""
    boxes = np.reshape(boxes, (-1, 4))
    more = rows - len(boxes)
    return {
        "boxes": np.concatenate([boxes, np.zeros((more, 4))])[None].astype("float32"),
        "classes": np.array([*classes, *[-1] * more], "int32")[None],
    }


SOME = targets([[10, 12, 40, 30], [60, 50, 127, 90], [61, 52, 126, 91]], [0, 2, 1])
OUTPUTS = np.random.default_rng(1).normal(size=(1, ROWS * COLUMNS * 2, 5 + CLASSES))
OUTPUTS = OUTPUTS.astype("float32")


class TestYoloLoss:
    def test_each_term_is_that_of_a_loop_over_cells(self, layout):
        loss = detection.YoloLoss(layout)
        boxes, classes = SOME["boxes"][0, :3] / [128, 96, 128, 96], SOME["classes"][0, :3]
        grid = OUTPUTS[0].reshape(ROWS, COLUMNS, 2, 5 + CLASSES)
        expected = scary_loss.costs(grid, ANCHORS, boxes, classes).terms
        parts = loss.parts(loss.targets(SOME), OUTPUTS)
        for term, value in expected.items():
            assert float(numpy(parts[term])[0]) == pytest.approx(value, rel=1e-4), term
        whole = float(loss(loss.targets(SOME), OUTPUTS))
        assert whole == pytest.approx(sum(expected.values()), rel=1e-4)

    def test_two_objects_on_one_anchor_share_the_cell(self, layout):
        rows = detection.YoloLoss(layout).targets(SOME)[0]
        # Both have their centre in cell (2, 2), the 11th, whose anchors are 20 and 21.
        assert rows[:, 5].tolist() == [0, 21, 20, -1]

    @pytest.mark.parametrize("objects", ["squares", "cross_entropy"])
    @pytest.mark.parametrize("boxes", ["roots", "ciou"])
    def test_an_image_without_boxes_has_finite_loss_and_gradient(self, layout, boxes, objects):
        loss = detection.YoloLoss(layout, boxes=boxes, objects=objects)
        y_true = loss.targets(targets([], []))
        gradient, _ = backend.gradient(
            lambda x: (keras.ops.sum(loss.call(y_true, x)), None), OUTPUTS
        )
        gradient = numpy(gradient)
        assert np.isfinite(gradient).all()
        assert not gradient[..., :4].any() and not gradient[..., 5:].any() and gradient.any()

    @pytest.mark.parametrize("boxes", ["roots", "ciou"])
    def test_right_numbers_cost_next_to_nothing(self, layout, boxes):
        loss = detection.YoloLoss(layout, boxes=boxes)
        y_true = loss.targets(targets([[32, 32, 64, 64]], [1]))
        right = np.zeros_like(OUTPUTS)
        right[..., 4] = -20
        place = int(y_true[0, 0, 5])
        width, height = ANCHORS[place % 2]
        right[0, place] = [0, 0, math.log(0.25 / width), math.log(1 / 3 / height), 20, -9, 9, -9]
        assert float(loss(y_true, right)) < 1e-4
        right[0, place, 0] = 1
        assert float(loss(y_true, right)) > 0.1

    def test_cross_entropy_of_objectness_is_torchs(self, layout):
        torch = pytest.importorskip("torch")
        loss = detection.YoloLoss(layout, objects="cross_entropy")
        y_true = loss.targets(targets([], []))
        logits = torch.tensor(OUTPUTS[..., 4])
        expected = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, torch.zeros_like(logits), reduction="sum"
        )
        assert float(loss(y_true, OUTPUTS)) == pytest.approx(0.5 * float(expected), rel=1e-5)

    def test_terms_are_logged_each_by_itself(self, layout):
        loss = detection.YoloLoss(layout)
        metric, y_true = loss.terms(), loss.targets(SOME)
        metric.update_state(y_true, OUTPUTS)
        metric.update_state(y_true, OUTPUTS)
        logged = {name: float(value) for name, value in metric.result().items()}
        assert logged.keys() == {"coordinates", "object", "no_object", "classes"}
        assert sum(logged.values()) == pytest.approx(float(loss(y_true, OUTPUTS)), rel=1e-5)

    def test_boxes_without_area_and_padding_are_no_objects(self, layout):
        rows = detection.YoloLoss(layout).targets(targets([[5, 5, 5, 9]], [1]))
        assert rows[0, :, 5].tolist() == [-1] * 4

    def test_a_centre_on_the_last_pixel_has_a_cell(self, layout):
        rows = detection.YoloLoss(layout).targets(targets([[127, 95, 129, 97]], [1]))
        assert rows[0, 0, 5] // 2 == ROWS * COLUMNS - 1

    def test_options_that_there_are_not_are_refused(self, layout):
        with pytest.raises(ValueError, match="boxes='iou' must be one of roots, ciou"):
            detection.YoloLoss(layout, boxes="iou")
        with pytest.raises(ValueError, match="SsdLoss reads the outputs of SSD, not of 'yolo'"):
            detection.SsdLoss(layout)


def test_a_yolo_of_twenty_classes_has_125_filters():
    net = zoo.get("yolo_v2_tiny")
    assert net.get_layer("predictions").output.shape[1:] == (13, 13, 125)
    assert net.output_shape == (None, 845, 25)
