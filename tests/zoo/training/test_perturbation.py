"""The noise that reaches a weight: its size, its decay, and that a seed fixes it."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.training import OneCycle, cycle_momentum, perturb_gradients

SGD = keras.optimizers.SGD
WEIGHTS = 4000


def moved(optimizer, steps):
    """WEIGHTS weights after each of some steps of which the loss has no slope, (steps, WEIGHTS)."""
    weights = [keras.Variable(np.zeros(shape)) for shape in ((WEIGHTS // 2 - 1, 2), (2,))]
    after = []
    for _ in range(steps):
        optimizer.apply([ops.zeros(weight.shape) for weight in weights], weights)
        after.append(np.concatenate([np.ravel(ops.convert_to_numpy(w)) for w in weights]))
    return np.array(after)


def steps_of(optimizer, steps):
    return np.diff(moved(optimizer, steps), axis=0, prepend=0.0)


def fitted(optimizer, steps):
    """The same weights, of a layer, after as many steps of one compiled epoch."""
    model = keras.Sequential(
        [keras.Input((WEIGHTS // 2 - 1,)), keras.layers.Dense(2, kernel_initializer="zeros")]
    )
    model.compile(optimizer, lambda y_true, y_pred: ops.sum(0.0 * y_pred))
    x = np.ones((steps, WEIGHTS // 2 - 1), "float32")
    model.fit(x, x, batch_size=1, verbose=0)
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


class TestNoise:
    def test_has_the_papers_variance_in_every_step(self):
        drawn = steps_of(perturb_gradients(SGD(1.0), eta=0.3, gamma=0.55), 6)
        expected = np.sqrt(0.3 / (1 + np.arange(6)) ** 0.55)
        np.testing.assert_allclose(drawn.std(axis=1), expected, rtol=0.05)
        assert np.abs(drawn.mean(axis=1)).max() < 5 * expected[0] / np.sqrt(WEIGHTS)

    def test_differs_from_step_to_step_and_between_weights(self):
        drawn = steps_of(perturb_gradients(SGD(1.0), gamma=0.0), 4)
        together = np.corrcoef(drawn) - np.eye(4)
        assert np.abs(together).max() < 0.08
        assert len(np.unique(drawn[0])) > 0.99 * WEIGHTS

    def test_is_fixed_by_the_seed_and_differs_with_it(self):
        first, again, other = [
            steps_of(perturb_gradients(SGD(1.0), gamma=0.0, seed=seed), 3) for seed in (1, 1, 2)
        ]
        np.testing.assert_array_equal(first, again)
        for a in first:
            for b in other:  # nor is it the other's noise, some steps on
                assert abs(np.corrcoef(a, b)[0, 1]) < 0.08

    @pytest.mark.parametrize("wrap", [lambda sgd: sgd, keras.optimizers.LossScaleOptimizer])
    def test_of_a_compiled_training_is_the_same(self, wrap):
        got = fitted(perturb_gradients(wrap(SGD(1.0)), eta=0.3), 3)
        expected = moved(perturb_gradients(SGD(1.0), eta=0.3), 3)[-1]
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)

    def test_goes_on_where_the_steps_go_on(self):
        whole = steps_of(perturb_gradients(SGD(1.0)), 4)
        resumed = perturb_gradients(SGD(1.0))
        resumed.iterations.assign(2)
        np.testing.assert_allclose(steps_of(resumed, 2), whole[2:], rtol=1e-4, atol=1e-6)

    def test_of_eta_0_is_none(self):
        assert not moved(perturb_gradients(SGD(1.0), eta=0.0), 2).any()


class TestAnyOptimizer:
    @pytest.mark.parametrize("name", ["Adam", "RMSprop", "Adagrad", "Adadelta", "Lion"])
    def test_takes_the_noise_for_gradient(self, name):
        """As if the same noise, drawn by a perturbed SGD, were handed to the plain optimizer."""
        noise = -steps_of(perturb_gradients(SGD(1.0), eta=0.3), 3)
        plain, weight = getattr(keras.optimizers, name)(0.01), keras.Variable(np.zeros(WEIGHTS))
        for step in noise:
            plain.apply([ops.convert_to_tensor(step)], [weight])
        got = moved(perturb_gradients(getattr(keras.optimizers, name)(0.01), eta=0.3), 3)[-1]
        np.testing.assert_allclose(got, ops.convert_to_numpy(weight), rtol=1e-3, atol=1e-5)

    @pytest.mark.parametrize("perturbed_first", [True, False])
    def test_goes_with_a_cycling_momentum(self, perturbed_first):
        cycle = OneCycle(1.0, total_steps=5, peak_step=2, momentum=(0.9, 0.5))
        noise = -steps_of(perturb_gradients(SGD(1.0), eta=0.3), 5)
        weight = velocity = np.zeros_like(noise[0])
        for t, step in enumerate(noise):
            velocity = float(cycle.momentum_at(t)) * velocity - float(cycle(t)) * step
            weight = weight + velocity
        sgd = SGD(cycle, momentum=0.9)
        wraps = [perturb_gradients, cycle_momentum]
        for wrap in wraps if perturbed_first else wraps[::-1]:
            sgd = wrap(sgd, **({"eta": 0.3} if wrap is perturb_gradients else {}))
        np.testing.assert_allclose(fitted(sgd, 5), weight, rtol=1e-3, atol=1e-4)

    def test_a_scaled_loss_does_not_shrink_it(self):
        got = moved(perturb_gradients(SGD(1.0, loss_scale_factor=1024.0), eta=0.3), 3)
        np.testing.assert_allclose(got, moved(perturb_gradients(SGD(1.0), eta=0.3), 3), 1e-4, 1e-5)

    def test_an_embeddings_rows_get_it_too(self):
        model = keras.Sequential(
            [
                keras.Input((1,), dtype="int32"),
                keras.layers.Embedding(50, 8, embeddings_initializer="zeros"),
                keras.layers.Flatten(),
            ]
        )
        model.compile(perturb_gradients(SGD(1.0)), lambda y_true, y_pred: ops.sum(0.0 * y_pred))
        model.fit(np.ones((1, 1), "int32"), np.ones((1, 1)), verbose=0)
        assert np.count_nonzero(model.get_weights()[0]) == 400

    def test_a_weight_without_gradient_stays(self):
        weights = [keras.Variable(np.zeros(3), name=name) for name in ("still", "shaken")]
        with pytest.warns(UserWarning, match="Gradients do not exist.*still"):
            perturb_gradients(SGD(1.0)).apply([None, ops.zeros(3)], weights)
        still, shaken = map(ops.convert_to_numpy, weights)
        assert not still.any() and shaken.all()

    def test_a_model_with_it_can_be_saved(self, tiny, tiny_model, tmp_path):
        tiny_model.compile(perturb_gradients(keras.optimizers.Adam(0.01)), tiny_model.loss)
        tiny_model.fit(tiny.batches("train", 10), verbose=0)
        tiny_model.save(tmp_path / "model.keras")
        assert int(keras.saving.load_model(tmp_path / "model.keras").optimizer.iterations) == 3


@pytest.mark.once
@pytest.mark.parametrize(
    "wrong",
    [{"eta": -1.0}, {"gamma": float("nan")}, {"eta": float("inf")}, {"eta": "1"}, {"seed": 1.5}],
)
def test_refuses_what_is_no_variance(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name}={value!r} must be"):
        perturb_gradients(SGD(0.1), **wrong)


@pytest.mark.once
def test_refuses_what_is_no_optimizer():
    with pytest.raises(ValueError, match="optimizer='sgd' must be a Keras optimizer"):
        perturb_gradients("sgd")
