"""Boxes on images: what is drawn, where, and what is refused."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from zoo.report.boxes import boxes_figure
from zoo.report.canvas import COLORS

pytestmark = pytest.mark.once
IMAGE = np.zeros((20, 30, 3), "uint8")
BOXES = np.float32([[5, 4, 15, 10], [20, 8, 28, 18], [0, 0, 0, 0]])
CLASSES = [1, 0, -1]  # the last is a row of padding


def test_draws_each_box_in_the_colour_of_its_class():
    figure = boxes_figure([IMAGE], [BOXES], [CLASSES], class_names=("cat", "dog"))
    patches = [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    assert [p.get_bbox().extents.tolist() for p in patches] == [
        [4.5, 3.5, 14.5, 9.5],  # the first pixel of a picture is centred on 0
        [19.5, 7.5, 27.5, 17.5],
    ]
    assert [to_hex(p.get_edgecolor()) for p in patches] == [COLORS[1], COLORS[0]]
    assert [text.get_text() for text in figure.axes[0].texts] == ["dog", "cat"]


def test_true_boxes_are_dashed_and_scores_are_written(tmp_path):
    scores = [0.914, 0.5, 0.0]
    figure = boxes_figure(
        [IMAGE], [BOXES], [CLASSES], [scores], class_names=("cat", "dog"), true_boxes=[BOXES[:1]]
    )
    assert [p.get_linestyle() for p in figure.axes[0].patches] == ["--", "-", "-"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["dog 0.91", "cat 0.50"]
    assert "true box" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_an_image_without_boxes_and_many_images(tmp_path):
    nothing = np.zeros((0, 4))
    path = boxes_figure(
        [IMAGE, IMAGE[..., :1]] * 3, [nothing] * 6, [[]] * 6, class_names=("cat",),
        path=tmp_path / "boxes.png",
    )  # fmt: skip
    assert path.stat().st_size > 1000


@pytest.mark.parametrize(
    "boxes, classes, scores, message",
    [
        ([BOXES, BOXES], [CLASSES], None, "1 images need as many boxes, not 2"),
        ([BOXES], [[1, 0]], None, "3 boxes need as many classes and scores, not 2 and none"),
        ([BOXES], [CLASSES], [[0.5]], "3 boxes need as many classes and scores, not 3 and 1"),
        ([BOXES], [[0, 1, 2]], None, "class 2 has no name; there are 2"),
    ],
)
def test_unsuitable_arguments_are_refused(boxes, classes, scores, message):
    with pytest.raises(ValueError, match=message):
        boxes_figure([IMAGE], boxes, classes, scores, class_names=("cat", "dog"))
