"""One-cycle against torch's scheduler, and in a saved model."""

import keras
import numpy as np
import pytest

from zoo.training import OneCycle


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
            ({"peak_step": -1}, "peak_step=-1 must be a finite number, 0 or more"),
            ({"peak_step": "5"}, "peak_step='5' must be a finite number"),
            ({"total_steps": 50.5}, "total_steps=50.5 must be a whole number, 1 or more"),
            ({"total_steps": None}, "total_steps=None must be a whole number"),
            ({"max_lr": -1.0}, "max_lr=-1.0 must be a finite number, above 0"),
            ({"max_lr": "a"}, "max_lr='a' must be"),
            ({"max_lr": float("nan")}, "max_lr=nan must be"),
            ({"max_lr": 1e300}, r"max_lr=1e\+300 must be .* 3.4\d*e\+38 or less"),
            ({"div_factor": 0}, "div_factor=0 must be"),
            ({"final_div_factor": 0}, "final_div_factor=0 must be"),
            ({"anneal": "step"}, "anneal='step' must be one of cos, linear"),
            ({"momentum": (0.9, 1.0)}, r"momentum=\(0.9, 1.0\) must be 2 finite numbers, 0 or"),
            ({"momentum": 0.9}, "momentum=0.9 must be 2 finite numbers, 0 or more and below 1"),
            ({"momentum": ("a", "b")}, "must be 2 finite numbers"),
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

    def test_a_saved_model_says_what_to_import(self, tiny_model, tmp_path):
        """Where the zoo is not imported, Keras does not know the class."""
        tiny_model.compile(keras.optimizers.Adam(OneCycle(0.01, 10, 3)), tiny_model.loss)
        tiny_model.optimizer.build(tiny_model.trainable_variables)
        tiny_model.save(tmp_path / "model.keras")
        schedule = keras.saving.load_model(tmp_path / "model.keras").optimizer._learning_rate
        assert (schedule.max_lr, schedule.total_steps, schedule.peak_step) == (0.01, 10, 3)
        known = keras.saving.get_custom_objects().pop("zoo>OneCycle")
        try:
            with pytest.raises(TypeError, match="import zoo, or load .* compile=False"):
                keras.saving.load_model(tmp_path / "model.keras")
            keras.saving.load_model(tmp_path / "model.keras", compile=False)
        finally:
            keras.saving.get_custom_objects()["zoo>OneCycle"] = known

    @pytest.mark.once
    def test_a_config_without_the_hint_is_read_too(self):
        config = OneCycle(0.01, 10, 3).get_config()
        del config["needs"]
        assert OneCycle.from_config(config).get_config() == OneCycle(0.01, 10, 3).get_config()
