"""metrics.csv, row by row."""

import keras
import numpy as np
import pytest

from zoo.training import OneCycle, callbacks
from zoo.training.callbacks.metrics_log import read_metrics


class TestMetricsLog:
    def test_writes_one_row_per_epoch_and_drops_those_that_are_repeated(
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

    @pytest.mark.once
    @pytest.mark.parametrize("kind", [callbacks.MetricsLog, callbacks.TensorBoard])
    @pytest.mark.parametrize("path", [None, 3, ""])
    def test_refuses_what_is_no_path(self, kind, path):
        with pytest.raises(ValueError, match=f"={path!r} must be the path"):
            kind(path)

    def test_names_a_damaged_file(self, tmp_path):
        (tmp_path / "metrics.csv").write_text("epoch,loss\nabc,0.5\n")
        with pytest.raises(ValueError, match="metrics.csv is damaged"):
            callbacks.MetricsLog(tmp_path / "metrics.csv")

    def test_makes_its_folder_and_means_over_the_classes_of_a_metric(
        self, tiny, tiny_model, tmp_path
    ):
        f1 = keras.metrics.F1Score(name="f1")  # one value per class
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
