"""The loss over all pairs of a batch, against numbers computed pair by pair."""

import math

import keras
import numpy as np
import pytest

from zoo.training import ContrastiveLoss


def by_hand(captions, logits):
    """The loss of each pair, by loops over what is written in the paper."""

    def cross_entropy(scores, right):
        total = sum(math.exp(score) for score in scores)
        of_each = [-math.log(math.exp(scores[j]) / total) for j in right]
        return sum(of_each) / len(right) - math.log(len(right))

    losses = []
    for i in range(len(captions)):
        right = [j for j in range(len(captions)) if captions[j] == captions[i]]
        texts = [logits[i][j] for j in range(len(captions))]
        images = [logits[j][i] for j in range(len(captions))]
        losses.append((cross_entropy(texts, right) + cross_entropy(images, right)) / 2)
    return losses


def computed(captions, logits, **options):
    loss = ContrastiveLoss(**options)(np.array(captions), np.array(logits, "float32"))
    return keras.ops.convert_to_numpy(loss)


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(size=(6, 6), scale=3)


class TestValue:
    def test_of_different_captions_is_the_symmetric_cross_entropy(self, logits):
        rows = np.log(np.exp(logits).sum(axis=1)) - np.diag(logits)
        columns = np.log(np.exp(logits).sum(axis=0)) - np.diag(logits)
        expected = (rows.mean() + columns.mean()) / 2
        np.testing.assert_allclose(computed(range(6), logits), expected, rtol=1e-5)

    @pytest.mark.parametrize(
        "captions", [[0, 1, 0, 2, 0, 1], [5, 5, 5, 5, 5, 5], [3, 1, 4, 1, 5, 9]]
    )
    def test_of_equal_captions_is_that_of_loops_over_the_pairs(self, logits, captions):
        found = computed(captions, logits, reduction="none")
        np.testing.assert_allclose(found, by_hand(captions, logits.tolist()), rtol=1e-4, atol=1e-5)

    def test_is_0_where_equal_captions_share_all_there_is(self):
        captions = np.array([0, 1, 0, 2, 1, 0])
        equal = captions[:, None] == captions[None, :]
        assert computed(captions, np.where(equal, 50.0, 0.0)) == pytest.approx(0, abs=1e-5)
        assert computed(range(6), np.where(equal, 50.0, 0.0)) > 0.5

    def test_is_finite_for_the_largest_scale(self):
        found = computed(range(3), 100 * (1 - 2 * np.eye(3)))
        np.testing.assert_allclose(found, 200 + math.log(2), rtol=1e-5)

    def test_numbers_in_a_column_are_the_same_captions(self, logits):
        captions = np.array([0, 1, 0, 2, 1, 0])
        np.testing.assert_allclose(computed(captions[:, None], logits), computed(captions, logits))


class TestGradient:
    def test_pulls_equal_captions_together_and_others_apart(self):
        captions = np.array([0, 0, 1])
        step = 1e-2
        for i in range(3):
            for j in range(3):
                nudged = np.zeros((3, 3))
                nudged[i, j] = step
                change = computed(captions, nudged) - computed(captions, -nudged)
                assert (change < 0) == (captions[i] == captions[j])


class TestUse:
    def test_rows_of_weight_0_cost_nothing(self, logits):
        loss, captions = ContrastiveLoss(), np.array([0, 1, 2, 3, 0, 1])
        weights = np.array([1, 1, 1, 1, 0, 0], "float32")
        found = keras.ops.convert_to_numpy(loss(captions, logits.astype("float32"), weights))
        expected = sum(by_hand(captions, logits.tolist())[:4]) / 6
        np.testing.assert_allclose(found, expected, rtol=1e-4)

    @pytest.mark.once
    def test_survives_its_config(self):
        loss = keras.losses.deserialize(keras.losses.serialize(ContrastiveLoss(name="pairs")))
        assert isinstance(loss, ContrastiveLoss) and loss.name == "pairs"

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("captions", "shape", "message"),
        [
            (np.arange(4), (4, 5), r"logits must be \(n, n\), images by texts"),
            (np.arange(4), (4,), r"logits must be \(n, n\)"),
            (np.eye(4), (4, 4), r"captions must be one whole number per pair, \(n,\)"),
        ],
    )
    def test_other_shapes_are_refused(self, captions, shape, message):
        with pytest.raises(ValueError, match=message):
            ContrastiveLoss()(captions, np.zeros(shape, "float32"))
