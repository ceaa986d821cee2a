"""The most confident mistakes, against scikit-learn."""

import keras
import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import accuracy_score

import zoo
from zoo.explain import Mistakes, misclassified


def test_gives_the_most_confident_mistakes_first(net):
    labels = np.random.default_rng(1).integers(0, 4, 60)
    x = np.random.default_rng(2).normal(size=(60, 32, 32, 3)).astype("float32")
    probabilities = softmax(net.predict(x, verbose=0), axis=-1)
    mistakes = misclassified(net, x, labels, k=60)
    predicted = probabilities.argmax(axis=-1)
    assert len(mistakes) == round(60 * (1 - accuracy_score(labels, predicted)))
    assert (np.diff(mistakes.confidence) <= 0).all()
    np.testing.assert_array_equal(mistakes.true, labels[mistakes.indices])
    np.testing.assert_array_equal(mistakes.predicted, predicted[mistakes.indices])
    np.testing.assert_allclose(
        mistakes.confidence, probabilities.max(axis=-1)[mistakes.indices], rtol=1e-5
    )
    np.testing.assert_array_equal(misclassified(net, x, labels, 5).indices, mistakes.indices[:5])
    assert len(misclassified(net, x, labels)) == 10 and len(misclassified(net, x, labels, 0)) == 0
    with pytest.raises(ValueError, match="k=-1 must be a whole number, 0 or more"):
        misclassified(net, x, labels, -1)


def test_gives_none_where_there_are_none(net, images):
    right = net.predict(images, verbose=0).argmax(axis=-1)
    assert len(misclassified(net, images, right)) == 0


def test_takes_the_output_of_a_name(net, images):
    labels = np.zeros(len(images), int)
    named = keras.Model(net.input, {"logits": net.output})
    found, plain = misclassified(named, images, labels), misclassified(net, images, labels)
    np.testing.assert_array_equal(found.indices, plain.indices)


def test_refuses_what_is_no_classifier():
    digits = {"image": np.zeros((3, 28, 28, 1)), "number": np.eye(3, 10)}
    with pytest.raises(ValueError, match="mnist_sum gives 2 outputs"):
        misclassified(zoo.get("mnist_sum"), digits, [0, 1, 2])


def test_refuses_labels_that_do_not_fit(net, images):
    with pytest.raises(ValueError, match="y must be 3 integers, one per image"):
        misclassified(net, images, [1, 2])
    with pytest.raises(ValueError, match="y run from 0 to 9; the 4 classes are 0 to 3"):
        misclassified(net, images, [0, 5, 9])


def test_refuses_images_that_do_not_fit(net, images):
    labels = np.zeros(len(images), int)
    for x, message in (
        (images[..., :1], r"small takes images or other inputs of shape \(n, 32, 32, 3\), not"),
        (images[:0], "not one image"),
        ("digits", "an input must be an array of numbers, .* not a str"),
        (np.where(images > 3, np.nan, images), "images hold NaN or infinite values in"),
    ):
        with pytest.raises(ValueError, match=message):
            misclassified(net, x, labels)
    with pytest.raises(ValueError, match="model must be a keras.Model, .* not None"):
        misclassified(None, images, labels)


@pytest.mark.once
class TestCaptions:
    mistakes = Mistakes(np.array([4]), np.array([0]), np.array([1]), np.array([0.97]))

    def test_name_both_classes_and_the_confidence(self):
        assert self.mistakes.captions(["dog", "cat"]) == [("dog", "predicted cat, 97 %")]

    def test_need_a_name_for_each_class(self):
        with pytest.raises(ValueError, match="1 class names, but classes up to 1"):
            self.mistakes.captions(["dog"])
