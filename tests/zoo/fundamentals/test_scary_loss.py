"""The scary loss of one image, worked out on paper."""

import math

import numpy as np
import pytest

from zoo.fundamentals import scary_loss

ANCHORS = [(0.5, 0.5), (0.2, 0.2)]


@pytest.mark.once
class TestCosts:
    def test_of_one_object_by_hand(self):
        grid = np.zeros((2, 2, 2, 4 + 1 + 2))
        grid[0, 1, 0, 5:] = [math.log(3), 0]  # probability 3/4 of class 0
        # The object covers cell (0, 1): anchor 0 fits exactly, its centre too.
        found = scary_loss.costs(grid, ANCHORS, [(0.5, 0, 1, 0.5)], [0])
        assert found.responsible == {(0, 1, 0): 0}
        expected = {
            "coordinates": 0,
            "object": (1 - 1 / 2) ** 2,
            "no_object": 7 * 0.5 * (1 / 2) ** 2,
            "classes": -math.log(3 / 4),
        }
        assert found.terms == pytest.approx(expected)
        assert found.cells["no_object"].tolist() == [[0.25, 0.125], [0.25, 0.25]]

    def test_a_width_counts_under_its_root(self):
        grid = np.zeros((1, 1, 1, 6))
        grid[..., 2] = math.log(4)
        found = scary_loss.costs(grid, [(0.16, 0.36)], [(0.42, 0.32, 0.58, 0.68)], [0])
        assert found.terms["coordinates"] == pytest.approx(5 * (0.8 - 0.4) ** 2)
        assert found.terms["object"] == pytest.approx((1 / 4 - 1 / 2) ** 2)

    def test_an_image_without_objects_costs_objectness_alone(self):
        found = scary_loss.costs(np.zeros((3, 3, 2, 8)), ANCHORS, [], [])
        assert found.terms == {
            "coordinates": 0,
            "object": 0,
            "no_object": 18 * 0.5 / 4,
            "classes": 0,
        }

    def test_the_right_answer_costs_next_to_nothing(self):
        boxes, classes = (
            [(0.1, 0.2, 0.3, 0.3), (0.4, 0.4, 0.95, 0.9), (0.42, 0.4, 0.93, 0.9)],
            [0, 2, 1],
        )
        grid = scary_loss.right_answer((3, 4), ANCHORS, boxes, classes, num_classes=3)
        found = scary_loss.costs(grid, ANCHORS, boxes, classes)
        assert len(found.responsible) == 3 and sum(found.terms.values()) < 0.05
