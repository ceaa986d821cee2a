"""Weights of classes and rows, and the last batch: the same numbers as a fit on arrays."""

import keras
import numpy as np
import pytest

from zoo.datasets.batches import Batches

ROWS = 10
X = np.random.default_rng(0).normal(size=(ROWS, 4)).astype("float32")
Y = np.arange(ROWS) % 3


class Numbers(Batches):
    """The numbers of their rows, as input and as target."""

    def batch(self, rows, epoch, index):
        return rows.astype("float32")[:, None], rows


class Points(Batches):
    """Rows of X with their class, an integer or one-hot."""

    def __init__(self, *args, one_hot=False, **options):
        super().__init__(ROWS, *args, **options)
        self.y = np.eye(3, dtype="float32")[Y] if one_hot else Y

    def batch(self, rows, epoch, index):
        return X[rows], self.y[rows]


def classifier(weighted=False, rate=0.1, **loss):
    """Logits of three classes from fixed weights, compiled."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.set_weights([np.random.default_rng(1).normal(size=(4, 3)), np.zeros(3)])
    kind = loss.pop("kind", keras.losses.SparseCategoricalCrossentropy)
    metrics = {"weighted_metrics": ["accuracy"]} if weighted else {}
    model.compile(keras.optimizers.SGD(rate), kind(from_logits=True), **metrics)
    return model


class TestWeights:
    """The same numbers as a fit on arrays."""

    def fits(self, options, arrays, **loss):
        """(loss, weights) of a fit on batches, then on arrays."""
        batches = Points(4, shuffle=False, **options.pop("of_batches", {}))
        for x, y, settings in ((batches, None, options), (X, batches.y, arrays)):
            if y is not None:
                settings = settings | {"batch_size": 4, "shuffle": False}
            model = classifier(**loss)
            history = model.fit(x, y, epochs=2, verbose=0, **settings)
            yield history.history["loss"], np.concatenate([w.ravel() for w in model.get_weights()])

    def compare(self, *args, **loss):
        (ours, our_weights), (theirs, their_weights) = self.fits(*args, **loss)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
        np.testing.assert_allclose(our_weights, their_weights, atol=1e-6)
        return ours

    @pytest.mark.parametrize("one_hot", [False, True])
    def test_of_classes(self, one_hot):
        kind = "CategoricalCrossentropy" if one_hot else "SparseCategoricalCrossentropy"
        weights = {"class_weight": {0: 0.2, 1: 3}}
        options = {"of_batches": {"one_hot": one_hot}} | weights
        self.compare(options, weights, kind=getattr(keras.losses, kind))

    def test_of_classes_that_are_all_zero_leave_no_loss(self):
        nothing = {"class_weight": dict.fromkeys(range(3), 0)}
        assert self.compare(dict(nothing), nothing) == [0, 0]

    def test_of_rows(self):
        weights = {"sample_weight": np.linspace(0, 2, ROWS)}
        self.compare({"of_batches": weights}, weights)

    def test_of_both_are_refused_as_with_arrays(self):
        batches = Points(4, sample_weight=np.ones(ROWS))
        with pytest.raises(ValueError, match="class_weight and sample_weight cannot be combined"):
            classifier().fit(batches, class_weight={0: 1}, verbose=0)

    @pytest.mark.once
    @pytest.mark.parametrize(
        "class_weight, message",
        [
            ([1, 2, 3], r"class_weight must be a dict .*, not \[1, 2, 3\]"),
            ({"cat": 1}, "a class in class_weight='cat' must be a whole number"),
            ({0: np.nan}, r"class_weight\[0\]=nan must be a finite number"),
        ],
    )
    def test_of_classes_that_are_none_are_refused(self, class_weight, message):
        with pytest.raises(ValueError, match=message):
            classifier().fit(Points(4), class_weight=class_weight, verbose=0)

    @pytest.mark.once
    @pytest.mark.parametrize(
        "weights, message",
        [
            (np.ones(3), r"sample_weight must be 10 numbers, one per row, not of shape \(3,\)"),
            (np.ones((10, 1)), r"one per row, not of shape \(10, 1\)"),
            (["a"] * 10, "sample_weight must be numbers, not <U1"),
            (1.0, r"one per row, not of shape \(\)"),
            ([np.nan] * 10, "must be finite"),
        ],
    )
    def test_of_rows_that_are_none_are_refused(self, weights, message):
        with pytest.raises(ValueError, match=message):
            Points(4, sample_weight=weights)

    @pytest.mark.once
    def test_own_weights_are_multiplied_by_those_of_the_rows(self):
        class Masked(Numbers):
            def batch(self, rows, epoch, index):
                return *super().batch(rows, epoch, index), {"a": np.ones((len(rows), 2))}

        _, _, weights = Masked(4, 4, shuffle=False, sample_weight=np.arange(4))[0]
        np.testing.assert_array_equal(weights["a"], [[0, 0], [1, 1], [2, 2], [3, 3]])


class TestLastBatch:
    def test_padded_loss_and_weighted_metrics_are_those_of_the_rows_alone(self):
        model = classifier(weighted=True)
        for weights in (None, np.linspace(0, 2, ROWS)):
            kept, padded = (
                model.evaluate(
                    Points(4, shuffle=False, last=last, sample_weight=weights), verbose=0
                )
                for last in ("keep", "pad")
            )
            np.testing.assert_allclose(padded, kept, rtol=1e-5)

    def test_padding_goes_with_class_weights(self):
        losses = [
            classifier(rate=0.0)
            .fit(Points(4, last=last), class_weight={0: 0.2, 1: 3}, verbose=0)
            .history["loss"]
            for last in ("keep", "pad")
        ]
        np.testing.assert_allclose(*losses, rtol=1e-5)

    @pytest.mark.once
    def test_is_padded_with_the_first_rows_at_weight_zero(self):
        batches = Numbers(10, 4, seed=5, last="pad")
        order = batches.order(0).tolist()
        *_, (x, y, weights) = batches
        assert y.tolist() == order[8:] + order[:2] and x.ravel().tolist() == y.tolist()
        np.testing.assert_allclose(weights, [1.2, 1.2, 0, 0])
        assert [len(y) for _, y, _ in Numbers(3, 8, last="pad")] == [8]

    @pytest.mark.once
    def test_is_dropped(self):
        batches = Numbers(10, 4, seed=5, last="drop")
        rows = np.concatenate([y for _, y in batches])
        assert len(batches) == 2 and rows.tolist() == batches.order(0)[:8].tolist()
        with pytest.raises(ValueError, match="leaves no batch: batch_size=11 is more than 10 rows"):
            Numbers(10, 11, last="drop")

    @pytest.mark.once
    def test_that_does_not_divide_among_devices_is_refused(self):
        Numbers(10, 4).check_devices(2)
        Numbers(9, 4, last="pad").check_devices(2)
        for batches in (Numbers(9, 4), Numbers(9, 3, last="drop"), Numbers(8, 3, last="pad")):
            with pytest.raises(ValueError, match="do not divide among 2 devices; give last='pad'"):
                batches.check_devices(2)

    @pytest.mark.once
    def test_is_smaller_by_default(self):
        assert [len(y) for _, y in Numbers(10, 4)] == [4, 4, 2]
