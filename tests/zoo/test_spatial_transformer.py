"""Sampling through an affine map: exact where it must be, and PyTorch's numbers and gradients."""

import keras
import numpy as np
import pytest

import zoo
from zoo import backend
from zoo.layers import AffineSampling

IDENTITY = np.array([[1.0, 0, 0, 0, 1, 0]], "float32")


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def images(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def maps(count, seed=1):
    """Near the identity, no place on a pixel."""
    noise = np.random.default_rng(seed).normal(0, 0.25, (count, 6))
    return (IDENTITY + noise).astype("float32")


class TestAffineSampling:
    @pytest.mark.parametrize("sides", [(28, 28), (9, 14), (1, 7), (224, 31)])
    def test_the_identity_gives_the_image_back_bit_for_bit(self, sides):
        x = images(2, *sides, 3)
        sampled = AffineSampling()([x, np.repeat(IDENTITY, 2, axis=0)])
        np.testing.assert_array_equal(numpy(sampled), x)

    def test_a_shift_by_a_pixel_moves_the_image_and_brings_in_zeros(self):
        x = images(1, 4, 5, 2)
        theta = IDENTITY + np.array([[0, 0, 2 / 5, 0, 0, 0]], "float32")  # 2 / width is one pixel
        sampled = numpy(AffineSampling()([x, theta]))
        np.testing.assert_allclose(sampled[:, :, :4], x[:, :, 1:], atol=1e-5)
        np.testing.assert_allclose(sampled[:, :, 4], 0, atol=1e-5)

    def test_a_quarter_turn_is_that_of_numpy(self):
        x = images(1, 6, 6, 1)
        turn = np.array([[0, -1, 0, 1, 0, 0]], "float32")
        sampled = numpy(AffineSampling()([x, turn]))
        np.testing.assert_allclose(sampled, np.rot90(x, axes=(1, 2)), atol=1e-5)

    @pytest.mark.parametrize("size", [None, (5, 11), (20, 16)])
    def test_equals_pytorch(self, size):
        torch = pytest.importorskip("torch")
        x, theta = images(3, 8, 10, 2), maps(3)
        rows, columns = size or (8, 10)
        places = torch.nn.functional.affine_grid(
            torch.tensor(theta).reshape(3, 2, 3), (3, 2, rows, columns), align_corners=False
        )
        expected = torch.nn.functional.grid_sample(
            torch.tensor(x).permute(0, 3, 1, 2), places, align_corners=False
        )
        sampled = numpy(AffineSampling(size)([x, theta]))
        np.testing.assert_allclose(sampled, expected.permute(0, 2, 3, 1).numpy(), atol=1e-5)

    @pytest.mark.parametrize(("index", "step"), [(0, 1e-2), (1, 1e-3)], ids=["image", "theta"])
    def test_gradients_are_those_of_differences(self, index, step):
        point = [images(1, 5, 6, 2), maps(1)]
        weights = keras.ops.convert_to_tensor(images(1, 5, 6, 2)[..., ::-1].copy())
        layer = AffineSampling()

        def totals(tensors):
            return keras.ops.sum(layer(tensors) * weights, axis=(1, 2, 3))

        def total(value):
            tensors = [*point]
            tensors[index] = value
            return totals(tensors)[0], keras.ops.zeros(())

        gradient = numpy(backend.gradient(total, point[index])[0])
        ends = []
        for sign in (1, -1):  # one row for every number that is moved
            moves = sign * step * np.eye(gradient.size, dtype="float32")
            moved = point[index] + moves.reshape(-1, *gradient.shape[1:])
            tensors = [np.repeat(part, len(moved), axis=0) for part in point]
            tensors[index] = moved
            ends.append(numpy(totals(tensors)))
        differences = ((ends[0] - ends[1]) / (2 * step)).reshape(gradient.shape)
        assert np.abs(differences).max() > 0.1
        np.testing.assert_allclose(gradient, differences, rtol=2e-2, atol=2e-2)

    def test_in_half_precision_only_the_values_are_rounded(self):
        x, theta = images(2, 28, 28, 1), maps(2)
        exact = numpy(AffineSampling()([x, theta]))
        rounded = AffineSampling(dtype="mixed_bfloat16")([x, theta])
        assert keras.backend.standardize_dtype(rounded.dtype) == "bfloat16"
        error = np.abs(numpy(keras.ops.cast(rounded, "float32")) - exact).max()
        assert error < 2 * 2**-8 * np.abs(x).max()  # of the pixels and of their sum, to eight bits

    def test_a_number_that_is_nan_shows(self):
        theta = maps(1)
        theta[0, 2] = np.nan
        assert np.isnan(numpy(AffineSampling()([images(1, 5, 6, 2), theta]))).all()

    def test_leaves_its_arguments_alone(self):
        x, theta = images(1, 5, 6, 2), maps(1)
        tensor = keras.ops.convert_to_tensor(theta)
        AffineSampling()([x, tensor])
        np.testing.assert_array_equal(numpy(tensor), theta)

    @pytest.mark.parametrize(
        ("shapes", "message"),
        [
            (((1, 5, 5), (1, 6)), r"takes images \(b, h, w, c\) and six numbers"),
            (((1, 5, 5, 1), (1, 2, 3)), r"not \(1, 5, 5, 1\) and \(1, 2, 3\)"),
        ],
    )
    def test_other_shapes_are_refused(self, shapes, message):
        with pytest.raises(ValueError, match=message):
            AffineSampling()([images(*shape) for shape in shapes])

    def test_a_size_that_is_none_is_refused(self):
        with pytest.raises(ValueError, match=r"size=28 must be \(rows, columns\)"):
            AffineSampling(28)


@pytest.mark.once
class TestModel:
    def test_a_fresh_net_looks_at_the_image_as_it_is(self):
        model = zoo.get("spatial_transformer")
        sampled = keras.Model(model.input, model.get_layer("sampled").output)
        x = images(3, 28, 28, 1)
        np.testing.assert_array_equal(sampled.predict(x, verbose=0), x)

    def test_has_the_same_classifier_without_the_transformer(self):
        def shapes(model):
            return {layer.name: [w.shape for w in layer.weights] for layer in model.layers}

        alone = shapes(zoo.get("spatial_transformer", transform=False))
        assert alone.items() < shapes(zoo.get("spatial_transformer")).items()
        assert "theta" not in alone

    def test_keeps_its_coordinates_exact_in_half_precision(self):
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            model = zoo.get("spatial_transformer")
        finally:
            keras.config.set_dtype_policy("float32")
        assert model.get_layer("theta").output.dtype == "float32"
        assert model.get_layer("sampled").output.dtype == "bfloat16"
