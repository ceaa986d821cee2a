"""Figures of the validation images."""

import keras
import numpy as np
import pytest

from zoo.training import callbacks


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
        ("layer", "message"), [("lost", "no layer 'lost'"), ("logits", "needed are .h, w, chan")]
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
        maps = keras.layers.Conv2D(1, 8)(image)
        for outputs, message in ((maps, r"gives \(None, 1, 1, 1\)"), ([one, two], "2 outputs")):
            model = keras.Model(image, outputs)
            targets = [np.zeros((30, 1)) for _ in model.outputs]
            model.compile(loss=["mse" for _ in model.outputs])
            reports = [report(tiny, tmp_path / "figure.png")]
            with pytest.raises(ValueError, match=message):
                model.fit(tiny.normalize(tiny.x_train), targets, verbose=0, callbacks=reports)
