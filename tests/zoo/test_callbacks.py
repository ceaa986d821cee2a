"""Each callback in a plain model.fit."""

import resource

import keras
import numpy as np
import pytest

from zoo.training import OneCycle, callbacks
from zoo.training.callbacks import checkpoint
from zoo.training.callbacks.metrics_log import read_metrics


def numbers(variables):
    return [keras.ops.convert_to_numpy(v).copy() for v in variables]


class TestWeightPenalty:
    def test_one_step_of_sgd_decays_kernels_by_the_penaltys_gradient(self):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="d")])
        kernel = np.array([[1.0, -2.0], [3.0, -4.0], [0.5, 0.25]], "float32")
        model.get_layer("d").set_weights([kernel, np.ones(2, "float32")])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        x = np.zeros((4, 3), "float32")  # no gradient but the penalty's reaches the kernel
        y = np.ones((4, 2), "float32")
        history = model.fit(
            x, y, batch_size=4, verbose=0, callbacks=[callbacks.WeightPenalty(l1=0.01, l2=0.1)]
        )
        expected = kernel - 0.1 * (0.01 * np.sign(kernel) + 2 * 0.1 * kernel)
        got = keras.ops.convert_to_numpy(model.get_layer("d").kernel)
        np.testing.assert_allclose(got, expected, rtol=1e-5)
        penalty = 0.01 * np.abs(kernel).sum() + 0.1 * (kernel**2).sum()
        assert history.history["loss"][0] == pytest.approx(penalty, rel=1e-5)
        after = model.fit(x, y, batch_size=4, verbose=0)
        assert after.history["loss"][0] == pytest.approx(0.0, abs=1e-6)

    def test_of_an_interrupted_training_is_gone_in_the_next(self, tiny, tiny_model):
        class Stop(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                raise KeyboardInterrupt

        train = tiny.batches("train", 30)
        with pytest.raises(KeyboardInterrupt):
            tiny_model.fit(train, verbose=0, callbacks=[callbacks.WeightPenalty(l2=9.0), Stop()])
        tiny_model.fit(train, verbose=0, callbacks=[callbacks.WeightPenalty()])
        assert tiny_model.losses == []

    @pytest.mark.parametrize("l2", [-1, float("nan")])
    def test_refuses_what_is_no_penalty(self, l2):
        with pytest.raises(ValueError, match=f"l2={l2}"):
            callbacks.WeightPenalty(l2=l2)


class TestStopOnNonFinite:
    def test_says_at_which_step_and_rate_and_keeps_the_last_checkpoint(
        self, tiny, tiny_model, tmp_path
    ):
        class Poison(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == 2:
                    self.model.get_layer("logits").bias.assign(np.full(3, np.nan))

        with pytest.raises(FloatingPointError, match=r"step 6 \(epoch 3, batch 1\).* 0.01;"):
            tiny_model.fit(
                tiny.batches("train", 10),
                epochs=5,
                verbose=0,
                callbacks=[
                    Poison(),
                    callbacks.StopOnNonFinite(),
                    callbacks.Checkpoint(tmp_path),
                ],
            )
        assert checkpoint.latest(tmp_path).name == "epoch-0002.npz"
        with np.load(checkpoint.latest(tmp_path)) as saved:
            assert all(np.isfinite(saved[key]).all() for key in saved)


def unbuilt_layers():
    return keras.layers.Flatten(), keras.layers.Dense(3)


class TestCheckpoint:
    def test_a_model_without_weights_begins_anew_or_is_refused(self, tiny, tmp_path):
        models = [keras.Sequential(unbuilt_layers()) for _ in range(2)]
        for model in models:
            model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        assert callbacks.restore(models[0], tmp_path) == 0
        saver = callbacks.Checkpoint(tmp_path)
        models[0].fit(tiny.batches("train", 30), verbose=0, callbacks=[saver])
        with pytest.raises(ValueError, match="no weights yet for .*epoch-0001.npz"):
            callbacks.restore(models[1], tmp_path)
        assert callbacks.restore(models[0], tmp_path) == 1

    def test_half_precision_comes_back(self, tiny, tmp_path):
        keras.config.set_dtype_policy("bfloat16")
        model = keras.Sequential([keras.Input((8, 8, 3)), *unbuilt_layers()])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        saver = callbacks.Checkpoint(tmp_path)
        model.fit(tiny.batches("train", 30), verbose=0, callbacks=[saver])
        trained = numbers(model.weights)
        model.set_weights([0 * value for value in trained])
        assert callbacks.restore(model, tmp_path) == 1
        for value, restored in zip(trained, numbers(model.weights), strict=True):
            assert value.dtype.name == "bfloat16"
            np.testing.assert_array_equal(value, restored)

    def test_training_goes_on_as_if_it_had_not_stopped(self, tiny, tiny_model, tmp_path):
        config, start = tiny_model.get_config(), numbers(tiny_model.variables)

        def fresh(seed):
            keras.utils.set_random_seed(seed)
            model = keras.Sequential.from_config(config)
            model.compile(keras.optimizers.Adam(0.01), tiny_model.loss, metrics=["accuracy"])
            for variable, value in zip(model.variables, start, strict=True):
                variable.assign(value)
            return model

        def fit(model, epochs, folder, initial_epoch=0):
            train = tiny.batches("train", 10, seed=3)
            train.epoch = initial_epoch
            saver = callbacks.Checkpoint(folder)
            return model.fit(
                train, epochs=epochs, initial_epoch=initial_epoch, verbose=0, callbacks=[saver]
            ).history["loss"]

        whole = fit(fresh(1), 4, tmp_path / "whole")
        first = fit(fresh(1), 2, tmp_path / "cut")
        resumed = fresh(2)
        assert checkpoint.restore(resumed, tmp_path / "cut") == 2
        # Dropout's seeds are part of the state, or the losses would differ in the second digit.
        np.testing.assert_allclose(first + fit(resumed, 4, tmp_path / "cut", 2), whole, rtol=1e-5)

    def test_no_two_epochs_of_two_seeds_draw_alike(self, tmp_path):
        drawn = set()
        for seed in range(3):
            saver = callbacks.Checkpoint(tmp_path, seed)
            for epoch in range(3):
                saver.on_epoch_begin(epoch)
                drawn.add(float(np.random.rand()))
        assert len(drawn) == 9

    def test_keeps_two_files(self, tiny, tiny_model, tmp_path):
        saver = callbacks.Checkpoint(tmp_path)
        tiny_model.fit(tiny.batches("train", 30), epochs=4, verbose=0, callbacks=[saver])
        assert [p.name for p in checkpoint.checkpoints(tmp_path)] == [
            "epoch-0003.npz",
            "epoch-0004.npz",
        ]

    def test_a_full_disk_leaves_the_previous_one_whole(self, tiny, tiny_model, tmp_path):
        saver = callbacks.Checkpoint(tmp_path)
        tiny_model.fit(tiny.batches("train", 30), epochs=1, verbose=0, callbacks=[saver])
        before = checkpoint.latest(tmp_path).read_bytes()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))  # writes fail after 2000 bytes
        try:
            with pytest.raises(
                OSError, match="epoch 2 could not be written.*epoch-0001.npz is whole"
            ):
                saver.on_epoch_end(1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [p.name for p in tmp_path.iterdir()] == ["epoch-0001.npz"]
        assert checkpoint.latest(tmp_path).read_bytes() == before

    def test_a_damaged_file_sends_it_back_to_the_one_before(
        self, tiny, tiny_model, tmp_path, capsys
    ):
        saver = callbacks.Checkpoint(tmp_path)
        tiny_model.fit(tiny.batches("train", 30), epochs=2, verbose=0, callbacks=[saver])
        newest = checkpoint.latest(tmp_path)
        newest.write_bytes(newest.read_bytes()[:500])
        assert checkpoint.restore(tiny_model, tmp_path) == 1
        assert "epoch-0002.npz cannot be read" in capsys.readouterr().out

    def test_another_model_is_refused(self, tiny, tiny_model, tmp_path):
        saver = callbacks.Checkpoint(tmp_path)
        tiny_model.fit(tiny.batches("train", 30), epochs=1, verbose=0, callbacks=[saver])
        other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        other.compile("adam", "mse")
        with pytest.raises(ValueError, match="of another model or optimizer"):
            checkpoint.restore(other, tmp_path)


class TestMetricsLog:
    def test_writes_a_row_an_epoch_and_drops_those_that_are_made_again(
        self, tiny, tiny_model, tmp_path
    ):
        path = tmp_path / "metrics.csv"
        batches = tiny.batches("train", 10)
        log = callbacks.MetricsLog(path)
        losses = tiny_model.fit(batches, epochs=3, verbose=0, callbacks=[log]).history["loss"]
        rows = read_metrics(path)
        assert [row["epoch"] for row in rows] == [1, 2, 3]
        assert [row["loss"] for row in rows] == pytest.approx(losses)
        assert rows[0]["learning_rate"] == pytest.approx(0.01)
        again = callbacks.MetricsLog(path)
        tiny_model.fit(batches, epochs=2, initial_epoch=1, verbose=0, callbacks=[again])
        assert [row["epoch"] for row in read_metrics(path)] == [1, 2]

    def test_takes_columns_that_come_and_go(self, tiny, tiny_model, tmp_path):
        tiny_model.fit(
            tiny.batches("train", 30),
            validation_data=tiny.batches("val", 10),
            validation_freq=2,
            epochs=3,
            verbose=0,
            callbacks=[callbacks.MetricsLog(tmp_path / "metrics.csv")],
        )
        rows = read_metrics(tmp_path / "metrics.csv")
        assert ["val_loss" in row for row in rows] == [False, True, False]

    def test_names_a_damaged_file(self, tmp_path):
        (tmp_path / "metrics.csv").write_text("epoch,loss\nabc,0.5\n")
        with pytest.raises(ValueError, match="metrics.csv is damaged"):
            callbacks.MetricsLog(tmp_path / "metrics.csv")

    def test_makes_its_folder_and_means_over_the_classes_of_a_metric(
        self, tiny, tiny_model, tmp_path
    ):
        f1 = keras.metrics.F1Score(name="f1")  # a value a class
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        tiny_model.compile("adam", loss, metrics=[f1])
        x, y = tiny.normalize(tiny.x_train), np.eye(3)[tiny.y_train]
        path = tmp_path / "not there" / "metrics.csv"
        log, screen = callbacks.MetricsLog(path), callbacks.Progress()
        board = callbacks.TensorBoard(tmp_path / "board")
        history = tiny_model.fit(x, y, verbose=0, callbacks=[log, screen, board]).history
        assert len(history["f1"][0]) == 3
        assert read_metrics(path)[0]["f1"] == pytest.approx(np.mean(history["f1"][0]))

    @pytest.mark.filterwarnings("ignore:Your input ran out of data")
    def test_writes_the_rate_of_the_last_step_whoever_counted_it(self, tiny, tiny_model, tmp_path):
        """Also where Keras does not know the number of steps, and in a second fit."""
        x, y = tiny.normalize(tiny.x_train), tiny.y_train

        def batches():
            for start in (0, 10, 20, 0, 10, 20):
                yield x[start : start + 10], y[start : start + 10]

        cycle = OneCycle(0.1, total_steps=9, peak_step=2)
        tiny_model.compile(keras.optimizers.SGD(cycle), tiny_model.loss)
        path = tmp_path / "metrics.csv"
        for data in ({"x": batches()}, {"x": x, "y": y, "batch_size": 10}):
            log = callbacks.MetricsLog(path)
            tiny_model.fit(**data, shuffle=False, verbose=0, callbacks=[log])
        assert log.rows[-1]["learning_rate"] == pytest.approx(float(cycle(8)), rel=1e-5)


class TestProgress:
    def test_prints_a_line_an_epoch_where_there_is_no_terminal(self, tiny, tiny_model, capsys):
        tiny_model.fit(
            tiny.batches("train", 10), epochs=2, verbose=0, callbacks=[callbacks.Progress()]
        )
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2
        assert lines[1].startswith("epoch   2/2  accuracy ") and "rate 1.00e-02" in lines[1]

    def test_draws_a_bar_on_a_terminal(self, tiny, tiny_model):
        import io

        from rich.console import Console

        screen = Console(file=io.StringIO(), force_terminal=True, width=120)
        tiny_model.fit(
            tiny.batches("train", 10), epochs=1, verbose=0, callbacks=[callbacks.Progress(screen)]
        )
        shown = screen.file.getvalue()
        assert "1/3" in shown and "rate 1.00e-02" in shown


class TestReports:
    def test_draw_when_training_ends(self, tiny, tiny_model, tmp_path):
        files = {
            name: tmp_path / "figures" / f"{name}.png" for name in ("wrong", "heat", "confusion")
        }
        tiny_model.fit(
            tiny.batches("train", 10),
            verbose=0,
            callbacks=[
                callbacks.MisclassifiedReport(tiny, files["wrong"]),
                callbacks.GradCAMReport(tiny, files["heat"]),
                callbacks.ConfusionReport(tiny, files["confusion"]),
            ],
        )
        assert all(path.read_bytes().startswith(b"\x89PNG") for path in files.values())

    @pytest.mark.parametrize(
        ("layer", "message"), [("lost", "no layer 'lost'"), ("logits", "needed are 5x5")]
    )
    def test_a_layer_that_will_not_do_is_refused_before_the_training(
        self, layer, message, tiny, tiny_model, tmp_path
    ):
        before = tiny_model.get_weights()
        report = callbacks.GradCAMReport(tiny, tmp_path / "heat.png", layer=layer)
        with pytest.raises(ValueError, match=message):
            tiny_model.fit(tiny.batches("train", 10), verbose=0, callbacks=[report])
        assert all(map(np.array_equal, before, tiny_model.get_weights()))

    @pytest.mark.once
    @pytest.mark.parametrize("report", [callbacks.ConfusionReport, callbacks.MisclassifiedReport])
    def test_a_net_that_is_no_classifier_is_refused_before_the_training(
        self, report, tiny, tmp_path
    ):
        image = keras.Input((8, 8, 3))
        flat = keras.layers.Flatten()(image)
        one, two = keras.layers.Dense(1, name="one")(flat), keras.layers.Dense(3, name="two")(flat)
        for outputs, message in ((one, r"gives \(None, 1\)"), ([one, two], "gives 2 outputs")):
            model = keras.Model(image, outputs)
            targets = [np.zeros((30, 1)) for _ in model.outputs]
            model.compile(loss=["mse" for _ in model.outputs])
            reports = [report(tiny, tmp_path / "figure.png")]
            with pytest.raises(ValueError, match=message):
                model.fit(tiny.normalize(tiny.x_train), targets, verbose=0, callbacks=reports)
