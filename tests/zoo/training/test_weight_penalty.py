"""The penalty on the kernels, against Keras's regularizers, and that no fit leaves it behind."""

import keras
import numpy as np
import pytest

from zoo.training.callbacks import WeightPenalty

X = np.zeros((4, 3), "float32")  # no gradient but the penalty's reaches the kernel
Y = np.ones((4, 2), "float32")
KERNEL = np.array([[1.0, -2.0], [3.0, -4.0], [0.5, 0.25]], "float32")
HOOKS = ["on_train_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_begin"]


def one_layer(regularizer=None):
    """A Dense whose loss on X and Y is 0."""
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2, name="d", kernel_regularizer=regularizer)]
    )
    model.get_layer("d").set_weights([KERNEL, np.ones(2, "float32")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def fit(model, *callbacks, **settings):
    return model.fit(X, Y, batch_size=4, verbose=0, callbacks=list(callbacks), **settings).history


def kernel_of(model):
    return keras.ops.convert_to_numpy(model.get_layer("d").kernel)


def test_one_step_of_sgd_decays_kernels_by_the_penaltys_gradient():
    model = one_layer()
    history = fit(model, WeightPenalty(l1=0.01, l2=0.1), validation_data=(X, Y))
    expected = KERNEL - 0.1 * (0.01 * np.sign(KERNEL) + 2 * 0.1 * KERNEL)
    np.testing.assert_allclose(kernel_of(model), expected, rtol=1e-5)
    penalty = 0.01 * np.abs(KERNEL).sum() + 0.1 * (KERNEL**2).sum()
    assert history["loss"][0] == pytest.approx(penalty, rel=1e-5)
    assert history["val_loss"][0] == pytest.approx(0.0, abs=1e-6)


def test_trains_as_kerass_regularizer_does(tiny, tiny_model):
    regularizer = keras.regularizers.L1L2(1e-3, 1e-2)
    config, start = tiny_model.get_config(), tiny_model.get_weights()

    def trained(regularizer, *callbacks):
        keras.utils.set_random_seed(3)
        model = keras.Sequential.from_config(config)
        for layer in model.layers:
            if hasattr(layer, "kernel"):
                layer.kernel.regularizer = regularizer
        model.set_weights(start)
        model.compile(keras.optimizers.Adam(0.01), tiny_model.loss)
        train = tiny.batches("train", 10)
        history = model.fit(train, epochs=3, verbose=0, callbacks=list(callbacks)).history
        return history["loss"], model.get_weights()

    losses, weights = trained(regularizer)
    ours, our_weights = trained(None, WeightPenalty(1e-3, 1e-2))
    np.testing.assert_allclose(ours, losses, rtol=1e-4)
    for got, expected in zip(our_weights, weights, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-5)


def test_adds_to_what_the_model_and_other_callbacks_have():
    own = keras.regularizers.L2(0.5)
    model = one_layer(own)
    history = fit(model, WeightPenalty(l1=0.01), WeightPenalty(l2=0.1))
    penalty = 0.01 * np.abs(KERNEL).sum() + 0.6 * (KERNEL**2).sum()
    assert history["loss"][0] == pytest.approx(penalty, rel=1e-5)
    assert model.get_layer("d").kernel.regularizer is own
    own_penalty = 0.5 * (kernel_of(model) ** 2).sum()
    assert fit(model)["loss"][0] == pytest.approx(own_penalty, rel=1e-5)


def test_comes_and_goes_from_fit_to_fit():
    model, penalty = one_layer(), WeightPenalty(l2=1.0)
    for _ in range(2):
        assert fit(model)["loss"][0] == pytest.approx(0.0, abs=1e-6)
        assert fit(model, penalty)["loss"][0] > 1e-3


def test_stays_where_another_callback_has_the_step_compiled_again():
    class Freeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.make_train_function(force=True)

    model = one_layer()
    losses = fit(model, WeightPenalty(l2=0.1), Freeze(), epochs=2)["loss"]
    assert min(losses) > 0.1
    assert fit(model)["loss"][0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("hook", HOOKS)
def test_leaves_nothing_after_an_interrupt(hook, interrupted):
    model, settings = one_layer(), {"y": Y, "batch_size": 2, "epochs": 2}
    interrupted(model, X, [WeightPenalty(l2=1.0)], hook, validation_data=(X, Y), **settings)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(0.0, abs=1e-6)
    assert float(model.train_on_batch(X, Y)) == pytest.approx(0.0, abs=1e-6)
    interrupted(model, X, [WeightPenalty(l2=1.0)], hook, validation_data=(X, Y), **settings)
    assert fit(model)["loss"][0] == pytest.approx(0.0, abs=1e-6)
    assert model.losses == []


@pytest.mark.once
@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), "1e-3", None, True])
def test_refuses_what_is_no_penalty(wrong):
    with pytest.raises(ValueError, match=f"l2={wrong!r} must be a finite number, 0 or more"):
        WeightPenalty(l2=wrong)
