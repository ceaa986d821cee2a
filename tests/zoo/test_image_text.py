"""Zero-shot accuracy and recall, against values computed by hand."""

import keras
import numpy as np
import pytest

import zoo
from zoo import image_text

TINY = {
    "image_width": 16,
    "image_depth": 1,
    "text_width": 16,
    "text_depth": 1,
    "vocabulary": 9,
    "context": 4,
    "embedding": 8,
}


def directions(*degrees):
    """Vectors of length 1 in the plane."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("float32")


@pytest.mark.once
class TestZeroShot:
    def test_the_nearest_class_counts(self):
        images = directions(10, 80, 100, 190)
        classes = directions(0, 90, 180)
        assert image_text.nearest(images, classes).tolist() == [0, 1, 1, 2]
        assert image_text.zero_shot_accuracy(images, classes, [0, 1, 2, 2]) == 0.75

    @pytest.mark.parametrize(
        ("images", "labels", "message"),
        [
            (directions(1, 2), [0, 3], "labels run from 0 to 3; the 3 classes are 0 to 2"),
            (directions(1, 2), [0], "labels must be 2 integers"),
            (np.zeros((0, 2)), [], "one or more of each"),
            (np.ones((2, 3)), [0, 1], r"\(n, d\) and \(m, d\).*\(2, 3\) and \(3, 2\)"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, images, labels, message):
        with pytest.raises(ValueError, match=message):
            image_text.zero_shot_accuracy(images, directions(0, 90, 180), labels)


@pytest.mark.once
class TestRecall:
    def test_both_ways_are_counted_by_themselves(self):
        images, texts = directions(0, 50, 100), directions(20, 30, 110)
        # Image 0: text 0; image 1 (50): text 1; image 2: text 2. Text 0 (20): image 0; text 1 (30):
        # image 1; text 2: image 2.
        assert image_text.recall_at_1(images, texts, [0, 1, 2]) == {
            "image_recall_at_1": 1.0,
            "text_recall_at_1": 1.0,
        }
        texts = directions(20, 21, 110)  # text 1 is nearer to image 0, image 1 still to text 1
        assert image_text.recall_at_1(images, texts, [0, 1, 2]) == {
            "image_recall_at_1": pytest.approx(2 / 3),
            "text_recall_at_1": 1.0,
        }

    def test_another_pair_with_an_equal_caption_is_right(self):
        images, texts = directions(0, 50, 100), directions(51, 1, 110)
        assert set(image_text.recall_at_1(images, texts, [0, 1, 2]).values()) == {1 / 3}
        assert set(image_text.recall_at_1(images, texts, [7, 7, 2]).values()) == {1.0}

    def test_many_queries_are_compared_in_parts(self, monkeypatch):
        rng = np.random.default_rng(0)
        images, texts = rng.normal(size=(2, 25, 4))
        captions = rng.integers(0, 8, 25)
        whole = image_text.recall_at_1(images, texts, captions)
        monkeypatch.setattr(image_text, "AT_ONCE", 7)
        assert image_text.recall_at_1(images, texts, captions) == whole
        order = np.argsort(-images @ texts.T, axis=1)[:, :3]
        np.testing.assert_array_equal(image_text.nearest(images, texts, 3), order)

    def test_unequal_numbers_are_refused(self):
        with pytest.raises(ValueError, match="2 images need as many texts, not 3"):
            image_text.recall_at_1(directions(0, 1), directions(0, 1, 2), [0, 1])


class TestModel:
    def test_the_towers_give_what_the_model_gives(self):
        model = zoo.get("clip_small", **TINY)
        rng = np.random.default_rng(0)
        x = {"image": rng.normal(size=(3, 64, 64, 3)), "tokens": rng.integers(0, 9, (3, 4))}
        whole = model.predict(x, verbose=0)
        images, texts = image_text.encoders(model)
        np.testing.assert_allclose(
            images.predict(x["image"], verbose=0), whole["image"], rtol=1e-4, atol=1e-5
        )
        np.testing.assert_allclose(
            texts.predict(x["tokens"], verbose=0), whole["text"], rtol=1e-4, atol=1e-5
        )

    @pytest.mark.once
    def test_a_class_is_the_mean_of_its_prompts(self):
        tokens = keras.Input((1,), dtype="int32")
        turned = keras.layers.Embedding(4, 2)(tokens)[:, 0]
        encoder = keras.Model(tokens, turned)
        encoder.set_weights([directions(0, 90, 45, 180)])
        number = {"right": 0, "up": 1, "between": 2, "left": 3}

        def tokenize(texts):
            return np.array([[number[text]] for text in texts])

        found = image_text.class_vectors(encoder, tokenize, [["right", "up"], ["left"]])
        np.testing.assert_allclose(found, directions(45, 180), atol=1e-6)
        with pytest.raises(ValueError, match="prompts must be a list of one or more texts"):
            image_text.class_vectors(encoder, tokenize, ["right", "left"])

    @pytest.mark.once
    def test_a_model_of_another_kind_is_refused(self):
        with pytest.raises(ValueError, match="mnist_8k must have the inputs image and tokens"):
            image_text.encoders(zoo.get("mnist_8k"))
