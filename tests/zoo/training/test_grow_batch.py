"""The growing batch: what the model is given, in how many steps, and after a kill."""

import io
import re

import keras
import numpy as np
import pytest
from rich.console import Console

from zoo.training import OneCycle
from zoo.training.callbacks import (
    Checkpoint,
    GrowBatch,
    GrowBatchOnPlateau,
    MetricsLog,
    Progress,
    checkpoint,
)


class Steps(keras.callbacks.Callback):
    """Steps of each epoch: as Keras took them, and as `params` announced them."""

    def on_train_begin(self, logs=None):
        self.taken, self.announced = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.taken.append(0)

    def on_train_batch_end(self, batch, logs=None):
        self.taken[-1] += 1

    def on_epoch_end(self, epoch, logs=None):
        self.announced.append(int(self.params["steps"]))


@pytest.fixture
def plain(tiny_model):
    """The tiny model on a rate that is a number, without dropout."""
    model = keras.Sequential([layer for layer in tiny_model.layers if "dropout" not in layer.name])
    model.compile(keras.optimizers.SGD(0.1), tiny_model.loss)
    return model


def fit(model, train, epochs, *callbacks, initial_epoch=0):
    train.epoch = initial_epoch
    return model.fit(
        train, epochs=epochs, initial_epoch=initial_epoch, verbose=0, callbacks=list(callbacks)
    )


class TestGrowBatch:
    def test_takes_fewer_and_larger_steps_from_epoch_to_epoch(self, tiny, plain):
        train, steps = tiny.batches("train", 4), Steps()
        sizes = []
        batch = train.batch
        train.batch = lambda rows, epoch, n: (
            sizes.append((epoch, len(rows))) or batch(rows, epoch, n)
        )
        fit(plain, train, 5, steps, GrowBatch(train, factor=2, epochs=(1, 3)))
        # 30 images: 8 batches of 4, 4 of 8, 2 of 16
        assert steps.taken == steps.announced == [8, 4, 4, 2, 2]
        assert int(plain.optimizer.iterations) == 20
        assert {(0, 4), (1, 8), (2, 8), (3, 16), (4, 16)} <= set(sizes)
        assert train.size == 4 and train.epoch == 5

    def test_is_the_training_in_which_the_size_was_set_by_hand(self, tiny, plain):
        start = plain.get_weights()
        train = tiny.batches("train", 4, seed=1)
        fit(plain, train, 3, GrowBatch(train, factor=3, epochs=(1, 2)))
        grown = plain.get_weights()
        plain.set_weights(start)
        for epoch, size in enumerate((4, 12, 36)):
            fit(plain, tiny.batches("train", size, seed=1), epoch + 1, initial_epoch=epoch)
        for got, expected in zip(grown, plain.get_weights(), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)

    @pytest.mark.once
    def test_grows_up_to_the_number_of_images_or_to_what_is_asked(self, tiny, plain):
        for max_size, expected in ((None, [8, 1, 1]), (9, [8, 4, 4])):
            train, steps = tiny.batches("train", 4), Steps()
            fit(plain, train, 3, steps, GrowBatch(train, 10, epochs=(1, 2), max_size=max_size))
            assert steps.taken == expected

    @pytest.mark.once
    def test_serves_fit_after_fit_and_then_lets_go(self, tiny, plain):
        train, steps = tiny.batches("train", 4), Steps()
        grow = GrowBatch(train, epochs=(1,))
        fit(plain, train, 2, steps, grow)
        fit(plain, train, 2, steps, grow)
        assert steps.taken == [8, 4]
        fit(plain, train, 2, steps, Progress(Console(file=io.StringIO())))
        assert steps.taken == [8, 8]

    @pytest.mark.parametrize(
        "hook", ["on_epoch_begin", "on_train_batch_end", "on_test_begin", "on_epoch_end"]
    )
    def test_leaves_nothing_after_an_interrupt(self, hook, tiny, plain, interrupted):
        train, other, steps = tiny.batches("train", 4), tiny.batches("train", 4), Steps()
        grow = GrowBatch(train, epochs=(1,))
        settings = {"initial_epoch": 1, "epochs": 3, "validation_data": tiny.batches("val", 10)}
        interrupted(plain, train, [grow], hook, **settings)
        assert train.size == 4 and len(train) == len(list(train)) == 8
        losses = [plain.evaluate(batches, verbose=0) for batches in (train, other)]
        assert losses[0] == pytest.approx(losses[1])
        fit(plain, train, 2, steps)
        assert steps.taken == steps.announced == [8, 8]
        interrupted(plain, train, [grow], hook, **settings)
        fit(plain, train, 2, steps, grow)
        assert steps.taken == steps.announced == [8, 4]

    @pytest.mark.once
    def test_the_validation_may_have_the_same_batches(self, tiny, plain):
        train, steps = tiny.batches("train", 4), Steps()
        plain.fit(
            train, validation_data=train, epochs=3, verbose=0,
            callbacks=[steps, GrowBatch(train, epochs=(1, 2))],
        )  # fmt: skip
        assert steps.taken == steps.announced == [8, 4, 2]

    def test_after_a_kill_the_size_is_that_of_the_epoch(self, tiny, plain, tmp_path):
        def train_on(epochs, folder):
            train, steps = tiny.batches("train", 4), Steps()
            done = checkpoint.restore(plain, folder)
            callbacks = [Checkpoint(folder), steps, GrowBatch(train, epochs=(1, 3))]
            fit(plain, train, epochs, *callbacks, initial_epoch=done)
            return steps.taken

        start = plain.get_weights()
        assert train_on(4, tmp_path / "whole") == [8, 4, 4, 2]
        whole = plain.get_weights()
        plain.set_weights(start)
        plain.optimizer.iterations.assign(0)
        assert train_on(2, tmp_path / "cut") == [8, 4]
        assert train_on(4, tmp_path / "cut") == [4, 2]
        for got, expected in zip(plain.get_weights(), whole, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)

    @pytest.mark.once
    def test_the_bar_counts_the_steps_there_are(self, tiny, plain, monkeypatch):
        monkeypatch.setattr("zoo.training.callbacks.progress.REFRESH", 0.0)
        screen = Console(file=io.StringIO(), force_terminal=True, width=120)
        train = tiny.batches("train", 4)
        fit(plain, train, 3, Progress(screen), GrowBatch(train, epochs=(1, 2)))
        text = re.sub(r"\x1b\[[\d;?]*\w", "", screen.file.getvalue())
        counts = re.findall(r"(\d+)/(\d+) +loss", text)
        shown = [(int(done), int(total)) for done, total in dict.fromkeys(counts) if total != "3"]
        expected = [(n, 24) for n in range(1, 9)] + [(n, 16) for n in range(9, 13)]
        assert shown == [*expected, (13, 14), (14, 14)]

    @pytest.mark.once
    @pytest.mark.parametrize("verbose", [1, 2])
    def test_kerass_own_bar_does_too(self, tiny, plain, capsys, verbose):
        train = tiny.batches("train", 4)
        plain.fit(train, epochs=2, verbose=verbose, callbacks=[GrowBatch(train, epochs=(1,))])
        counts = re.findall(r"(\d+)/(\d+)", capsys.readouterr().out)
        ends = [f"{done}/{total}" for done, total in dict.fromkeys(counts) if done == total]
        assert ends == ["8/8", "2/2", "4/4"] and set(total for _, total in counts) == {*"284"}

    @pytest.mark.once
    def test_refuses_a_schedule_of_steps(self, tiny, plain):
        train = tiny.batches("train", 4)
        plain.compile(keras.optimizers.SGD(OneCycle(0.1, 10, 3)), plain.loss)
        with pytest.raises(ValueError, match="OneCycle, but the callback makes the steps of an"):
            fit(plain, train, 2, GrowBatch(train, epochs=(1,)))

    @pytest.mark.once
    def test_refuses_batches_that_are_not_the_trainings(self, tiny, plain):
        with pytest.raises(ValueError, match="does not ask the batches of its GrowBatch"):
            fit(
                plain, tiny.batches("train", 4), 2, GrowBatch(tiny.batches("train", 4), epochs=(1,))
            )

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"factor": 1}, "factor=1 must be a finite number, above 1"),
            ({"factor": "2"}, "factor='2' must be a finite number, above 1"),
            ({"factor": float("inf")}, "factor=inf must be"),
            ({"epochs": ()}, r"epochs=\(\) must be whole numbers that rise from above 0"),
            ({"epochs": 3}, "epochs=3 must be whole numbers"),
            ({"epochs": "3"}, "epochs='3' must be whole numbers"),
            ({"epochs": (1, 2.5)}, r"epochs=\(1, 2.5\) must be whole numbers"),
            ({"epochs": (0, 3)}, r"epochs=\(0, 3\) must be"),
            ({"epochs": (3, 3)}, r"epochs=\(3, 3\) must be"),
            ({"max_size": 2}, "max_size=2 must be a whole number, 4 or more"),
            ({"max_size": 8.5}, "max_size=8.5 must be a whole number"),
            ({"batches": [1, 2]}, "not a list"),
        ],
    )
    def test_refuses_what_does_not_grow(self, tiny, wrong, message):
        with pytest.raises(ValueError, match=message):
            GrowBatch(**({"batches": tiny.batches("train", 4), "epochs": (1,)} | wrong))


class TestGrowBatchOnPlateau:
    LOSSES = (1.0, 0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.7)  # plateaus after epochs 4 and 7

    class Tell(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = TestGrowBatchOnPlateau.LOSSES[epoch]

    def steps(self, model, train, epochs, *callbacks, initial_epoch=0, **settings):
        steps = Steps()
        grow = GrowBatchOnPlateau(train, 2, patience=1, **settings)
        fit(model, train, epochs, self.Tell(), steps, *callbacks, grow, initial_epoch=initial_epoch)
        return steps.taken

    def test_grows_in_the_epoch_after_each(self, tiny, plain):
        assert self.steps(plain, tiny.batches("train", 4), 8) == [8] * 4 + [4] * 3 + [2]

    @pytest.mark.once
    @pytest.mark.parametrize("cut", [3, 4, 5, 7])
    def test_after_a_kill_it_knows_how_often_from_the_log(self, tiny, plain, tmp_path, cut):
        log = tmp_path / "metrics.csv"
        self.steps(plain, tiny.batches("train", 4), cut, MetricsLog(log), metrics_csv=log)
        steps = self.steps(
            plain, tiny.batches("train", 4), 8, MetricsLog(log), metrics_csv=log, initial_epoch=cut
        )
        assert steps == ([8] * 4 + [4] * 3 + [2])[cut:]
