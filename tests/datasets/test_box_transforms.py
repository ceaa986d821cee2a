"""Painted objects: after any transform a box is that of its object's pixels."""

import albumentations as A
import cv2
import numpy as np
import pytest

import zoo
from zoo.datasets import transforms
from zoo.datasets.transforms.boxes import BoxPipeline
from zoo.datasets.transforms.pipeline import check_transforms

pytestmark = pytest.mark.once
OBJECTS = 3  # each bright in a channel of its own, on black


def painted(rows):
    """Three bright rectangles on black, their place depending on the row."""
    images, boxes, classes = [], [], []
    for row in np.asarray(rows):
        rng, image = np.random.default_rng(row), np.zeros((96, 120, 3), "uint8")
        found = []
        for k in range(OBJECTS):
            x, y = 20 + 32 * k + rng.integers(8), 20 + rng.integers(30)
            w, h = rng.integers(8, 16, 2)
            image[y : y + h, x : x + w, k] = 250
            found.append([x, y, x + w, y + h])
        images.append(image)
        boxes.append(np.array(found, "float32"))
        classes.append(np.array([70_000_001, 70_000_002, 70_000_003]))  # float32 cannot hold them
    return np.stack(images), boxes, classes


def pixel_box(channel):
    y, x = np.nonzero(channel > 125)
    return [x.min(), y.min(), x.max() + 1, y.max() + 1]


@pytest.mark.parametrize(
    "steps",
    [
        [transforms.flip(p=1)],
        [transforms.crop((84, 100), pad=2)],
        [transforms.scale(0.1)],
        [transforms.translate(0.1), transforms.flip()],
        [A.Resize(192, 240), A.VerticalFlip(p=1)],
        [transforms.color_shift(0.1)],
        [transforms.blur(p=1), transforms.color_shift(0.02), transforms.flip(p=1)],
    ],
    ids=["flip", "crop", "scale", "translate", "resize", "colour", "blur"],
)
def test_a_box_is_that_of_the_painted_pixels(steps):
    images, boxes, classes = BoxPipeline(steps).transform(painted, 9, np.arange(8), 0, (0, 0, 0))
    for image, found, labels in zip(images, boxes, classes, strict=True):
        assert labels.tolist() == [70_000_001, 70_000_002, 70_000_003]
        for k, box in enumerate(found):
            np.testing.assert_allclose(box, pixel_box(image[..., k]), atol=1.01)


def test_a_flip_by_hand():
    def one(rows):
        return np.zeros((1, 10, 20, 3), "uint8"), [np.float32([[2, 1, 7, 9]])], [np.array([5])]

    pipeline = BoxPipeline([transforms.flip(p=1)])
    _, [boxes], [classes] = pipeline.transform(one, 1, np.arange(1), 0, (0, 0, 0))
    assert boxes.tolist() == [[13, 1, 18, 9]] and classes.tolist() == [5]


def test_mosaic_boxes_are_those_of_the_painted_pixels():
    def one(rows):
        images, boxes, classes = painted(rows)
        images[..., :2] = 0
        return images, [b[2:] for b in boxes], [c[2:] for c in classes]

    mosaic, compared = transforms.mosaic(), 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        image, boxes, _ = mosaic(*one(np.arange(4) + seed), rng, min_visibility=0.5)
        for x1, y1, x2, y2 in boxes:
            window = np.zeros(image.shape[:2], bool)  # no other object is within two pixels
            window[int(max(y1 - 2, 0)) : int(y2 + 3), int(max(x1 - 2, 0)) : int(x2 + 3)] = True
            y, x = np.nonzero(window & (image[..., 2] > 125))
            measured = [x.min(), y.min(), x.max() + 1, y.max() + 1]
            np.testing.assert_allclose([x1, y1, x2, y2], measured, atol=1.01)
            compared += 1
    assert compared > 20


def test_free_space_holds_no_mirrored_object():
    def one(rows):  # it touches the left border
        image = np.zeros((1, 40, 40, 3), "uint8")
        image[0, 10:20, :8] = 250
        return image, [np.float32([[0, 10, 8, 20]])], [np.array([0])]

    steps = [A.Affine(translate_px={"x": (12, 12)}, border_mode=cv2.BORDER_REFLECT_101, p=1)]
    [image], [boxes], _ = BoxPipeline(steps).transform(one, 1, np.arange(1), 0, (0, 0, 0))
    assert boxes.tolist() == [[12, 10, 20, 20]]
    assert pixel_box(image[..., 0]) == [12, 10, 20, 20] and image[0, 0].tolist() == [114] * 3


def test_mosaic_is_a_function_of_the_key():
    pipeline = BoxPipeline([transforms.mosaic(), transforms.flip()])
    first, again, other = (
        pipeline.transform(painted, 9, np.arange(4), 0, key)
        for key in ((0, 0, 1), (0, 0, 1), (0, 1, 1))
    )
    np.testing.assert_array_equal(first[0], again[0])
    for box, box_again in zip(first[1], again[1], strict=True):
        np.testing.assert_array_equal(box, box_again)
    assert (first[0] != other[0]).any()


def test_an_object_of_which_too_little_is_left_is_no_target():
    def half_out(rows):
        box = np.float32([[0, 0, 10, 10], [4, 4, 10, 10]])
        return np.zeros((1, 10, 10, 3), "uint8"), [box], [np.array([0, 1])]

    steps = [A.Crop(0, 0, 5, 5)]  # leaves 25 of 100 pixels, and 1 of 36
    kept = {
        share: BoxPipeline(steps, share).transform(half_out, 1, np.arange(1), 0, (0, 0, 0))[2]
        for share in (0.0, 0.1, 0.5)
    }
    assert [len(kept[share][0]) for share in (0.0, 0.1, 0.5)] == [2, 1, 0]


@pytest.mark.parametrize(
    "steps, message",
    [
        ([transforms.cutmix()], "cutmix mixes whole images by label"),
        ([transforms.mixup()], "mixup mixes whole images by label"),
        ([transforms.rand_augment()], "RandAugment moves pixels and not boxes"),
        ([A.OneOf([transforms.auto_augment()])], "AutoAugment moves pixels and not boxes"),
        ([transforms.flip(), transforms.mosaic()], "mosaic must be the first"),
        (transforms.flip(), "must be a list of transforms"),
    ],
)
def test_transforms_that_would_leave_boxes_behind_are_refused(steps, message):
    with pytest.raises(ValueError, match=message):
        BoxPipeline(steps)


class Failing(A.ImageOnlyTransform):
    """What a user's own transform may do."""

    def apply(self, img, **params):
        raise RuntimeError("no such colour")


@pytest.mark.parametrize("others", [[], [A.HorizontalFlip()]], ids=["pixels", "boxes"])
def test_a_transform_that_fails_names_the_image(others):
    batches = zoo.datasets.load("shapes", limit=2).batches("train", 2, [Failing(p=1), *others])
    with pytest.raises(
        ValueError, match=r"Failing.* failed on image [01], uint8 .* no such colour"
    ):
        batches[0]


def test_mosaic_is_refused_for_labels():
    with pytest.raises(ValueError, match="mosaic joins images with their boxes"):
        check_transforms([transforms.mosaic()])


def test_batches_have_fixed_shapes_and_run_the_target_hook():
    data = zoo.datasets.load("shapes", image_shape=(48, 64, 3), limit=12)
    batches = data.batches("train", 4, [transforms.flip()], target=lambda targets: targets["boxes"])
    shapes = {y.shape for _, y in batches}
    assert shapes == {(4, data.max_boxes, 4)}
    x, y = data.batches("val", 4, max_boxes=7)[0]
    assert x.shape == (4, 48, 64, 3) and x.dtype == np.float32
    for i, found in enumerate(data.val.objects[:4]):
        count = len(found)
        np.testing.assert_array_equal(y["boxes"][i, :count], found.boxes)
        assert y["classes"][i].tolist() == [*found.classes, *[-1] * (7 - count)]
        assert not y["boxes"][i, count:].any()


def test_more_boxes_than_the_targets_hold_keeps_the_largest_and_says_so():
    data = zoo.datasets.load("shapes", limit=20)
    row = next(i for i, o in enumerate(data.val.objects) if len(o) > 1)
    batches = data.batches("val", row + 1, max_boxes=1, workers=0)
    with pytest.warns(UserWarning, match="max_boxes=1: the smallest are left out"):
        _, y = batches[0]
    boxes = data.val.objects[row].boxes
    largest = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).argmax()
    np.testing.assert_array_equal(y["boxes"][row, 0], boxes[largest])
