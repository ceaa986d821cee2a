"""Order, epochs and options: what any batches do in `fit` and in a loop."""

import keras
import numpy as np
import pytest

from zoo.datasets.batches import Batches


class Numbers(Batches):
    """The numbers of their rows, as input and as target."""

    def batch(self, rows, epoch, index):
        return rows.astype("float32")[:, None], rows


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
