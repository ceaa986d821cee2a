"""The surface against losses worked out by hand, and that the net is left as it was."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.explain import LossSurface, loss_surface


@pytest.fixture
def linear():
    """y = x w of two inputs and one output: its loss over w is known."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    model.set_weights([np.array([[3.0], [4.0]], "float32")])
    return model


@pytest.fixture
def normed():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    return model


def values(model):
    return [ops.convert_to_numpy(v).copy() for v in model.variables]


class TestLossSurface:
    def test_is_the_loss_that_the_moved_weights_have(self, linear):
        x, y = np.eye(2, dtype="float32"), np.array([[3.0], [4.0]], "float32")
        surface = loss_surface(linear, x, y, seed=5, span=0.6, steps=3)
        rng = np.random.default_rng(5)
        directions = [rng.normal(size=2) for _ in range(2)]
        d, e = [5 * v / np.hypot(*v) for v in directions]  # (3, 4) is 5 long
        for row, b in enumerate((-0.6, 0, 0.6)):
            for column, a in enumerate((-0.6, 0, 0.6)):
                expected = ((a * d + b * e) ** 2).mean()
                assert surface.losses[row, column] == pytest.approx(expected, rel=1e-4, abs=1e-9)
        assert surface.steps == pytest.approx([-0.6, 0, 0.6]) and surface.center == 0

    def test_does_not_depend_on_the_scale_of_a_filter_that_a_norm_takes_away(self, tiny, normed):
        x, y = tiny.normalize(tiny.x_train), tiny.y_train
        normed.layers[1].epsilon = 1e-9
        normed.fit(tiny.batches("train", 10), epochs=2, verbose=0)
        before = loss_surface(normed, x, y, span=0.5, steps=3)
        conv, norm = normed.layers[:2]
        gamma, beta, mean, variance = norm.get_weights()
        conv.set_weights([7 * w for w in conv.get_weights()])
        norm.set_weights([gamma, beta, 7 * mean, 49 * variance])
        after = loss_surface(normed, x, y, span=0.5, steps=3)
        np.testing.assert_allclose(after.losses, before.losses, rtol=1e-3)
        assert np.ptp(before.losses) > 0.1

    def test_leaves_weights_and_statistics_as_they_were(self, tiny, normed):
        normed.fit(tiny.batches("train", 10), verbose=0)
        before = values(normed)
        loss_surface(normed, tiny.normalize(tiny.x_train), tiny.y_train, steps=3)
        for now, then in zip(values(normed), before, strict=True):
            np.testing.assert_array_equal(now, then)

    def test_leaves_them_after_an_error_too(self, tiny, normed):
        def failing(y_true, y_pred):
            calls.append(1)
            if len(calls) == 3:
                raise RuntimeError("no more")
            return y_pred[:, 0]

        calls, before = [], values(normed)
        with pytest.raises(RuntimeError, match="no more"):
            loss_surface(normed, tiny.normalize(tiny.x_train), tiny.y_train, failing, steps=3)
        for now, then in zip(values(normed), before, strict=True):
            np.testing.assert_array_equal(now, then)

    def test_is_of_the_loss_without_penalties_batch_by_batch_the_same(self, tiny, normed):
        normed.layers[0].kernel.regularizer = keras.regularizers.L2(10.0)
        x, y = tiny.normalize(tiny.x_train), tiny.y_train
        whole, parts = [loss_surface(normed, x, y, steps=3, batch_size=n) for n in (30, 7)]
        np.testing.assert_allclose(whole.losses, parts.losses, rtol=1e-4)
        plain = float(normed.loss(y, normed.predict(x, verbose=0)))
        assert whole.center == pytest.approx(plain, rel=1e-4)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"steps": 4}, "steps=4 must be odd"),
            ({"span": 0}, "span=0 must be a finite number, above 0"),
            ({"y": [1.0]}, "2 images need as many labels, not 1"),
            ({"loss": ["mse", "mse"]}, "must be one loss; give it"),
        ],
    )
    def test_refuses_what_makes_no_surface(self, linear, wrong, message):
        given = {"x": np.eye(2), "y": np.zeros((2, 1))} | wrong
        with pytest.raises(ValueError, match=message):
            loss_surface(linear, **given)

    def test_needs_kernels(self):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(2.0)])
        with pytest.raises(ValueError, match="no trainable kernel to move"):
            loss_surface(model, np.eye(2), np.eye(2), "mse")


@pytest.mark.once
class TestSharpness:
    STEPS = np.linspace(-1, 1, 5)
    BOWL = LossSurface(STEPS, 1.0 + 4 * STEPS**2 + 2 * STEPS[:, None] ** 2)

    def test_is_keskars_in_the_plane(self):
        assert self.BOWL.center == 1.0
        assert self.BOWL.sharpness(0.5) == pytest.approx((4 * 0.25) / 2)
        assert self.BOWL.sharpness(1.0) == pytest.approx(4 / 2)  # the corners are farther than 1

    @pytest.mark.parametrize("radius", [0.2, 1.5])
    def test_refuses_a_radius_off_the_grid(self, radius):
        with pytest.raises(ValueError, match=f"radius={radius} must lie in 0.5 to 1"):
            self.BOWL.sharpness(radius)
