"""The generated shapes: boxes of the painted pixels, captions, pairs held out."""

import numpy as np
import pytest

import zoo
from zoo.datasets import shapes

pytestmark = pytest.mark.once
COLORS = np.array([*shapes.COLORS.values()])


@pytest.fixture(scope="module")
def data():
    return zoo.datasets.load("shapes", limit=60)


def test_a_box_is_that_of_the_painted_pixels(data):
    for image, objects in zip(data.train.images, data.train.objects, strict=True):
        grey = np.ptp(image.astype(int), axis=-1) == 0
        outside = ~grey
        for (x1, y1, x2, y2), area in zip(objects.boxes.astype(int), objects.areas, strict=True):
            y, x = np.nonzero(~grey[y1:y2, x1:x2])
            assert (x.min(), y.min()) == (0, 0) and (x.max() + 1, y.max() + 1) == (x2 - x1, y2 - y1)
            assert len(x) == area
            outside[y1:y2, x1:x2] = False
        assert not outside.any(), "every coloured pixel is in a box"


def test_a_caption_names_what_is_painted(data):
    for image, objects, caption in zip(
        data.train.images, data.train.objects, data.train.captions, strict=True
    ):
        phrases = caption.split(" and ")
        assert phrases == sorted(phrases)
        assert len(phrases) == len(objects)
        for phrase, box, label in zip(phrases, objects.boxes, objects.classes, strict=True):
            _, size, color, kind = phrase.split()
            assert kind == data.class_names[label]
            x1, y1, x2, y2 = box.astype(int)
            pixel = image[(y1 + y2) // 2, (x1 + x2) // 2].astype(int)
            assert [*shapes.COLORS][np.abs(COLORS - pixel).sum(axis=1).argmin()] == color
            assert (x2 - x1 > 16) == (size == "large")


def test_a_seed_fixes_everything(data):
    again = zoo.datasets.load("shapes", limit=60)
    np.testing.assert_array_equal(data.train.images, again.train.images)
    assert data.val.captions == again.val.captions
    other = zoo.datasets.load("shapes", limit=60, seed=1)
    assert data.train.captions != other.train.captions
    assert (data.train.images[:60] != data.val.images[:60]).any()


def test_an_unseen_pair_is_in_validation_only():
    data = zoo.datasets.load("shapes", limit=200, unseen=(("red", "disc"), ("blue", "square")))
    for pair in ("red disc", "blue square"):
        assert not any(pair in caption for caption in data.train.captions)
        assert any(pair in caption for caption in data.val.captions)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"image_shape": (64, 64, 1)}, "must be .height, width, 3."),
        ({"limit": 0}, "limit=0"),
        ({"unseen": (("red", "dics"),)}, "did you mean 'disc'"),
        ({"unseen": ("red",)}, "'red' must be a pair"),
        ({"unseen": [(c, k) for c in shapes.COLORS for k in shapes.CLASS_NAMES]}, "every pair"),
    ],
)
def test_unsuitable_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        zoo.datasets.load("shapes", **options)


def test_unseen_is_for_shapes():
    with pytest.raises(ValueError, match="unseen=.* is for the dataset shapes, not 'digits'"):
        zoo.datasets.load("digits", unseen=(("red", "disc"),))


def test_coco_document_and_back(data):
    from zoo.datasets import coco

    read = coco.read(data.to_coco("val"), "shapes")
    assert read.class_names == data.class_names and read.sentence() == ""
    for image, objects in zip(read.images, data.val.objects, strict=True):
        np.testing.assert_array_equal(image.objects.boxes, objects.boxes)
        np.testing.assert_array_equal(image.objects.classes, objects.classes)


def test_reshaped_moves_boxes_and_the_way_back(data):
    wide = data.reshaped((32, 64, 3))  # half as large, 16 columns of grey on either side
    before, after = data.train.objects[0].boxes, wide.train.objects[0].boxes
    np.testing.assert_allclose(after, before / 2 + [16, 0, 16, 0])
    np.testing.assert_allclose(wide.train.placements[0].to_original(after), before)


def test_limited(data):
    small = data.limited(5)
    assert len(small.train) == len(small.val) == len(small.train.images) == 5
    with pytest.raises(ValueError, match="limit=61"):
        data.limited(61)
