"""The norms by hand against the layers of Keras, PyTorch and the zoo."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo.fundamentals.normalization import (
    NORMS,
    batch_norm,
    counts,
    group_norm,
    instance_norm,
    layer_norm,
    sharing,
    standardize,
)
from zoo.layers import normalization

BY_HAND = {
    "batch": batch_norm,
    "layer": layer_norm,
    "group": group_norm,
    "instance": instance_norm,
}
SHAPE = N, H, W, C = 3, 4, 5, 6
rng = np.random.default_rng(0)
X = (rng.normal(size=SHAPE) * rng.uniform(0.5, 3, C) + rng.normal(size=(N, 1, 1, C))).astype("f4")
GAMMA, BETA = rng.uniform(0.5, 2, C).astype("f4"), rng.normal(size=C).astype("f4")


def keras_layer(norm):
    return {
        "batch": lambda: layers.BatchNormalization(epsilon=1e-5),
        "layer": lambda: layers.GroupNormalization(1, epsilon=1e-5),
        "group": lambda: layers.GroupNormalization(2, epsilon=1e-5),
        "instance": lambda: layers.GroupNormalization(-1, epsilon=1e-5),
        "layer, axis=(1, 2, 3)": lambda: layers.LayerNormalization((1, 2, 3), epsilon=1e-5),
        "layer, axis=-1": lambda: layers.LayerNormalization(-1, epsilon=1e-5),
    }[norm]()


def trained(layer, gamma=GAMMA, beta=BETA):
    """The layer's result in training, with this gamma and beta."""
    layer.build(X.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    extra = {"training": True} if isinstance(layer, layers.BatchNormalization) else {}
    return ops.convert_to_numpy(layer(X, **extra))


class TestNormsByHand:
    @pytest.mark.parametrize("norm", NORMS)
    def test_are_the_layers_of_keras(self, norm):
        got = BY_HAND[norm](X, GAMMA, BETA)
        np.testing.assert_allclose(got, trained(keras_layer(norm)), rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize("norm", NORMS)
    def test_are_those_of_the_zoo(self, norm):
        image = keras.Input(SHAPE[1:])
        model = keras.Model(image, normalization(image, norm, "norm"))
        layer = model.get_layer("norm")
        layer.gamma.assign(GAMMA)
        layer.beta.assign(BETA)
        theirs = ops.convert_to_numpy(model(X, training=True))
        np.testing.assert_allclose(BY_HAND[norm](X, GAMMA, BETA), theirs, rtol=1e-4, atol=1e-5)

    @pytest.mark.once
    @pytest.mark.parametrize("norm", NORMS)
    def test_are_those_of_pytorch(self, norm):
        torch = pytest.importorskip("torch")
        x, gamma, beta = (torch.tensor(a) for a in (X.transpose(0, 3, 1, 2), GAMMA, BETA))
        functional = torch.nn.functional
        groups = {"layer": 1, "group": 2}
        if norm == "batch":
            theirs = functional.batch_norm(x, None, None, gamma, beta, training=True)
        elif norm == "instance":
            theirs = functional.instance_norm(x, weight=gamma, bias=beta)
        else:
            theirs = functional.group_norm(x, groups[norm], gamma, beta)
        got = BY_HAND[norm](X, GAMMA, BETA).transpose(0, 3, 1, 2)
        np.testing.assert_allclose(got, theirs.numpy(), rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize("groups", [1, 2, 3, 6])
    def test_groups_are_of_neighbouring_channels(self, groups):
        theirs = trained(layers.GroupNormalization(groups, epsilon=1e-5))
        got = group_norm(X, GAMMA, BETA, groups=groups)
        np.testing.assert_allclose(got, theirs, rtol=1e-4, atol=1e-5)

    @pytest.mark.once
    def test_standardized_numbers_have_mean_0_and_deviation_1(self):
        got = standardize(X.astype("f8"), (1, 2), epsilon=0)
        np.testing.assert_allclose(got.mean((1, 2)), 0, atol=1e-12)
        np.testing.assert_allclose(got.std((1, 2)), 1, atol=1e-12)

    @pytest.mark.parametrize("norm", NORMS)
    def test_squares_beyond_half_precision_spoil_nothing(self, norm):
        x = (300 * X).astype("float16")
        theirs = keras_layer(norm)
        extra = {"training": True} if norm == "batch" else {}
        theirs = ops.convert_to_numpy(theirs(x.astype("float32"), **extra))
        np.testing.assert_allclose(BY_HAND[norm](x.tolist()), theirs, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(BY_HAND[norm](x), theirs, rtol=1e-4, atol=1e-5)

    @pytest.mark.once
    def test_a_set_of_equal_numbers_becomes_beta(self):
        flat = np.full((1, 2, 2, C), 7.0)
        np.testing.assert_array_equal(instance_norm(flat, GAMMA, BETA), np.full_like(flat, BETA))


class TestKerasLayerNorms:
    def test_over_three_axes_each_place_has_a_gamma(self):
        gamma, beta = rng.uniform(0.5, 2, SHAPE[1:]), rng.normal(size=SHAPE[1:])
        layer = keras_layer("layer, axis=(1, 2, 3)")
        theirs = trained(layer, gamma, beta)
        np.testing.assert_allclose(layer_norm(X, gamma, beta), theirs, rtol=1e-4, atol=1e-5)

    def test_over_the_channels_each_pixel_has_a_mean(self):
        theirs = trained(keras_layer("layer, axis=-1"))
        got = layer_norm(X, GAMMA, BETA, axes=-1)
        np.testing.assert_allclose(got, theirs, rtol=1e-4, atol=1e-5)
        assert np.abs(got - layer_norm(X, GAMMA, BETA)).max() > 0.5


@pytest.mark.once
class TestCounts:
    def test_gammas_are_those_the_layers_have(self):
        for norm, (_, gammas) in counts(SHAPE).items():
            layer = keras_layer(norm)
            layer.build(SHAPE)
            assert int(np.prod(layer.gamma.shape)) == gammas, norm
            assert layer.beta.shape == layer.gamma.shape

    def test_means_are_counted_by_hand(self):
        means = [means for means, _ in counts((3, 4, 5, 6), groups=2).values()]
        assert means == [6, 3, 6, 18, 3, 60]

    @pytest.mark.parametrize("norm", NORMS)
    def test_a_set_of_cells_is_standardized_as_one(self, norm):
        sets = sharing(norm, N, C)
        expected = np.empty_like(X)
        for number in range(sets.max() + 1):
            image, channel = np.nonzero(sets == number)
            cells = X[image, :, :, channel]  # (cells, h, w)
            expected[image, :, :, channel] = (cells - cells.mean()) / np.sqrt(cells.var() + 1e-5)
        np.testing.assert_allclose(BY_HAND[norm](X), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.once
class TestRefuses:
    @pytest.mark.parametrize("groups", [0, 4, 12])
    def test_groups_that_do_not_divide_the_channels(self, groups):
        message = f"groups={groups} does not divide 6 channels; 1, 2, 3, 6 do"
        with pytest.raises(ValueError, match=message):
            group_norm(X, groups=groups)
        with pytest.raises(ValueError, match=message):
            sharing("group", N, C, groups)

    @pytest.mark.parametrize("groups", [2.0, "2", None])
    def test_groups_that_are_no_whole_number(self, groups):
        message = f"groups={groups!r} must be a whole number"
        with pytest.raises(ValueError, match=message):
            group_norm(X, groups=groups)
        with pytest.raises(ValueError, match=message):
            counts(SHAPE, groups)

    @pytest.mark.parametrize("x", ["maps", None, [[1, 2], [3]]])
    def test_what_is_no_array_of_numbers(self, x):
        with pytest.raises(ValueError, match="x must be numbers, not|x must be one array"):
            BY_HAND["batch"](x)
        with pytest.raises(ValueError, match="gamma must be numbers, not|gamma must be one array"):
            BY_HAND["batch"](X, gamma=x)

    def test_a_negative_epsilon(self):
        with pytest.raises(ValueError, match="epsilon=-1 must be a finite number, 0 or more"):
            BY_HAND["batch"](X, epsilon=-1)

    @pytest.mark.parametrize("norm", NORMS)
    def test_one_image_without_a_batch(self, norm):
        with pytest.raises(ValueError, match=r"\(4, 5, 6\)"):
            BY_HAND[norm](X[0])

    def test_a_norm_it_does_not_know(self):
        with pytest.raises(ValueError, match="'spectral'.*batch, layer, group, instance"):
            sharing("spectral", N, C)

    @pytest.mark.parametrize("norm", NORMS)
    def test_gammas_for_another_number_of_channels(self, norm):
        with pytest.raises(ValueError, match=r"gamma of shape \(4,\) does not fit"):
            BY_HAND[norm](X, GAMMA[:4])
        with pytest.raises(ValueError, match=r"beta of shape \(1,\) does not fit"):
            BY_HAND[norm](X, GAMMA, BETA[:1])

    def test_a_shape_that_is_not_of_maps(self):
        with pytest.raises(ValueError, match=r"shape \(4, 5, 6\) must be that of maps"):
            counts(SHAPE[1:])
        with pytest.raises(ValueError, match="shape=2.5 must be a whole number, 1 or more"):
            counts((2, 3, 2.5, 4))
        with pytest.raises(ValueError, match="shape 4 must be that of maps"):
            counts(4)
