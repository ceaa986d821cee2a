"""A batch that cannot be made ends a training with its own sentence, on every backend."""

import warnings

import keras
import numpy as np
import pytest

from zoo.backend.data_adapter import OrderedDataset
from zoo.cli import recipe


class Damaged(OrderedDataset):
    """Four batches, of which the third cannot be made while `damaged` is set."""

    damaged = True

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.ones((2, 3), "float32"), np.zeros((2, 1), "float32")

    def one_pass(self, epoch):
        for index in range(len(self)):
            if index == 2 and self.damaged:
                raise ValueError("the image 7.png cannot be read; repair or remove it")
            yield self[index]


SENTENCE = "^the image 7.png cannot be read; repair or remove it$"


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_fit_evaluate_and_predict_raise_what_the_batch_raised(model, method):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=SENTENCE):
            getattr(model, method)(Damaged(), verbose=0)


def test_so_does_a_validation_within_fit(model):
    whole = Damaged()
    whole.damaged = False
    with pytest.raises(ValueError, match=SENTENCE):
        model.fit(whole, validation_data=Damaged(), verbose=0)


def test_mended_the_same_batches_train(model):
    data = Damaged()
    with pytest.raises(ValueError, match=SENTENCE):
        model.fit(data, verbose=0)
    data.damaged = False
    history = model.fit(data, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all() and len(history.history["loss"]) == 2


def test_the_command_line_says_it_in_one_line(model, capsys):
    def main():
        model.fit(Damaged(), verbose=0)

    with pytest.raises(SystemExit):
        recipe.run(main, [])
    assert capsys.readouterr().err == (
        "error: the image 7.png cannot be read; repair or remove it\n"
    )


def test_batches_that_run_out_are_still_warned_of(model):
    """Keras's own warning is kept where nothing has failed."""

    class Short(Damaged):
        def one_pass(self, epoch):
            yield self[0]

    with pytest.warns(UserWarning, match="Your input ran out of data"):
        model.fit(Short(), verbose=0)
