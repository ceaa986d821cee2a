"""Each optimizer by hand against Keras's and PyTorch's, the slopes against differences."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from zoo.fundamentals.optimizers import RULES, SURFACES, descend, replay

STEPS = 60
KERAS = {  # by hand and by Keras, with settings that are nobody's defaults
    "gradient descent": ({"rate": 0.07}, lambda of: of.SGD(0.07)),
    "SGD": ({"rate": 0.07}, lambda of: of.SGD(0.07)),
    "momentum": ({"rate": 0.05, "mu": 0.8}, lambda of: of.SGD(0.05, momentum=0.8)),
    "Nesterov": (
        {"rate": 0.05, "mu": 0.8},
        lambda of: of.SGD(0.05, momentum=0.8, nesterov=True),
    ),
    "AdaGrad": (
        {"rate": 0.3, "begin": 0.2, "eps": 1e-3},
        lambda of: of.Adagrad(0.3, initial_accumulator_value=0.2, epsilon=1e-3),
    ),
    "AdaDelta": (
        {"rate": 0.9, "rho": 0.8, "eps": 1e-3},
        lambda of: of.Adadelta(0.9, rho=0.8, epsilon=1e-3),
    ),
    "RMSprop": (
        {"rate": 0.03, "rho": 0.8, "eps": 1e-3},
        lambda of: of.RMSprop(0.03, rho=0.8, epsilon=1e-3),
    ),
    "Adam": (
        {"rate": 0.06, "beta_1": 0.8, "beta_2": 0.95, "eps": 1e-3},
        lambda of: of.Adam(0.06, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    ),
}


def path(rows):
    return np.array([(row["w1"], row["w2"]) for row in rows])


def slope_of(surface, rule):
    return surface.sampled(seed=3) if rule == "SGD" else surface.gradient


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", SURFACES)
def test_every_step_is_kerass(rule, name):
    surface, (settings, kerass) = SURFACES[name], KERAS[rule]
    by_hand = path(descend(rule, surface, STEPS, seed=3, **settings))
    weight, optimizer = keras.Variable(surface.start), kerass(keras.optimizers)
    slope, walked = slope_of(surface, rule), [surface.start]
    for _ in range(STEPS):
        gradient = slope(walked[-1])
        optimizer.apply([ops.convert_to_tensor(gradient, "float32")], [weight])
        walked.append(ops.convert_to_numpy(weight).astype(float))
    np.testing.assert_allclose(by_hand, walked, rtol=1e-4, atol=1e-4)


@pytest.mark.once
class TestTorch:
    """Where PyTorch's form is another, with settings that make the two one."""

    CASES = {
        "gradient descent": ({"rate": 0.07}, "SGD", {"lr": 0.07}),
        "momentum": ({"rate": 0.05, "mu": 0.8}, "SGD", {"lr": 0.05, "momentum": 0.8}),
        "Nesterov": (
            {"rate": 0.05, "mu": 0.8},
            "SGD",
            {"lr": 0.05, "momentum": 0.8, "nesterov": True},
        ),
        "AdaGrad": (  # eps outside the root there, and a from 0
            {"rate": 0.3, "begin": 0.2, "eps": 0.0},
            "Adagrad",
            {"lr": 0.3, "initial_accumulator_value": 0.2, "eps": 0.0},
        ),
        "AdaDelta": (
            {"rate": 0.9, "rho": 0.8, "eps": 1e-3},
            "Adadelta",
            {"lr": 0.9, "rho": 0.8, "eps": 1e-3},
        ),
        "RMSprop": (  # eps outside the root there
            {"rate": 0.03, "rho": 0.8, "eps": 0.0},
            "RMSprop",
            {"lr": 0.03, "alpha": 0.8, "eps": 0.0},
        ),
        "Adam": (  # eps beside the corrected root there
            {"rate": 0.06, "beta_1": 0.8, "beta_2": 0.95, "eps": 0.0},
            "Adam",
            {"lr": 0.06, "betas": (0.8, 0.95), "eps": 0.0},
        ),
    }

    @pytest.mark.parametrize("rule", CASES)
    @pytest.mark.parametrize("name", SURFACES)
    def test_every_step_is_pytorchs(self, rule, name):
        torch = pytest.importorskip("torch")
        settings, kind, torchs = self.CASES[rule]
        surface = SURFACES[name]
        weight = torch.nn.Parameter(torch.tensor(surface.start, dtype=torch.float64))
        optimizer, walked = getattr(torch.optim, kind)([weight], **torchs), [surface.start]
        for _ in range(STEPS):
            weight.grad = torch.tensor(surface.gradient(weight.detach().numpy()))
            optimizer.step()
            walked.append(weight.detach().numpy().copy())
        by_hand = path(descend(rule, surface, STEPS, **settings))
        np.testing.assert_allclose(by_hand, walked, rtol=1e-9, atol=1e-9)


@pytest.mark.once
class TestRates:
    def test_of_adagrad_only_fall(self):
        rows = descend("AdaGrad", SURFACES["valley"], STEPS)[1:]
        for weight in ("rate 1", "rate 2"):
            assert (np.diff([row[weight] for row in rows]) < 0).all()

    def test_times_the_gradient_are_the_step(self):
        surface = SURFACES["bowl"]
        for rule in ("gradient descent", "AdaGrad", "AdaDelta", "RMSprop"):
            for before, after in itertools.pairwise(descend(rule, surface, 10)):
                rates = np.array([after["rate 1"], after["rate 2"]])
                g = surface.gradient(path([before])[0])
                np.testing.assert_allclose(path([before])[0] - rates * g, path([after])[0])

    @pytest.mark.parametrize("rule", RULES)
    def test_replayed_gradients_give_the_path_again(self, rule):
        surface, walked = SURFACES["valley"], path(descend(rule, SURFACES["valley"], 20, seed=3))
        slope = slope_of(surface, rule)
        again = replay(rule, np.array([slope(w) for w in walked[:-1]]), surface.start)
        np.testing.assert_array_equal(again, walked)

    def test_of_the_steeper_weight_is_the_lower(self):
        first = descend("RMSprop", SURFACES["bowl"], 1, rate=0.1, eps=0.0)[1]
        # a = 0.1 g^2 after one step, with g = (-2.5, 3.6)
        assert first["rate 1"] == pytest.approx(0.1 / (2.5 * 0.1**0.5))
        assert first["rate 2"] == pytest.approx(0.1 / (3.6 * 0.1**0.5))


@pytest.mark.once
class TestSurfaces:
    @pytest.mark.parametrize("name", SURFACES)
    def test_slopes_are_the_finite_differences(self, name):
        surface = SURFACES[name]
        for w in np.random.default_rng(0).uniform(-1.5, 1.5, (20, 2)):
            steps = 1e-6 * np.eye(2)
            around = [(surface.loss(*(w + s)) - surface.loss(*(w - s))) / 2e-6 for s in steps]
            np.testing.assert_allclose(surface.gradient(w), around, rtol=1e-5, atol=1e-8)

    @pytest.mark.parametrize(
        ("name", "lowest"),
        [("bowl", (0, 0)), ("saddle", (0, 1)), ("plateau", (0, 0)), ("valley", (1, 1))],
    )
    def test_slope_is_0_at_the_lowest_point_and_the_start_is_drawn(self, name, lowest):
        surface = SURFACES[name]
        assert not surface.gradient(np.array(lowest, float)).any()
        w1, w2, losses = surface.grid(31)
        assert losses.shape == (31, 31) and losses[4, 7] == surface.loss(w1[7], w2[4])
        assert surface.loss(*lowest) == surface.lowest <= losses.min()
        assert surface.w1[0] < surface.start[0] < surface.w1[1]
        assert surface.w2[0] < surface.start[1] < surface.w2[1]

    def test_samples_are_around_the_surface_and_fixed_by_the_seed(self):
        w, bowl = np.array([1.0, -0.5]), SURFACES["bowl"]
        slope = bowl.sampled(spread=0.3, seed=1)
        drawn = np.array([slope(w) for _ in range(4000)])
        np.testing.assert_allclose(drawn.mean(0), bowl.gradient(w), atol=0.03)
        np.testing.assert_allclose(drawn.std(0), (0.3, 0.6), rtol=0.05)
        again = bowl.sampled(spread=0.3, seed=1)
        np.testing.assert_array_equal(again(w), drawn[0])

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: descend("adam", SURFACES["bowl"], 3), "rule='adam' must be one of gradient"),
            (lambda: descend("Adam", SURFACES["bowl"], 0), "steps=0 must be a whole number, 1 or"),
            (lambda: descend("Adam", SURFACES["bowl"], 1.5), "steps=1.5 must be a whole number"),
            (lambda: descend("Adam", "bowl", 3), "surface='bowl' must be a Surface"),
            (
                lambda: descend("Adam", SURFACES["bowl"], 3, mu=0.9),
                "'mu' must be one of rate, beta",
            ),
            (lambda: descend("SGD", SURFACES["bowl"], 3, rate="1"), "rate='1' must be a finite"),
            (lambda: descend("SGD", SURFACES["bowl"], 3, seed=1.5), "seed=1.5 must be a whole"),
            (
                lambda: replay("adam", np.ones((3, 2)), (0, 0)),
                "rule='adam' must be one of gradient",
            ),
            (lambda: replay("Adam", np.ones((3, 2)), (0, 0, 0)), "start=.* must be 2 finite"),
            (lambda: replay("Adam", np.ones(3), (0, 0)), r"gradients of shape \(3,\) must be"),
            (lambda: SURFACES["bowl"].grid(1), "points=1 must be a whole number, 2 or more"),
            (lambda: SURFACES["bowl"].sampled(-1), "spread=-1 must be a finite number, 0 or more"),
        ],
    )
    def test_says_what_is_wrong(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()
