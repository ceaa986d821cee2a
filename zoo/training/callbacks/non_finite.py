"""Stop where a loss or a weight is no longer a finite number."""

import math

import keras

from zoo.training.callbacks.metrics_log import scalars
from zoo.training.schedules import last_rate, rate_at, steps_taken

NEXT_STEP = "lower it, clip the gradient (clipnorm=1), or look for bad values in the data"


class StopOnNonFinite(keras.callbacks.Callback):
    """Raise `FloatingPointError` where numbers become NaN or infinite, before they are saved.

    It looks at the loss after every batch, and after every epoch at all losses of that epoch and
    at the weights, the statistics of norms included. Put it before the callbacks that save. Keras's
    own TerminateOnNaN knows the training loss alone, ends the training quietly, and lets the
    callbacks after it save the broken weights.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._steps_before = epoch, steps_taken(self.model.optimizer)

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            step = self._steps_before + batch
            rate = rate_at(self.model.optimizer, step)
            raise FloatingPointError(
                f"the loss became {loss} at step {step} (epoch {self._epoch + 1}, batch "
                f"{batch + 1}), where the learning rate was {rate:.3g}; {NEXT_STEP}"
            )

    def on_epoch_end(self, epoch, logs=None):
        broken = [
            f"{key} is {value}"
            for key, value in scalars(logs).items()
            if key.endswith("loss") and not math.isfinite(value)
        ]
        broken += [f"the weight {weight.path} is not finite" for weight in _broken(self.model)]
        if broken:
            raise FloatingPointError(
                f"after epoch {epoch + 1} {broken[0]}; the last learning rate was "
                f"{last_rate(self.model.optimizer):.3g}; {NEXT_STEP}"
            )


def _broken(model: keras.Model) -> list[keras.Variable]:
    """The weights with a value that is NaN or infinite."""
    return [
        weight
        for weight in model.weights
        if keras.backend.is_float_dtype(weight.dtype)
        and not bool(keras.ops.all(keras.ops.isfinite(weight)))
    ]
