"""ReduceLROnPlateau against PyTorch's scheduler, and through a kill."""

import itertools

import keras
import numpy as np
import pytest

from zoo.training import OneCycle
from zoo.training.callbacks import Checkpoint, MetricsLog, ReduceLROnPlateau, checkpoint
from zoo.training.callbacks.reduce_on_plateau import Plateau

RATE = 0.1


def one_weight(optimizer=None):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer or keras.optimizers.SGD(RATE), "mse")
    return model


def rates_of(values, *callbacks, optimizer=None, name="val_loss"):
    """The rate of each epoch for given values of the metric, nothing trained; resumes if it can."""
    model, done = one_weight(optimizer), 0
    for saver in callbacks:
        if isinstance(saver, Checkpoint):
            done = checkpoint.restore(model, saver.folder)
    called = keras.callbacks.CallbackList(callbacks, model=model, epochs=len(values), steps=1)
    called.on_train_begin()
    rates = []
    for epoch, value in list(enumerate(values))[done:]:
        called.on_epoch_begin(epoch)
        rates.append(float(model.optimizer.learning_rate))
        called.on_epoch_end(epoch, {"loss": 1.0} | ({} if value is None else {name: value}))
    return rates


def torchs_rates(values, **settings):
    """The rate of each epoch by torch.optim.lr_scheduler.ReduceLROnPlateau."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, eps=0, **settings)
    rates = []
    for value in values:
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step(value)
    return rates


def walk(seed, steps=60):
    """A metric that falls in fits and starts, stays equal at times and once is NaN."""
    rng = np.random.default_rng(seed)
    values = 2.0 + np.cumsum(rng.normal(-0.003, 0.02, steps) * (rng.random(steps) < 0.8))
    values[rng.integers(steps)] = np.nan
    return values.tolist()


@pytest.mark.once
class TestDecisions:
    @pytest.mark.parametrize("mode", ["min", "max"])
    @pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
    def test_are_torchs_on_random_metrics(self, mode, threshold_mode):
        reduced = 0
        settings = itertools.product((0, 1, 3), (0.0, 1e-4, 0.02), (0, 1, 4))
        for seed, (patience, threshold, cooldown) in enumerate(settings):
            given = {"patience": patience, "threshold": threshold, "cooldown": cooldown}
            given |= {"mode": mode, "threshold_mode": threshold_mode}
            values = walk(seed)
            plateau = Plateau(**given)
            plateaus = [plateau.step(value) for value in values]
            before = np.cumsum([False, *plateaus[:-1]])
            np.testing.assert_allclose(
                0.9**before * RATE, torchs_rates(values, factor=0.9, **given)
            )
            reduced += sum(plateaus)
        assert reduced > 50

    def test_come_an_epoch_later_than_kerass(self):
        worse = [1.0, 2.0, 2.0, 2.0, 2.0]
        waited = keras.callbacks.ReduceLROnPlateau(patience=3)
        ours = rates_of(worse, ReduceLROnPlateau(patience=2))
        assert ours == rates_of(worse, waited) == pytest.approx([0.1] * 4 + [0.01])


class TestReduceLROnPlateau:
    def test_sets_the_rates_that_torchs_sets(self):
        class Tell(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                logs["val_loss"] = values[epoch]
                rates.append(float(self.model.optimizer.learning_rate))

        values, rates, x = walk(0), [], np.ones((1, 1), "float32")
        settings = {"factor": 0.5, "patience": 2, "threshold": 0.005, "cooldown": 1}
        callbacks = [Tell(), ReduceLROnPlateau(min_lr=0.004, **settings)]
        one_weight().fit(x, x, epochs=len(values), verbose=0, callbacks=callbacks)
        expected = torchs_rates(values, min_lr=0.004, **settings)
        np.testing.assert_allclose(rates, expected, rtol=1e-5)
        assert rates[-1] == pytest.approx(0.004)

    def test_watches_an_accuracy_upwards(self):
        rising = [0.1, 0.2, 0.3, 0.4, 0.5]
        reduce = ReduceLROnPlateau("val_accuracy", patience=0)
        assert rates_of(rising, reduce, name="val_accuracy") == pytest.approx([0.1] * 5)
        falling = rates_of(rising[::-1], reduce, name="val_accuracy")
        assert falling == pytest.approx([0.1, 0.1, 0.01, 0.001, 0.0001])

    def test_every_fit_counts_from_the_beginning(self):
        reduce = ReduceLROnPlateau(patience=1)
        assert (
            rates_of([1.0, 2.0], reduce) == rates_of([3.0, 3.0], reduce) == [pytest.approx(0.1)] * 2
        )
        assert rates_of([3.0, 3.0, 3.0], reduce)[-1] == pytest.approx(0.1)

    def test_reaches_the_optimizer_within_a_loss_scaling_one(self):
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(RATE))
        rates = rates_of([1.0, 1.0, 1.0], ReduceLROnPlateau(patience=0), optimizer=optimizer)
        assert rates == pytest.approx([0.1, 0.1, 0.01])

    @pytest.mark.parametrize("cut", [3, 4, 5, 6, 9])
    @pytest.mark.parametrize("last", [True, False])
    @pytest.mark.filterwarnings("ignore:ReduceLROnPlateau watches")
    def test_goes_on_after_a_kill_as_if_there_had_been_none(self, tmp_path, cut, last):
        """Wherever it stands among the callbacks; after 4 epochs a plateau is just found."""
        values = [1.0, 0.9, 0.95, 0.95, None, 0.8, 0.9, 0.9, 0.7, 0.7, 0.7, 0.7, 0.6]
        log = tmp_path / "metrics.csv"

        def callbacks():
            reduce = ReduceLROnPlateau(factor=0.5, patience=1, metrics_csv=log)
            run = [MetricsLog(log), Checkpoint(tmp_path)]
            return [*run, reduce] if last else [reduce, *run]

        whole = rates_of(values, ReduceLROnPlateau(factor=0.5, patience=1))
        assert whole == pytest.approx([0.1] * 4 + [0.05] * 4 + [0.025] * 3 + [0.0125] * 2)
        assert rates_of(values[:cut], *callbacks()) == whole[:cut]
        assert rates_of(values, *callbacks()) == pytest.approx(whole[cut:])

    def test_says_which_epoch_did_not_measure_it(self):
        with pytest.warns(UserWarning, match="'val_accuracy'.* epoch 1 did not .*loss, val_loss"):
            rates_of([1.0], ReduceLROnPlateau("val_accuracy"))

    def test_refuses_a_schedule(self):
        sgd = keras.optimizers.SGD(OneCycle(0.1, 10, 3))
        with pytest.raises(ValueError, match="of SGD is a OneCycle, but the callback sets the"):
            rates_of([1.0], ReduceLROnPlateau(), optimizer=sgd)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"factor": 1.0}, "factor=1.0 must be a finite number, above 0 and below 1"),
            ({"factor": "0.1"}, "factor='0.1' must be"),
            ({"min_lr": -1}, "min_lr=-1 must be a finite number, 0 or more"),
            ({"patience": -1}, "patience=-1 must be a whole number, 0 or more"),
            ({"patience": 1.5}, "patience=1.5 must be a whole number"),
            ({"cooldown": "1"}, "cooldown='1' must be a whole number"),
            ({"threshold": float("nan")}, "threshold=nan must be"),
            ({"threshold_mode": "relative"}, "threshold_mode='relative' must be one of rel, abs"),
            ({"mode": "up"}, "mode='up' must be one of auto, min, max"),
            ({"monitor": "val_dice"}, "'val_dice' should fall or rise is not known; give mode="),
            ({"monitor": None}, "monitor=None must be a name"),
            ({"metrics_csv": 3}, "metrics_csv=3 must be the path"),
        ],
    )
    def test_refuses_what_decides_nothing(self, wrong, message):
        with pytest.raises(ValueError, match=message):
            ReduceLROnPlateau(**wrong)
