"""Order, epochs, weights and the last batch: what any batches do in `fit` and in a loop."""

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


def orders(count, seed, epochs):
    """What numpy draws for each epoch."""
    shuffled = []
    for epoch in epochs:
        order = np.arange(count)
        np.random.default_rng((seed, epoch)).shuffle(order)
        shuffled.append(order.tolist())
    return shuffled


def looped(batches):
    """The rows of one pass of a loop."""
    return np.concatenate([y for _, y in batches]).tolist()


def trained_on(batches, epochs, **settings):
    """The mean target of each batch in the order in which `fit` trains on them, epoch by epoch."""
    model = keras.Sequential([keras.layers.Dense(1)])  # built by fit

    class Log(keras.callbacks.Callback):
        targets = []

        def on_epoch_begin(self, epoch, logs=None):
            self.total = 0.0
            self.targets.append([])

        def on_train_batch_end(self, batch, logs=None):
            total = logs["loss"] * (batch + 1)  # Keras gives the mean so far
            self.targets[-1].append(round(float(total - self.total), 2))
            self.total = total

    def mean_target(y, outputs):
        return keras.ops.mean(keras.ops.cast(y, "float32") + 0 * outputs)

    model.compile(keras.optimizers.SGD(0.0), mean_target)
    log = Log()
    model.fit(batches, epochs=epochs, verbose=0, callbacks=[log], **settings)
    return log.targets


def classifier(weighted=False, rate=0.1, **loss):
    """Logits of three classes from fixed weights, compiled."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.set_weights([np.random.default_rng(1).normal(size=(4, 3)), np.zeros(3)])
    kind = loss.pop("kind", keras.losses.SparseCategoricalCrossentropy)
    metrics = {"weighted_metrics": ["accuracy"]} if weighted else {}
    model.compile(keras.optimizers.SGD(rate), kind(from_logits=True), **metrics)
    return model


class TestOrder:
    @pytest.mark.parametrize("workers", [0, 1, 3])
    def test_fit_takes_each_epochs_permutation_in_order(self, workers):
        assert trained_on(Numbers(12, 1, seed=5, workers=workers), 3) == orders(12, 5, range(3))

    def test_a_later_fit_goes_on_with_the_next_epoch(self):
        batches = Numbers(12, 1, seed=5)
        assert trained_on(batches, 2) == orders(12, 5, [0, 1])
        assert trained_on(batches, 1) == orders(12, 5, [2])

    def test_setting_the_epoch_jumps_there(self):
        batches = Numbers(12, 1, seed=5)
        batches.epoch = 2
        assert trained_on(batches, 1) == orders(12, 5, [2])
        with pytest.raises(ValueError, match="epoch=2.5 must be a whole number"):
            batches.epoch = 2.5

    def test_one_batch_an_epoch_counts_its_epochs_too(self):
        batches = Numbers(12, 12)
        trained_on(batches, 3)
        assert batches.epoch == 3

    def test_as_many_steps_as_batches_are_the_same_epochs(self):
        batches = Numbers(4, 1, seed=5)
        assert trained_on(batches, 3, steps_per_epoch=4) == orders(4, 5, range(3))

    def test_an_interrupted_fit_can_be_followed_by_another(self):
        class Stop(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                raise KeyboardInterrupt

        batches = Numbers(12, 1, seed=5)
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with pytest.raises(KeyboardInterrupt):
            model.fit(batches, verbose=0, callbacks=[Stop()])
        assert trained_on(batches, 1) == orders(12, 5, [1])

    def test_a_look_at_a_batch_disturbs_no_training(self):
        batches = Numbers(12, 1, seed=5)

        class Look(keras.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                assert batches[3][1].tolist() == orders(12, 5, [1])[0][3:4]  # of the next pass

        batches[0]
        assert trained_on(batches, 1) == orders(12, 5, [0])
        batches.epoch = 0
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(batches, verbose=0, callbacks=[Look()])
        assert batches.epoch == 1

    def test_evaluate_and_predict_keep_the_order_of_validation_batches(self):
        batches = Numbers(5, 2, shuffle=False)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])
        for _ in range(2):
            assert model.predict(batches, verbose=0).ravel().tolist() == [0, 1, 2, 3, 4]
        model.compile(loss="mse")
        assert model.evaluate(batches, verbose=0) == 0


@pytest.mark.once
class TestLoop:
    @pytest.mark.parametrize("workers", [0, 1, 3])
    def test_each_pass_is_the_next_epoch(self, workers):
        batches = Numbers(12, 5, seed=5, workers=workers)
        assert [looped(batches) for _ in range(3)] == orders(12, 5, range(3))
        assert batches.epoch == 3

    def test_an_abandoned_pass_counts_and_a_look_does_not(self):
        batches = Numbers(12, 5, seed=5)
        batches[2]
        for _ in batches:
            break
        assert looped(batches) == orders(12, 5, [1])[0]

    def test_two_passes_at_once_are_two_epochs(self):
        batches = Numbers(12, 12, seed=5)
        pairs = zip(batches, batches, strict=True)
        assert [[first[1].tolist(), second[1].tolist()] for first, second in pairs] == [
            orders(12, 5, [0, 1])
        ]

    def test_fit_goes_on_after_a_loop(self):
        batches = Numbers(12, 1, seed=5)
        looped(batches)
        assert trained_on(batches, 1) == orders(12, 5, [1])

    def test_without_shuffling_every_pass_is_the_same(self):
        batches = Numbers(5, 2, shuffle=False)
        assert [[y.tolist() for _, y in batches] for _ in range(2)] == [[[0, 1], [2, 3], [4]]] * 2


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
        *_, (x, y, weights) = Numbers(10, 4, seed=5, last="pad")
        order = orders(10, 5, [0])[0]
        assert y.tolist() == order[8:] + order[:2] and x.ravel().tolist() == y.tolist()
        np.testing.assert_allclose(weights, [1.2, 1.2, 0, 0])
        assert [len(y) for _, y, _ in Numbers(3, 8, last="pad")] == [8]

    @pytest.mark.once
    def test_is_dropped(self):
        batches = Numbers(10, 4, seed=5, last="drop")
        assert len(batches) == 2 and looped(batches) == orders(10, 5, [0])[0][:8]
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


@pytest.mark.once
class TestOptions:
    @pytest.mark.parametrize(
        "options, message",
        [
            ({"batch_size": 0}, "batch_size=0 must be a whole number, 1 or more"),
            ({"batch_size": 2.5}, "batch_size=2.5 must be a whole number"),
            ({"batch_size": "4"}, "batch_size='4' must be a whole number"),
            ({"rows": 0}, "rows=0 must be a whole number, 1 or more"),
            ({"seed": -1}, "seed=-1 must be a whole number, 0 or more"),
            ({"seed": None}, "seed=None must be a whole number"),
            ({"workers": 1.5}, "workers=1.5 must be a whole number"),
            ({"workers": -1}, "workers=-1 must be a whole number, 0 or more"),
            ({"shuffle": "no"}, "shuffle='no' must be True or False"),
            ({"last": "padd"}, "last='padd' must be one of keep, pad, drop; did you mean 'pad'"),
        ],
    )
    def test_without_a_meaning_are_refused(self, options, message):
        with pytest.raises(ValueError, match=message):
            Numbers(**{"rows": 10, "batch_size": 4} | options)

    @pytest.mark.parametrize("index", [3, -1])
    def test_a_batch_that_is_not_there_is_refused(self, index):
        with pytest.raises(IndexError, match=f"batch {index} of 3"):
            Numbers(10, 4)[index]

    @pytest.mark.parametrize("index", [1.0, "a", slice(2), None])
    def test_an_index_that_is_none_is_refused(self, index):
        with pytest.raises(ValueError, match="index=.* must be a whole number"):
            Numbers(10, 4)[index]

    def test_own_weights_are_multiplied_by_those_of_the_rows(self):
        class Masked(Numbers):
            def batch(self, rows, epoch, index):
                return *super().batch(rows, epoch, index), {"a": np.ones((len(rows), 2))}

        _, _, weights = Masked(4, 4, shuffle=False, sample_weight=np.arange(4))[0]
        np.testing.assert_array_equal(weights["a"], [[0, 0], [1, 1], [2, 2], [3, 3]])
