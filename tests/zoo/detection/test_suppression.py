"""Suppression against a plain double loop and worked examples."""

import numpy as np
import pytest

from zoo import detection


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared)


def by_loops(boxes, scores, classes, iou):
    kept = []
    for i in sorted(range(len(scores)), key=lambda i: -scores[i]):
        rivals = [k for k in kept if classes[k] == classes[i]]
        if all(overlap(boxes[i], boxes[k]) <= iou for k in rivals):
            kept.append(i)
    return kept


class TestSuppress:
    @pytest.mark.parametrize("iou", [0.0, 0.3, 0.7])
    def test_as_a_double_loop_over_the_boxes_of_each_class(self, iou):
        rng = np.random.default_rng(0)
        corner, size = rng.uniform(-5, 5, (200, 2)), rng.uniform(1, 4, (200, 2))
        boxes = np.concatenate([corner, corner + size], axis=1)
        scores, classes = rng.random(200).round(2), rng.integers(0, 3, 200)  # many equal scores
        kept = detection.suppress(boxes, scores, classes, iou=iou, most=200)
        assert kept.tolist() == by_loops(boxes, scores, classes, iou)

    def test_of_equal_scores_the_first_in_the_list_stays(self):
        boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 5], [9, 9, 10, 10]])
        assert detection.suppress(boxes, np.array([0.5, 0.5, 0.5])).tolist() == [0, 2]

    def test_keeps_no_more_than_asked_for(self):
        boxes = np.arange(40).reshape(10, 4) * 10 + [0, 0, 5, 5]
        assert detection.suppress(boxes, np.arange(10), most=3).tolist() == [9, 8, 7]

    def test_of_no_boxes_there_is_nothing_to_keep(self):
        assert detection.suppress(np.zeros((0, 4)), np.zeros(0)).tolist() == []

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"scores": np.ones(2)}, r"n scores and n classes, not \(3, 4\), \(2,\) and \(3,\)"),
            ({"scores": np.array([1, np.nan, 1])}, "finite numbers"),
            ({"iou": 1.5}, "iou=1.5 must be"),
            ({"most": 0}, "most=0 must be"),
        ],
    )
    def test_bad_arguments_are_refused(self, wrong, message):
        right = {"boxes": np.ones((3, 4)), "scores": np.ones(3)}
        with pytest.raises(ValueError, match=message):
            detection.suppress(**right | wrong)
