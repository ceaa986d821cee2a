"""A detector's numbers as boxes: hand-computed ones, and what must hold for all."""

import keras
import numpy as np
import pytest

import zoo
from zoo import detection

SQUARE = [(0.5, 0.25), (0.1, 0.2)]  # anchors of one map, as fractions


def detector(coding="yolo", sizes=SQUARE, size=64, classes=3):
    image = keras.Input((size, size, 3))
    maps = keras.layers.Conv2D(len(sizes) * (5 + classes), 1, strides=32)(image)
    return keras.Model(image, zoo.layers.AnchorBoxes(sizes, coding)(maps))


def silent(model, images=1):
    """Outputs that find nothing."""
    outputs = np.zeros((images, *model.output_shape[1:]), "float32")
    outputs[..., 4] = -20 if detection.layout_of(model).coding == "yolo" else 20
    return outputs


class TestLayout:
    def test_anchors_stand_on_the_middle_of_their_cells(self):
        found = detection.layout_of(detector())
        assert found.anchors[2].tolist() == pytest.approx([0.75, 0.25, 0.5, 0.25])
        assert found.anchors[5].tolist() == pytest.approx([0.25, 0.75, 0.1, 0.2])
        assert found.cells.tolist() == [[0.5, 0.5]] * 8
        assert found.image_size == (64, 64)

    def test_rows_of_several_maps_follow_one_another(self):
        net = zoo.get("ssd_small", input_shape=(64, 96, 3), num_classes=3)
        found = detection.layout_of(net)
        assert [layer.grids for layer in net.layers if hasattr(layer, "grids")] == [
            [(8, 12), (4, 6), (2, 3)]
        ]
        assert len(found.anchors) == 4 * (96 + 24 + 6) == net.output_shape[1]
        assert found.anchors[4 * 96].tolist()[:2] == pytest.approx([0.5 / 6, 0.5 / 4])

    def test_a_classifier_has_none(self):
        with pytest.raises(ValueError, match="mnist_8k is no detector: it must end in one layer"):
            detection.layout_of(zoo.get("mnist_8k"))

    @pytest.mark.parametrize("sizes", [[], [(0.1, 0)], [(0.1,)], "ab", [[(0.1, 0.2)], [0.1]]])
    def test_sizes_that_are_none_are_refused(self, sizes):
        with pytest.raises(ValueError, match="must be widths and heights above 0"):
            zoo.layers.AnchorBoxes(sizes)

    def test_channels_that_do_not_divide_among_the_anchors_are_refused(self):
        with pytest.raises(ValueError, match="25 channels are no multiple of 2 anchors"):
            zoo.layers.AnchorBoxes(SQUARE)(np.zeros((1, 2, 2, 25)))


class TestDecode:
    def test_a_yolo_box_by_hand(self):
        net = detector()
        outputs = silent(net)
        outputs[0, 6] = [0, np.log(3), np.log(0.5), 0, np.log(4), 0, np.log(2), 0]
        (found,) = detection.decode(net, outputs)
        # Cell (1, 1): the centre is (1 + sigmoid(0), 1 + sigmoid(log 3)) / 2 = (0.75, 0.875), the
        # anchor 0.5 x 0.25 half as wide; objectness 0.8, classes 1/4, 1/2, 1/4.
        np.testing.assert_allclose(found.boxes[0], [40, 48, 56, 64], atol=1e-4)
        assert found.classes.tolist() == [1, 0, 2]
        np.testing.assert_allclose(found.scores, [0.4, 0.2, 0.2], rtol=1e-5)

    def test_an_ssd_box_by_hand(self):
        net = detector("ssd")
        outputs = silent(net)
        outputs[0, 0] = [1, 0, 5 * np.log(0.5), 0, 0, 0, np.log(6), 0]
        (found,) = detection.decode(net, outputs, score=0.5)
        # Centre (0.25 + 0.1 x 0.5, 0.25), width 0.5 x 0.5; scores 1, 1, 6, 1 of 9.
        np.testing.assert_allclose(found.boxes, [[11.2, 8, 27.2, 24]], atol=1e-4)
        assert found.classes.tolist() == [1]
        np.testing.assert_allclose(found.scores, [6 / 9], rtol=1e-5)

    def test_an_object_seen_by_two_anchors_is_found_once(self):
        net = detector(sizes=[(0.3, 0.3), (0.32, 0.3)])
        outputs = silent(net)
        outputs[0, :2, 4:6] = [[3, 5], [4, 5]]
        (found,) = detection.decode(net, outputs, score=0.5)
        assert len(found) == 1 and found.scores[0] == pytest.approx(0.982 * 0.987, abs=2e-3)

    def test_of_many_candidates_the_highest_scores_are_looked_at(self, monkeypatch):
        monkeypatch.setattr(zoo.detection.decoding, "CANDIDATES", 12)
        net = detector("ssd", size=128)
        outputs = np.random.default_rng(0).normal(size=(1, 32, 8)).round(1).astype("float32")
        described = detection.layout_of(net)
        scores = keras.ops.convert_to_numpy(described.scores(outputs))[0].ravel()
        boxes = np.clip(keras.ops.convert_to_numpy(described.boxes(outputs))[0], 0, 1) * 128
        best = np.sort(np.argsort(-scores, kind="stable")[:12])
        kept = detection.suppress(boxes[best // 3], scores[best], best % 3, iou=0.5)
        (found,) = detection.decode(net, outputs, score=0.01, iou=0.5)
        assert found.scores.tolist() == scores[best[kept]].tolist()
        assert found.classes.tolist() == (best[kept] % 3).tolist()

    @pytest.mark.parametrize("coding", ["yolo", "ssd"])
    def test_nothing_found_is_no_box(self, coding):
        net = detector(coding)
        found = detection.decode(net, silent(net, images=2))
        assert [len(one) for one in found] == [0, 0] and found[0].boxes.shape == (0, 4)

    def test_boxes_end_at_the_border(self):
        net = detector()
        outputs = silent(net)
        outputs[0, :, 2:6] = 9
        boxes = detection.decode(net, outputs)[0].boxes
        assert len(boxes) and boxes.min() >= 0 and boxes.max() <= 64 and np.isfinite(boxes).all()

    def test_detect_reads_images_in_batches(self):
        net = detector()
        images = np.random.default_rng(0).normal(size=(5, 64, 64, 3)).astype("float32")
        whole = detection.decode(net, net.predict(images, verbose=0), score=0.1)
        parts = detection.detect(net, images, batch_size=2, score=0.1)
        for one, other in zip(whole, parts, strict=True):
            np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-3)
            assert one.classes.tolist() == other.classes.tolist()

    def test_above_keeps_the_highest_scores(self):
        found = detection.Detections(np.eye(4), np.array([0.9, 0.5, 0.3, 0.1]), np.arange(4))
        assert found.above(0.5).classes.tolist() == [0, 1]

    def test_outputs_of_another_net_are_refused(self):
        with pytest.raises(ValueError, match=r"outputs of shape \(1, 7, 8\) are not .*\(n, 8, 4"):
            detection.decode(detector(), np.zeros((1, 7, 8)))

    def test_outputs_that_are_not_finite_are_refused(self):
        net = detector()
        with pytest.raises(ValueError, match="outputs are not finite; did its training diverge"):
            detection.decode(net, silent(net) * np.nan)
