"""One-cycle against torch's scheduler, and what the optimizers really apply."""

import keras
import numpy as np
import pytest

from zoo.training import OneCycle, cycle_momentum


def torchs_cycle(optimizer, steps, pct, anneal, final, high=0.95, low=0.85):
    """Rate and momentum in each step by torch.optim.lr_scheduler.OneCycleLR."""
    import torch

    weight = torch.nn.Parameter(torch.zeros(1))
    if optimizer == "sgd":
        opt = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    else:
        opt = torch.optim.Adam([weight], lr=0.1)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        opt, max_lr=0.3, total_steps=steps, pct_start=pct, anneal_strategy=anneal,
        base_momentum=low, max_momentum=high, div_factor=20, final_div_factor=final,
    )  # fmt: skip
    rates, momenta = [], []
    for step in range(steps):
        group = opt.param_groups[0]
        rates.append(group["lr"])
        momenta.append(group["momentum"] if optimizer == "sgd" else group["betas"][0])
        opt.step()
        if step < steps - 1:
            cycle.step()
    return rates, momenta


class TestOneCycle:
    @pytest.mark.parametrize("anneal", ["cos", "linear"])
    @pytest.mark.parametrize("final", [1e4, 50.0, 1.0])
    def test_equals_torchs_scheduler_in_every_step(self, anneal, final):
        steps, pct = 40, 0.25
        rates, momenta = torchs_cycle("sgd", steps, pct, anneal, final)
        ours = OneCycle(0.3, steps, pct * steps - 1, 20, final, anneal, momentum=(0.95, 0.85))
        np.testing.assert_allclose([float(ours(t)) for t in range(steps)], rates, rtol=2e-5)
        np.testing.assert_allclose(
            [float(ours.momentum_at(t)) for t in range(steps)], momenta, 1e-5
        )

    def test_is_highest_at_the_peak_and_stays_at_its_last_value(self):
        cycle = OneCycle(0.01, total_steps=100, peak_step=30)
        rates = [float(cycle(t)) for t in range(120)]
        assert np.argmax(rates) == 30 and rates[30] == pytest.approx(0.01)
        assert rates[0] == pytest.approx(0.01 / 25, rel=1e-5)
        assert rates[99] == pytest.approx(0.01 / 25 / 1e4, rel=1e-5) and rates[119] == rates[99]

    def test_without_annihilation_ends_where_it_started(self):
        cycle = OneCycle(0.01, 50, 10, final_div_factor=None)
        assert float(cycle(49)) == pytest.approx(float(cycle(0)), rel=1e-5)

    def test_takes_many_steps_at_once(self):
        cycle = OneCycle(0.01, 10, 3)
        rates = keras.ops.convert_to_numpy(cycle(np.arange(10)))
        np.testing.assert_allclose(rates, [float(cycle(t)) for t in range(10)], rtol=1e-6)

    def test_survives_its_config(self):
        cycle = OneCycle(0.01, 50, 10, anneal="linear", momentum=(0.9, 0.8))
        copy = OneCycle.from_config(cycle.get_config())
        assert float(copy(7)) == float(cycle(7)) and copy.momentum == (0.9, 0.8)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"peak_step": 50}, "peak_step=50 must lie in 0 to total_steps - 1 = 49"),
            ({"peak_step": 49.5}, "peak_step=49.5 must lie in 0 to total_steps - 1 = 49"),
            ({"max_lr": -1.0}, "max_lr=-1.0 must be positive"),
            ({"max_lr": float("inf")}, "max_lr=inf must be positive and finite"),
            ({"div_factor": 0}, "div_factor=0 must be positive"),
            ({"anneal": "step"}, "anneal='step' must be"),
            ({"momentum": (0.9, 1.5)}, "must be .high, low., both"),
        ],
    )
    def test_refuses_what_makes_no_cycle(self, wrong, message):
        with pytest.raises(ValueError, match=message):
            OneCycle(**({"max_lr": 0.1, "total_steps": 50, "peak_step": 10} | wrong))

    def test_of_a_single_step_stays_where_it_begins(self):
        assert float(OneCycle(0.1, total_steps=1, peak_step=0.3)(0)) == pytest.approx(0.1 / 25)

    def test_says_how_to_get_momentum(self):
        with pytest.raises(ValueError, match="momentum=\\(0.95, 0.85\\)"):
            OneCycle(0.01, 10, 3).momentum_at(0)


def fit_one_weight(optimizer, steps):
    """Train w of the model y = w x, loss = mean(y), on x = 1: the gradient is always 1."""
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
    )
    model.compile(optimizer, lambda y_true, y_pred: keras.ops.mean(y_pred))
    x = np.ones((steps, 1), "float32")
    model.fit(x, x, batch_size=1, epochs=1, verbose=0)
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
        moved = fit_one_weight(keras.optimizers.SGD(self.cycle()), self.STEPS)
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

    def test_without_momentum_or_schedule_it_says_so(self):
        with pytest.raises(ValueError, match="must be a OneCycle"):
            cycle_momentum(keras.optimizers.Adam(0.1))
        with pytest.raises(ValueError, match="has no momentum that can cycle"):
            cycle_momentum(keras.optimizers.SGD(self.cycle()))
        with pytest.raises(ValueError, match="has no momentum that can cycle"):
            cycle_momentum(keras.optimizers.Muon(self.cycle()))

    def test_a_model_with_a_cycling_optimizer_can_be_saved(self, tiny, tiny_model, tmp_path):
        tiny_model.compile(cycle_momentum(keras.optimizers.Adam(self.cycle())), tiny_model.loss)
        tiny_model.fit(tiny.batches("train", 10), verbose=0)
        tiny_model.save(tmp_path / "model.keras")
        restored = keras.saving.load_model(tmp_path / "model.keras")
        assert restored.optimizer._learning_rate.momentum == (0.95, 0.6)
