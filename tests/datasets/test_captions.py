"""Images with captions in batches: equal captions have one number, order and draws are fixed."""

from dataclasses import replace

import numpy as np
import pytest

import zoo
from zoo.datasets import captions, transforms
from zoo.datasets.captions import CaptionBatches

pytestmark = pytest.mark.once
WORDS = ["a", "red", "green", "blue", "disc", "thing", "photo"]


def tokenize(texts):
    """Four numbers per text, 0 for what is left over."""
    rows = np.zeros((len(texts), 4), int)
    for row, text in zip(rows, texts, strict=True):
        for i, word in enumerate(text.split()):
            row[i] = 1 + WORDS.index(word)
    return rows


def batches(images, texts, size=4, **options):
    return CaptionBatches(images, texts, size, tokenize, mean=0.5, std=0.5, **options)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype="uint8")


TEXTS = ["a red disc", "a green thing", "a red disc", "a blue disc", "a green thing", "photo"]


class TestBatches:
    def test_hold_images_tokens_and_the_numbers_of_their_captions(self, images):
        x, y = batches(images, TEXTS, shuffle=False)[0]
        np.testing.assert_allclose(x["image"], images[:4] / 127.5 - 1, atol=1e-5)
        np.testing.assert_array_equal(
            x["tokens"], [[1, 2, 5, 0], [1, 3, 6, 0], [1, 2, 5, 0], [1, 4, 5, 0]]
        )
        assert x["tokens"].dtype == y.dtype == np.int32
        assert y.tolist() == [0, 1, 0, 2]

    def test_an_image_keeps_its_caption_in_every_order(self, images):
        data = batches(images, TEXTS, size=6)
        orders = set()
        for _ in range(3):
            ((x, y),) = data
            rows = [int(np.argwhere(np.isclose(x["image"], i / 127.5 - 1, atol=1e-5)
                                    .all(axis=(1, 2, 3)))[0, 0]) for i in images]  # fmt: skip
            np.testing.assert_array_equal(x["tokens"][rows], tokenize(TEXTS))
            assert y[rows].tolist() == [0, 1, 0, 2, 1, 3]
            orders.add(tuple(rows))
        assert len(orders) > 1

    def test_one_of_several_captions_is_drawn_in_each_pass_and_fixed_by_the_seed(self, images):
        texts = [("a red disc", "photo")] * 3 + [("a blue thing",)] * 3
        data = [batches(images, texts, size=6, seed=3) for _ in range(2)]
        passes = [[batch for _ in range(8) for batch in one] for one in data]
        found = [{tuple(row) for row in x["tokens"].tolist()} for x, _ in passes[0]]
        assert set.union(*found) == {(1, 2, 5, 0), (7, 0, 0, 0), (1, 4, 6, 0)}
        assert any((1, 2, 5, 0) not in one for one in found)
        for (x, y), (again, y_again) in zip(*passes, strict=True):
            np.testing.assert_array_equal(x["tokens"], again["tokens"])
            np.testing.assert_array_equal(x["image"], again["image"])
            np.testing.assert_array_equal(y, y_again)
            assert (np.bincount(y) == 3).all()  # the same number, whichever is drawn

    def test_validation_takes_the_first_of_several(self, images):
        data = batches(images, [("photo", "a red disc")] * 6, shuffle=False)
        assert all((x["tokens"] == [7, 0, 0, 0]).all() for _ in range(3) for x, _ in data)

    def test_transforms_change_the_images_only(self, images):
        flipped = transforms.flip(1.0)
        x, _ = batches(images, TEXTS, transforms=[flipped], shuffle=False)[0]
        np.testing.assert_allclose(x["image"], images[:4, :, ::-1] / 127.5 - 1, atol=1e-5)

    @pytest.mark.parametrize(
        ("texts", "message"),
        [
            (TEXTS[:5], "6 images need as many captions, not 5"),
            ([*TEXTS[:5], ""], r"image 5 has no caption \(\('',\)\); give it one, or leave"),
            ([*TEXTS[:5], None], r"image 5 has no caption \(None\)"),
            ([*TEXTS[:5], ()], r"image 5 has no caption \(\(\)\)"),
            ([*TEXTS[:5], 7], r"image 5 has no caption \(7\)"),
        ],
    )
    def test_an_image_without_a_caption_is_named(self, images, texts, message):
        with pytest.raises(ValueError, match=message):
            batches(images, texts)

    def test_mixed_images_are_refused(self, images):
        with pytest.raises(ValueError, match="mixes images, whose captions cannot be mixed"):
            batches(images, TEXTS, transforms=[transforms.mixup()])

    @pytest.mark.parametrize(
        "wrong", [lambda texts: [1], lambda texts: np.ones((len(texts), 4)), "words"]
    )
    def test_tokens_of_another_kind_are_refused(self, images, wrong):
        with pytest.raises(ValueError, match="tokenize"):
            CaptionBatches(images, TEXTS, 4, wrong, mean=0.5, std=0.5)


class TestDatasets:
    def test_shapes_bring_their_captions(self):
        shapes = zoo.datasets.load("shapes", limit=20)
        data = captions.of_boxes(shapes)
        images, texts = data.split("val")
        assert images is shapes.val.images
        assert texts == tuple((text,) for text in shapes.val.captions)

    def test_classes_are_captioned_by_every_template(self, tiny):
        data = captions.of_classes(tiny, ["a {}", "a {} thing"])
        assert data.split("train")[1][:2] == (
            ("a red", "a red thing"),
            ("a green", "a green thing"),
        )
        x, y = data.batches("val", 10, tokenize)[0]
        assert x["image"].shape == (10, 8, 8, 3)
        equal = tiny.y_val[:, None] == tiny.y_val
        np.testing.assert_array_equal(y[:, None] == y, equal)

    @pytest.mark.parametrize("templates", [[], "a {}", ["a photo"], ["{} and {}"], [None]])
    def test_a_template_without_a_place_for_the_class_is_refused(self, tiny, templates):
        with pytest.raises(ValueError, match="template"):
            captions.of_classes(tiny, templates)

    def test_an_image_is_of_the_class_whose_prompt_is_its_caption(self):
        prompts = captions.prompts(["disc", "thing"], ["a red {}", "a {}"])
        texts = [("a thing",), ("photo", "a red disc"), ("a disc and a thing",)]
        assert captions.labels(texts, prompts).tolist() == [1, 0, -1]
        with pytest.raises(ValueError, match="'a' is a prompt of two classes"):
            captions.labels(texts, [["a"], ["b", "a"]])

    def test_boxes_without_captions_are_refused(self, tiny):
        shapes = zoo.datasets.load("shapes", limit=5)
        bare = replace(shapes.val, captions=())
        with pytest.raises(ValueError, match="shapes, val: 5 images need as many captions, not 0"):
            captions.of_boxes(replace(shapes, val=bare))
        with pytest.raises(ValueError, match="must be a DetectionDataset, not a Dataset"):
            captions.of_boxes(tiny)
