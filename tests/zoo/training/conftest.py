"""Trainings that are interrupted."""

import keras
import pytest


class _Interrupt(keras.callbacks.Callback):
    def __init__(self, hook, error):
        super().__init__()
        setattr(self, hook, self.stop)
        self.error = error

    def stop(self, *_, logs=None):
        raise self.error


@pytest.fixture
def interrupted():
    """`interrupted(model, data, callbacks, hook=...)`: a fit that another callback ends there."""

    def fit(model, data, callbacks, hook="on_train_batch_end", error=KeyboardInterrupt, **settings):
        with pytest.raises(error):
            last = _Interrupt(hook, error)
            model.fit(data, verbose=0, callbacks=[*callbacks, last], **settings)

    return fit
