"""The formulas against Keras, numpy and derivatives worked out on paper, on each backend."""

import math
import re

import keras
import numpy as np
import pytest
from keras import activations, ops

from zoo import backend
from zoo.fundamentals.activations import (
    ACTIVATIONS,
    SELU_ALPHA,
    SELU_SCALE,
    prelu,
    srelu,
)

X = np.linspace(-6, 6, 97, dtype="float32")  # holds 0 and the thresholds of SReLU
KINKS = {"ReLU": [0], "leaky ReLU": [0], "PReLU": [0], "SELU": [0], "SReLU": [-1, 1]}
normal = np.exp(-(X**2) / 2) / math.sqrt(2 * math.pi)
below = np.array([(1 + math.erf(x / math.sqrt(2))) / 2 for x in X])
gate = 1 / (1 + np.exp(-X.astype("float64")))


def by_keras(name, x):
    own = {
        "leaky ReLU": lambda x: activations.leaky_relu(x, negative_slope=0.01),
        "PReLU": keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25)),
        "swish": activations.silu,
        "GELU": lambda x: activations.gelu(x, approximate=False),
    }
    return own.get(name) or getattr(activations, name.lower())


def piecewise(x, t_left, a_left, t_right, a_right):
    middle = np.clip(x, t_left, t_right)
    return middle + a_left * np.minimum(x - t_left, 0) + a_right * np.maximum(x - t_right, 0)


def slope(function, x):
    return ops.convert_to_numpy(backend.gradient(lambda x: (ops.sum(function(x)), x), x)[0])


SLOPES = {  # worked out on paper
    "sigmoid": gate * (1 - gate),
    "tanh": 1 / np.cosh(X.astype("float64")) ** 2,
    "ReLU": X > 0,
    "leaky ReLU": np.where(X > 0, 1, 0.01),
    "PReLU": np.where(X > 0, 1, 0.25),
    "ELU": np.where(X > 0, 1, np.exp(X)),
    "SELU": SELU_SCALE * np.where(X > 0, 1, SELU_ALPHA * np.exp(X)),
    "SReLU": np.select([X < -1, X > 1], [0.1, 0.4], 1),
    "swish": gate * (1 + X * (1 - gate)),
    "GELU": below + X * normal,
}


class TestEachActivation:
    @pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "SReLU"])
    def test_is_that_of_keras(self, name):
        x = ops.convert_to_tensor(X[None])
        ours, theirs = ACTIVATIONS[name](x), by_keras(name, x)(x)
        ours, theirs = map(ops.convert_to_numpy, (ours, theirs))
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("name", ACTIVATIONS)
    def test_has_the_derivative_worked_out_on_paper(self, name):
        smooth = ~np.isin(X, KINKS.get(name, []))
        got = slope(ACTIVATIONS[name], X)
        np.testing.assert_allclose(got[smooth], SLOPES[name][smooth], rtol=1e-4, atol=2e-6)

    @pytest.mark.parametrize("name", ACTIVATIONS)
    def test_neither_value_nor_derivative_is_spoilt_by_a_large_number(self, name):
        x = np.array([-1000, 1000], "float32")
        assert np.isfinite(ops.convert_to_numpy(ACTIVATIONS[name](ops.convert_to_tensor(x)))).all()
        ends = {"sigmoid": [0, 0], "tanh": [0, 0], "ELU": [0, 1], "SELU": [0, SELU_SCALE]}
        ends |= {"ReLU": [0, 1], "leaky ReLU": [0.01, 1], "PReLU": [0.25, 1]}
        ends |= {"SReLU": [0.1, 0.4], "swish": [0, 1], "GELU": [0, 1]}
        np.testing.assert_allclose(slope(ACTIVATIONS[name], x), ends[name], rtol=1e-6)

    @pytest.mark.parametrize("name", ["swish", "GELU", "ReLU", "ELU", "PReLU"])
    def test_holds_numbers_up_to_the_largest(self, name):
        largest = ops.convert_to_tensor(np.array([60000], "float16"))
        assert ops.convert_to_numpy(ACTIVATIONS[name](largest)) == 60000

    def test_tanh_is_exact_near_0(self):
        x = np.array([-1e-4, -1e-8, 0, 1e-8, 1e-4], "float32")
        got = ops.convert_to_numpy(ACTIVATIONS["tanh"](ops.convert_to_tensor(x)))
        np.testing.assert_allclose(got, np.tanh(x.astype("float64")), rtol=1e-6)

    @pytest.mark.parametrize("name", ACTIVATIONS)
    def test_what_is_no_number_stays_none(self, name):
        got = ACTIVATIONS[name](ops.convert_to_tensor(np.array([np.nan], "float32")))
        assert np.isnan(ops.convert_to_numpy(got))

    @pytest.mark.parametrize("name", ACTIVATIONS)
    def test_keeps_half_precision_and_the_shape(self, name):
        y = ACTIVATIONS[name](ops.ones((2, 3, 1), "float16"))
        assert keras.backend.standardize_dtype(y.dtype) == "float16" and tuple(y.shape) == (2, 3, 1)

    @pytest.mark.once
    @pytest.mark.parametrize("name", ACTIVATIONS)
    def test_has_the_range_that_its_docstring_gives(self, name):
        claimed, _, use_and_source = ACTIVATIONS[name].__doc__.partition("\n")[0].partition("; ")
        low, high = (float(end) for end in claimed.strip("[()").split(", "))
        y = ops.convert_to_numpy(ACTIVATIONS[name](ops.linspace(-50.0, 50.0, 9999)))
        assert y.min() == pytest.approx(low, abs=0.005) if np.isfinite(low) else y.min() < -0.4
        assert y.max() == pytest.approx(high, abs=0.005) if np.isfinite(high) else y.max() > 20
        assert re.search(r"[A-Z].* (19|20)\d\d", use_and_source), "names no paper"


class TestLearntSlopes:
    def test_prelu_takes_one_for_each_channel(self):
        slopes = np.array([0.1, 0.3, -0.5], "float32")
        x = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype("float32")
        layer = keras.layers.PReLU(shared_axes=(1, 2))
        layer.build(x.shape)
        layer.set_weights([slopes.reshape(1, 1, 3)])
        got = prelu(*map(ops.convert_to_tensor, (x, slopes)))
        np.testing.assert_allclose(*map(ops.convert_to_numpy, (got, layer(x))), rtol=1e-6)

    @pytest.mark.parametrize(
        "four",
        [
            (-1.0, 0.1, 1.0, 0.4),
            (0.0, 0.2, 5.0, 1.0),  # as the paper starts: a leaky ReLU
            (0.5, 2.0, 2.0, -0.5),
            tuple(np.array(pair, "float32") for pair in ([-1, 0], [0.1, 2], [1, 3], [0.4, 0])),
        ],
    )
    def test_srelu_is_three_lines(self, four):
        x = np.stack([X, X], axis=-1)
        got = ops.convert_to_numpy(srelu(*map(ops.convert_to_tensor, (x, *four))))
        np.testing.assert_allclose(got, piecewise(x, *four), rtol=1e-5, atol=1e-6)

    def test_a_slope_and_a_threshold_learn_from_their_side_alone(self):
        x = ops.convert_to_tensor(X)
        assert slope(lambda a: prelu(x, a), 0.25) == pytest.approx(X[X < 0].sum())
        moved = slope(lambda t: srelu(x, t_left=t), -1.0)  # (1 - a_left) for each x at its left
        assert moved == pytest.approx(0.9 * (X <= -1).sum(), rel=1e-5)
