"""The momentum that an optimizer really applies while it cycles."""

import keras
import numpy as np
import pytest

from zoo.training import OneCycle, cycle_momentum


@keras.saving.register_keras_serializable(package="test_momentum")
def mean_output(y_true, y_pred):
    return keras.ops.mean(y_pred)


def fit_one_weight(optimizer, steps, save_to=None):
    """Train w of the model y = w x, loss = mean(y), on x = 1: the gradient is always 1."""
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
    )
    model.compile(optimizer, mean_output)
    x = np.ones((steps, 1), "float32")
    model.fit(x, x, batch_size=1, epochs=1, verbose=0)
    if save_to:
        model.save(save_to)
    return float(keras.ops.convert_to_numpy(model.trainable_variables[0])[0, 0])


class TestApplied:
    """What a weight has moved by after all steps, against the recurrences written out."""

    STEPS = 24

    def cycle(self):
        return OneCycle(0.1, self.STEPS, 7, momentum=(0.95, 0.6))

    def numbers(self):
        cycle = self.cycle()
        steps = range(self.STEPS)
        return [float(cycle(t)) for t in steps], [float(cycle.momentum_at(t)) for t in steps]

    def test_sgd_moves_by_the_sum_of_the_rates(self):
        rates, _ = self.numbers()
        moved = fit_one_weight(keras.optimizers.SGD(OneCycle(0.1, self.STEPS, 7)), self.STEPS)
        assert moved == pytest.approx(-sum(rates), rel=1e-5)

    def test_sgds_momentum_follows_the_cycle(self):
        rates, momenta = self.numbers()
        weight = velocity = 0.0
        for rate, momentum in zip(rates, momenta, strict=True):
            velocity = momentum * velocity - rate
            weight += velocity
        optimizer = cycle_momentum(keras.optimizers.SGD(self.cycle(), momentum=0.9))
        assert fit_one_weight(optimizer, self.STEPS) == pytest.approx(weight, rel=1e-4)

    def test_rmsprops_momentum_follows_the_cycle(self):
        rates, momenta = self.numbers()
        weight = square = velocity = 0.0
        for rate, momentum in zip(rates, momenta, strict=True):
            square = 0.9 * square + 0.1
            velocity = momentum * velocity + rate / (square + 1e-7) ** 0.5
            weight -= velocity
        optimizer = cycle_momentum(keras.optimizers.RMSprop(self.cycle(), momentum=0.9))
        assert fit_one_weight(optimizer, self.STEPS) == pytest.approx(weight, rel=1e-3)

    def test_nesterovs_look_ahead_uses_the_same_momentum(self):
        rates, momenta = self.numbers()
        weight = velocity = 0.0
        for rate, momentum in zip(rates, momenta, strict=True):
            velocity = momentum * velocity - rate
            weight += momentum * velocity - rate
        sgd = keras.optimizers.SGD(self.cycle(), momentum=0.9, nesterov=True)
        assert fit_one_weight(cycle_momentum(sgd), self.STEPS) == pytest.approx(weight, rel=1e-4)

    def test_adams_beta_follows_the_cycle(self):
        rates, momenta = self.numbers()
        weight = m = v = 0.0
        for t, (rate, beta) in enumerate(zip(rates, momenta, strict=True), start=1):
            m = beta * m + (1 - beta)
            v = 0.999 * v + 0.001
            step = rate * (1 - 0.999**t) ** 0.5 / (1 - beta**t)
            weight -= step * m / (v**0.5 + 1e-7)
        optimizer = cycle_momentum(keras.optimizers.Adam(self.cycle()))
        assert fit_one_weight(optimizer, self.STEPS) == pytest.approx(weight, rel=1e-3)

    def test_rate_and_momentum_stay_together_where_gradients_accumulate(self):
        rates, momenta = self.numbers()
        weight = velocity = 0.0
        for rate, momentum in list(zip(rates, momenta, strict=True))[1::2]:  # every second batch
            velocity = momentum * velocity - rate
            weight += velocity
        sgd = keras.optimizers.SGD(self.cycle(), momentum=0.9, gradient_accumulation_steps=2)
        assert fit_one_weight(cycle_momentum(sgd), self.STEPS) == pytest.approx(weight, rel=1e-4)

    def test_averaged_weights_follow_them(self):
        """With `use_ema` a `fit` ends with the averages of the weights after each step."""
        rates, momenta = self.numbers()
        weight = velocity = average = 0.0
        for step, (rate, momentum) in enumerate(zip(rates, momenta, strict=True)):
            velocity = momentum * velocity - rate
            weight += velocity
            decay = 0.5 if step else 0.0  # Keras begins with the weights after the first step
            average = decay * average + (1 - decay) * weight
        sgd = keras.optimizers.SGD(self.cycle(), momentum=0.9, use_ema=True, ema_momentum=0.5)
        assert fit_one_weight(cycle_momentum(sgd), self.STEPS) == pytest.approx(average, rel=1e-4)

    def test_without_momentum_or_schedule_it_says_so(self):
        with pytest.raises(ValueError, match="optimizer='adam' must be a Keras optimizer"):
            cycle_momentum("adam")
        with pytest.raises(ValueError, match="must be a OneCycle"):
            cycle_momentum(keras.optimizers.Adam(0.1))
        with pytest.raises(ValueError, match="has no momentum that can cycle"):
            cycle_momentum(keras.optimizers.SGD(self.cycle()))
        with pytest.raises(ValueError, match="has no momentum that can cycle"):
            cycle_momentum(keras.optimizers.Muon(self.cycle()))

    def test_an_optimizer_that_does_not_cycle_says_so_when_it_trains(self, tmp_path):
        """Such as one that was loaded with its model; it need not train."""
        cycling = cycle_momentum(keras.optimizers.SGD(self.cycle(), momentum=0.9))
        fit_one_weight(cycling, 4, save_to=tmp_path / "model.keras")
        model = keras.saving.load_model(tmp_path / "model.keras")
        assert model.optimizer._learning_rate.momentum == (0.95, 0.6)
        x = np.ones((1, 1), "float32")
        with pytest.warns(UserWarning, match=r"momentum=\(0.95, 0.6\) of this OneCycle is not app"):
            model.fit(x, x, verbose=0)

    def test_a_loaded_one_cycles_on_when_it_is_asked_to(self, tmp_path):
        whole = fit_one_weight(
            cycle_momentum(keras.optimizers.SGD(self.cycle(), momentum=0.9)), self.STEPS
        )
        cycling = cycle_momentum(keras.optimizers.SGD(self.cycle(), momentum=0.9))
        fit_one_weight(cycling, 10, save_to=tmp_path / "model.keras")
        model = keras.saving.load_model(tmp_path / "model.keras")
        cycle_momentum(model.optimizer)
        x = np.ones((self.STEPS - 10, 1), "float32")
        model.fit(x, x, batch_size=1, verbose=0)
        assert model.get_weights()[0][0, 0] == pytest.approx(whole, rel=1e-5)
