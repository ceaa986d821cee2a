"""Blocks against Keras's own layers, weight for weight."""

import keras
import numpy as np
import pytest

from zoo import layers


def both(ours, theirs, shape):
    """The two layers with the same weights."""
    for layer in (ours, theirs):
        layer.build((None, *shape))
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.5, 1.5, w.shape).astype("float32") for w in theirs.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def images(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def numpy(x):
    return keras.ops.convert_to_numpy(x)


class TestConv2D:
    @pytest.mark.parametrize(
        "options",
        [
            {"padding": "same"},
            {"padding": "same", "strides": 2},
            {"padding": "same", "dilation_rate": 3},
            {"padding": "valid", "strides": (2, 1), "kernel_size": (3, 5)},
            {"padding": "same", "kernel_size": 4, "groups": 2, "activation": "relu"},
            {"padding": "same", "strides": 3, "use_bias": False},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("size", [10, 11])
    def test_equals_keras(self, options, size):
        options = {"kernel_size": 3} | options
        pair = both(layers.Conv2D(6, **options), keras.layers.Conv2D(6, **options), (size, 9, 4))
        x = images(3, size, 9, 4)
        ours, theirs = [numpy(layer(x)) for layer in pair]
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


class TestBatchNormalization:
    @pytest.mark.parametrize("training", [True, False])
    def test_equals_keras_and_moves_its_averages_alike(self, training):
        options = {"momentum": 0.9, "epsilon": 1e-5}
        pair = both(
            layers.BatchNormalization(**options),
            keras.layers.BatchNormalization(**options),
            (7, 5, 4),
        )
        x = 3 + 2 * images(6, 7, 5, 4)
        ours, theirs = [numpy(layer(x, training=training)) for layer in pair]
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
        for one, other in zip(*[layer.get_weights() for layer in pair], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)

    def test_trains_as_keras_does(self):
        x, y = images(16, 6, 6, 3), np.arange(16) % 2

        def fitted(norm):
            keras.utils.set_random_seed(3)
            model = keras.Sequential(
                [
                    keras.Input((6, 6, 3)),
                    keras.layers.Conv2D(4, 3),
                    norm(momentum=0.9),
                    keras.layers.Flatten(),
                    keras.layers.Dense(2),
                ]
            )
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile(keras.optimizers.SGD(0.05), loss)
            model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
            return model.get_weights()

        pairs = zip(
            fitted(layers.BatchNormalization),
            fitted(keras.layers.BatchNormalization),
            strict=True,
        )
        for ours, theirs in pairs:
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)

    def test_a_half_precision_net_uses_kerass_own(self):
        norm = layers.BatchNormalization(dtype="mixed_bfloat16")
        out = norm(images(2, 5, 5, 3), training=True)
        assert keras.backend.standardize_dtype(out.dtype) == "bfloat16"


class TestNormalization:
    IMAGES = np.random.default_rng(0).normal(2, 3, (4, 5, 6, 8)).astype("float32")
    # norm -> groups, and the axes of (b, h, w, groups, c / groups) that share a mean
    SHARED = {"layer": (1, (1, 2, 3, 4)), "group": (4, (1, 2, 4)), "instance": (8, (1, 2, 4))}

    @pytest.mark.parametrize("norm", SHARED)
    def test_each_norm_shares_statistics_as_its_name_says(self, norm):
        groups, axes = self.SHARED[norm]
        image = keras.Input((5, 6, 8))
        model = keras.Model(image, layers.normalization(image, norm, "norm", groups=4))
        split = self.IMAGES.reshape(4, 5, 6, groups, 8 // groups).astype("float64")
        mean, variance = split.mean(axes, keepdims=True), split.var(axes, keepdims=True)
        expected = ((split - mean) / np.sqrt(variance + 1e-5)).reshape(self.IMAGES.shape)
        np.testing.assert_allclose(model.predict(self.IMAGES, verbose=0), expected, atol=1e-4)
        assert model.count_params() == 2 * 8

    def test_batch_norm_has_the_course_s_momentum(self):
        image = keras.Input((5, 6, 8))
        model = keras.Model(image, layers.normalization(image, "batch", "norm"))
        layer = model.get_layer("norm")
        assert (layer.momentum, layer.epsilon) == (0.9, 1e-5)

    @pytest.mark.once
    def test_groups_that_do_not_divide_the_channels_are_refused(self):
        with pytest.raises(ValueError, match="3 groups do not divide 8 channels; 1, 2, 4, 8 do"):
            layers.normalization(keras.Input((5, 6, 8)), "group", "norm", groups=3)

    @pytest.mark.once
    def test_an_unknown_norm_is_refused(self):
        with pytest.raises(ValueError, match="norm='power' must be one of batch, layer"):
            layers.normalization(keras.Input((5, 6, 8)), "power", "norm")
