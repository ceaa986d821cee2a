"""Trainings whose numbers stop being finite."""

import keras
import numpy as np
import pytest

from zoo.training import callbacks
from zoo.training.callbacks import checkpoint


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
