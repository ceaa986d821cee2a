"""The surest mistakes, against scikit-learn."""

import keras
import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import accuracy_score

import zoo
from zoo.explain import misclassified


def test_gives_the_surest_mistakes_first(net):
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
    with pytest.raises(ValueError, match="k=-1: how many"):
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
    with pytest.raises(ValueError, match=r"mnist_8k gives \(3, 1\), not .*, 2 or more"):
        misclassified(zoo.get("mnist_8k", num_classes=1), digits["image"], [0, 0, 0])


def test_refuses_labels_that_do_not_fit(net, images):
    with pytest.raises(ValueError, match="3 images need labels"):
        misclassified(net, images, [1, 2])
    with pytest.raises(ValueError, match="labels run from 0 to 9, the model has 4"):
        misclassified(net, images, [0, 5, 9])
