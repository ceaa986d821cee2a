"""Trainings whose numbers stop being finite."""

import keras
import numpy as np
import pytest

from zoo.training.callbacks import Checkpoint, MetricsLog, StopOnNonFinite, checkpoint


class Poison(keras.callbacks.Callback):
    """Puts a value into one of the model's weights at a moment of an epoch."""

    def __init__(self, value, layer, weight=-1, hook="on_epoch_begin", epoch=2):
        super().__init__()
        self.value, self.layer, self.weight, self.epoch = value, layer, weight, epoch
        setattr(self, hook, self.poison)

    def poison(self, number=None, logs=None):
        if number in (None, self.epoch):
            variable = self.model.get_layer(self.layer).weights[self.weight]
            variable.assign(np.full(variable.shape, self.value))


@pytest.fixture
def linear():
    """tensorflow's kernels make 0 of NaN where a convolution ends in a ReLU; here is neither."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((8, 8, 3)), *layers])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def fit(model, tiny, folder, *callbacks, epochs=5, **settings):
    saving = [StopOnNonFinite(), MetricsLog(folder / "metrics.csv"), Checkpoint(folder)]
    return model.fit(
        tiny.batches("train", 10), epochs=epochs, verbose=0, callbacks=[*callbacks, *saving],
        **settings,
    )  # fmt: skip


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_says_at_which_step_and_rate_and_keeps_the_last_checkpoint(
    value, tiny, tiny_model, tmp_path
):
    with pytest.raises(FloatingPointError, match=r"step 6 \(epoch 3, batch 1\).* 0.01;"):
        fit(tiny_model, tiny, tmp_path, Poison(value, "logits"))
    assert checkpoint.latest(tmp_path).name == "epoch-0002.npz"
    with np.load(checkpoint.latest(tmp_path)) as saved:
        assert all(np.isfinite(saved[key]).all() for key in saved)


def test_one_bad_image_in_the_last_batch_stops_it(tiny, linear):
    x = tiny.normalize(tiny.x_train)
    x[25] = np.nan
    with pytest.raises(FloatingPointError, match=r"loss became nan at step 2 .epoch 1, batch 3"):
        linear.fit(
            x, tiny.y_train, batch_size=10, shuffle=False, verbose=0, callbacks=[StopOnNonFinite()]
        )


def test_a_validation_loss_stops_it_before_anything_is_saved(tiny, linear, tmp_path):
    x = tiny.normalize(tiny.x_val)
    x[3] = np.inf
    with pytest.raises(FloatingPointError, match="after epoch 1 val_loss is nan; .* 0.01;"):
        fit(linear, tiny, tmp_path, validation_data=(x, tiny.y_val))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("validated", [True, False])
def test_a_step_too_far_in_the_last_batch_stops_it(validated, tiny, tiny_model, tmp_path):
    """One batch per epoch: its loss was still finite."""
    tiny_model.compile(keras.optimizers.SGD(np.inf), tiny_model.loss)
    validation = {"validation_data": tiny.batches("val", 10)} if validated else {}
    with pytest.raises(
        FloatingPointError, match="after epoch 1 .*; the last learning rate was inf;"
    ):
        tiny_model.fit(
            tiny.batches("train", 30), verbose=0, callbacks=[StopOnNonFinite()], **validation
        )


def test_the_statistics_of_a_norm_stop_it(tiny, tmp_path):
    layers = [keras.layers.BatchNormalization(name="norm"), keras.layers.Flatten()]
    model = keras.Sequential([keras.Input((8, 8, 3)), *layers, keras.layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    bad = Poison(np.inf, "norm", hook="on_epoch_end")  # moving_variance: no training step reads it
    with pytest.raises(FloatingPointError, match="the weight .*norm/moving_variance is not finite"):
        fit(model, tiny, tmp_path, bad)
    assert checkpoint.latest(tmp_path).name == "epoch-0002.npz"
