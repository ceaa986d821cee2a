"""Softmax and cross-entropy by hand against SciPy and Keras."""

import keras
import numpy as np
import pytest
import scipy.special

from zoo.fundamentals.softmax import (
    cross_entropy,
    cross_entropy_gradient,
    log_softmax,
    negative_log_likelihood,
    softmax,
)

RNG = np.random.default_rng(3)
LOGITS = RNG.normal(0, 4, (16, 10))
LABELS = RNG.integers(0, 10, 16)


@pytest.mark.once
class TestSoftmax:
    @pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 1), (2, 3, 4)])
    def test_is_scipys(self, shape):
        logits = RNG.normal(0, 5, shape)
        np.testing.assert_allclose(softmax(logits), scipy.special.softmax(logits, -1))
        np.testing.assert_allclose(
            log_softmax(logits), scipy.special.log_softmax(logits, -1), atol=1e-12
        )

    def test_of_two_classes_is_the_sigmoid_of_their_difference(self):
        assert softmax([3.0, 1.0])[0] == pytest.approx(0.8807971)

    def test_big_logits_stay_finite(self):
        logits = np.array([[1e4, 0, -1e4], [1e308, 1e308, 0]])
        np.testing.assert_allclose(softmax(logits), [[1, 0, 0], [0.5, 0.5, 0]])
        np.testing.assert_allclose(log_softmax(logits)[0], [0, -1e4, -2e4])
        assert cross_entropy(logits[:1], np.array([2])) == 2e4

    def test_keeps_float32_and_takes_integers(self):
        assert softmax(LOGITS.astype("float32")).dtype == np.float32
        np.testing.assert_allclose(softmax(np.array([200, 0], "uint8")), [1, 0], atol=1e-12)

    def test_a_class_shut_out_by_minus_infinity_has_no_part(self):
        np.testing.assert_allclose(softmax([0.0, -np.inf, 0.0]), [0.5, 0, 0.5])

    @pytest.mark.parametrize("bad", [[1.0, np.nan], [np.inf, 0.0], [[0.0, 1.0], [-np.inf] * 2]])
    def test_refuses_a_row_without_a_largest_number(self, bad):
        with pytest.raises(ValueError, match="largest logit"):
            softmax(bad)

    @pytest.mark.parametrize("bad", ["logits", None, [[1.0, 2.0], [3.0]]])
    def test_refuses_what_is_no_array_of_numbers(self, bad):
        with pytest.raises(ValueError, match="logits must be (numbers|one array), not"):
            softmax(bad)

    @pytest.mark.parametrize("bad", [1.0, [], np.zeros((3, 0))])
    def test_refuses_no_classes(self, bad):
        with pytest.raises(ValueError, match="no classes"):
            log_softmax(bad)


class TestCrossEntropy:
    def test_is_kerass(self):
        kerass = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, LOGITS)
        assert cross_entropy(LOGITS, LABELS) == pytest.approx(float(kerass), rel=1e-5)

    @pytest.mark.once
    def test_is_the_logarithm_of_the_classes_where_nothing_is_known(self):
        assert cross_entropy(np.zeros((3, 10)), np.array([0, 5, 9])) == pytest.approx(np.log(10))

    @pytest.mark.once
    def test_gradient_is_what_small_differences_give(self):
        slope = cross_entropy_gradient(LOGITS, LABELS)
        for index in [(0, 0), (3, LABELS[3]), (15, 9)]:
            step = np.zeros_like(LOGITS)
            step[index] = 1e-5
            difference = cross_entropy(LOGITS + step, LABELS) - cross_entropy(LOGITS - step, LABELS)
            assert slope[index] == pytest.approx(difference / 2e-5, rel=1e-5, abs=1e-9)


@pytest.mark.once
class TestLabels:
    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ([0, 3], "labels run from 0 to 3; the 3 classes are 0 to 2"),
            ([-1, 0], "labels run from -1 to 0"),
            ([0.0, 1.0], "labels must be 2 integers, .* not float64"),
            ([True, False], "labels must be 2 integers, .* not bool"),
            (["0", "1"], "labels must be numbers"),
            ([0, 1, 2], r"\(2, 3\) and labels \(3,\)"),
            ([[0, 1, 0], [1, 0, 0]], "do not fit together"),
        ],
    )
    @pytest.mark.parametrize("function", [cross_entropy, cross_entropy_gradient])
    def test_that_name_no_class_are_refused(self, function, labels, message):
        with pytest.raises(ValueError, match=message):
            function(np.zeros((2, 3)), np.array(labels))

    def test_an_empty_batch_has_no_mean(self):
        with pytest.raises(ValueError, match="batch of 1 or more"):
            negative_log_likelihood(np.zeros((0, 3)), np.zeros(0, int))

    @pytest.mark.parametrize(
        "scores", [softmax(LOGITS), LOGITS, -abs(LOGITS) - 1, np.full((16, 10), np.nan)]
    )
    def test_what_is_no_logarithm_of_probabilities_is_refused(self, scores):
        with pytest.raises(ValueError, match="give log_softmax"):
            negative_log_likelihood(scores, LABELS)
