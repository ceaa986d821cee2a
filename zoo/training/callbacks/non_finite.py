"""Stop where the loss stops being a number."""

import math

import keras

from zoo.training.schedules import rate_at, steps_taken


class StopOnNonFinite(keras.callbacks.Callback):
    """Raise `FloatingPointError` at a step whose loss is NaN or infinite, before the next save.

    The message names epoch, step and learning rate. Keras's own TerminateOnNaN ends the training
    quietly and lets the callbacks after it save the broken weights.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._before = epoch, steps_taken(self.model.optimizer)

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            step = self._before + batch
            rate = rate_at(self.model.optimizer, step)
            raise FloatingPointError(
                f"the loss became {loss} at step {step} (epoch {self._epoch + 1}, batch "
                f"{batch + 1}), where the learning rate was {rate:.3g}; lower it, clip the "
                f"gradient (clipnorm=1), or look for bad values in the data"
            )
