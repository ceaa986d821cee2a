"""Mean average precision: worked examples, and pycocotools given files."""

import contextlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from zoo import datasets, detection
from zoo.detection import Detections


@pytest.fixture(scope="module")
def data():
    return datasets.load("shapes", limit=12)


def found(boxes, scores, classes):
    boxes = np.reshape(boxes, (-1, 4)).astype("float32")
    return Detections(boxes, np.array(scores, "float32"), np.array(classes, int))


NOTHING = found([], [], [])


def true_detections(data):
    return [found(o.boxes, np.ones(len(o)), o.classes) for o in data.val.objects]


def noisy_detections(data, decimals, seed=0):
    """True boxes moved, and some that are nowhere; of one decimal many scores are equal."""
    rng, result = np.random.default_rng(seed), []
    for objects in data.val.objects:
        boxes = np.concatenate([objects.boxes, rng.uniform(0, 30, (2, 4)) + [0, 0, 30, 30]])
        boxes = np.clip(boxes + rng.normal(0, 2, boxes.shape), 0, 64)
        classes = np.append(objects.classes, rng.integers(0, 3, 2))
        result.append(found(boxes, rng.random(len(boxes)).round(decimals), classes))
    return result


def by_pycocotools(data, detections, folder):
    """mAP50 and mAP from files, as COCO's own tool reads them."""
    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    truth = folder / "truth.json"
    truth.write_text(json.dumps(data.to_coco("val") | {"info": {}}))
    results = [
        {
            "image_id": row + 1,
            "category_id": int(label) + 1,
            "bbox": [*box[:2].tolist(), *(box[2:] - box[:2]).tolist()],
            "score": float(score),
        }
        for row, one in enumerate(detections)
        for box, score, label in zip(one.boxes, one.scores, one.classes, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO(str(truth))
        evaluation = cocoeval.COCOeval(known, known.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats[1], evaluation.stats[0]


@pytest.mark.once
class TestEvaluate:
    def test_is_what_pycocotools_says_of_the_same_files(self, data, tmp_path):
        detections = noisy_detections(data, decimals=9)
        result = detection.evaluate(detections, data)
        map50, whole = by_pycocotools(data, detections, tmp_path)
        assert 0.1 < whole < map50 < 0.95
        assert (result.map50, result.map) == pytest.approx((map50, whole), abs=1e-6)

    def test_finding_everything_is_1_and_nothing_0(self, data):
        whole = detection.evaluate(true_detections(data), data)
        assert (whole.map50, whole.map) == pytest.approx((1, 1))
        nothing = detection.evaluate([NOTHING] * len(data.val), data)
        assert (nothing.map50, nothing.map) == (0, 0)

    def test_an_image_without_detections_counts(self, data):
        detections = true_detections(data)
        detections[0] = NOTHING
        assert detection.evaluate(detections, data).map < 0.99

    def test_the_order_of_equal_scores_decides_nothing(self, data):
        detections, rng = noisy_detections(data, decimals=1), np.random.default_rng(1)
        shuffled = []
        for one in detections:
            order = rng.permutation(len(one))
            shuffled.append(Detections(one.boxes[order], one.scores[order], one.classes[order]))
        result, other = (detection.evaluate(some, data) for some in (detections, shuffled))
        assert result.map == other.map and (result.precision == other.precision).all()

    def test_a_precision_by_hand(self, data):
        part = data.val.subset([0])
        part = replace(part, objects=(_two_discs(part.objects[0]),))
        one = replace(data, val=part)
        # Right, wrong, right: precision 1 up to recall 1/2, then 2/3.
        boxes = [[0, 0, 20, 20], [40, 0, 60, 20], [0, 40, 20, 60]]
        result = detection.evaluate([found(boxes, [0.9, 0.8, 0.7], [0, 0, 0])], one)
        np.testing.assert_allclose(result.precision[0, :51], 1)
        np.testing.assert_allclose(result.precision[0, 51:], 2 / 3)
        assert result.map50 == pytest.approx((51 + 50 * 2 / 3) / 101)
        assert np.isnan(result.average_precision[1:]).all()  # classes that there are none of

    def test_hundreds_of_detections_count_if_asked_for(self, data):
        few = [found(np.tile([0, 0, 2, 2], (500, 1)), np.linspace(1, 0.5, 500), [0] * 500)]
        truth = true_detections(data)
        detections = [
            found(
                np.concatenate([few[0].boxes, one.boxes]),
                np.concatenate([few[0].scores, 0.4 * one.scores]),
                np.concatenate([few[0].classes, one.classes]),
            )
            for one in truth
        ]
        assert detection.evaluate(detections, data).map50 == 0
        assert detection.evaluate(detections, data, most=600).map50 > 0

    def test_another_number_of_images_is_refused(self, data):
        with pytest.raises(ValueError, match="12 images of shapes, val, need as many .* not 1"):
            detection.evaluate([NOTHING], data)


def _two_discs(objects):
    boxes = np.array([[0, 0, 20, 20], [0, 40, 20, 60]], "float32")
    return replace(
        objects,
        boxes=boxes,
        classes=np.zeros(2, "int32"),
        crowds=np.zeros(2, bool),
        areas=np.full(2, 400, "float32"),
        ids=np.arange(2),
        segmentations=(None, None),
    )


@pytest.mark.once
class TestMatch:
    def test_the_highest_score_chooses_first_and_what_is_left_is_background(self, data):
        objects = _two_discs(data.val.objects[0])
        boxes = [[0, 0, 20, 18], [0, 0, 20, 20], [0, 44, 20, 60], [40, 40, 60, 60]]
        pairs = detection.match(found(boxes, [0.9, 0.8, 0.7, 0.6], [0, 0, 2, 1]), objects, 3)
        assert pairs.true.tolist() == [0, 3, 0, 3]
        assert pairs.predicted.tolist() == [0, 0, 2, 1]
        assert pairs.f1 == pytest.approx(2 * 1 / (2 + 4))

    def test_what_is_missed_is_background(self, data):
        pairs = detection.match(NOTHING, _two_discs(data.val.objects[0]), 3)
        assert (pairs.true.tolist(), pairs.predicted.tolist()) == ([0, 0], [3, 3])
        assert pairs.f1 == 0

    def test_a_detection_of_a_crowd_is_neither_right_nor_wrong(self, data):
        objects = replace(_two_discs(data.val.objects[0]), crowds=np.array([True, False]))
        pairs = detection.match(found([[0, 0, 10, 10]], [0.9], [0]), objects, 3)
        assert (pairs.true.tolist(), pairs.predicted.tolist()) == ([0], [3])

    def test_an_empty_image_left_empty_is_right(self, data):
        empty = _two_discs(data.val.objects[0])
        empty = replace(
            empty, boxes=empty.boxes[:0], classes=empty.classes[:0], crowds=empty.crowds[:0]
        )
        assert detection.match(NOTHING, empty, 3).f1 == 1
