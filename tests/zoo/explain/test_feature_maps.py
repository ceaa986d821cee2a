"""Feature maps and kernels against PyTorch's, and against the weights themselves."""

import keras
import numpy as np
import pytest
import torch
from keras import layers

import zoo
from zoo.explain import feature_maps, kernels


class TestFeatureMaps:
    def test_are_what_the_layer_gives(self, net, twin, images):
        expected = twin(torch.tensor(images))[0]
        for name in ("first", "last"):
            maps = feature_maps(net, images, name)
            assert maps.dtype == np.float32
            np.testing.assert_allclose(maps, expected[name].detach(), atol=1e-4)
        np.testing.assert_array_equal(feature_maps(net, images), maps)  # the last by default

    def test_of_a_nested_model(self, net, images):
        image = keras.Input((32, 32, 3))
        outer = keras.Model(image, net(image))
        expected = feature_maps(net, images, "first")
        np.testing.assert_allclose(feature_maps(outer, images, "small/first"), expected, atol=1e-6)

    def test_of_several_inputs_and_outputs(self, two_inputs):
        model, inputs, alone = two_inputs
        expected = feature_maps(alone, inputs["image"], "maps")
        np.testing.assert_allclose(feature_maps(model, inputs, "maps"), expected, atol=1e-5)
        digits = {"image": np.ones((2, 28, 28, 1), "float32"), "number": np.eye(2, 10)}
        assert feature_maps(zoo.get("mnist_sum"), digits).shape == (2, 7, 7, 32)

    def test_of_a_layer_that_gives_none(self, net, images):
        with pytest.raises(ValueError, match=r"flat .*\(500,\).* Layers that do: first, last"):
            feature_maps(net, images, "flat")
        with pytest.raises(ValueError, match="no layer 'third'; those with maps: first, last"):
            feature_maps(net, images, "third")

    def test_of_a_layer_of_another_model(self, net, images):
        with pytest.raises(ValueError, match="small does not have the layer elsewhere"):
            feature_maps(net, images, layers.Conv2D(2, 3, name="elsewhere"))


class TestKernels:
    def test_are_the_weights(self, net):
        for name in ("first", "last"):
            expected = net.get_layer(name).get_weights()[0]
            np.testing.assert_array_equal(kernels(net, name), expected)
        np.testing.assert_array_equal(kernels(net), net.get_layer("first").get_weights()[0])

    def test_of_the_first_layer_of_a_nested_net_are_pictures(self):
        image = keras.Input((32, 32, 3))
        model = keras.Model(image, zoo.get("ultimus")(image))
        assert kernels(model).shape == (3, 3, 3, 16)

    @pytest.mark.parametrize(
        ("layer", "shape"),
        [
            (layers.DepthwiseConv2D(5, depth_multiplier=2), (5, 5, 3, 2)),
            (layers.SeparableConv2D(8, 3), (3, 3, 3, 1)),
            (layers.Conv2DTranspose(8, 3), (3, 3, 8, 3)),
            (layers.Conv2D(6, 3, groups=3), (3, 3, 1, 6)),
        ],
    )
    def test_of_other_convolutions(self, layer, shape):
        model = keras.Sequential([keras.Input((9, 9, 3)), layer])
        assert kernels(model).shape == shape

    def test_of_a_layer_without(self, net):
        with pytest.raises(ValueError, match="logits has no kernels .*; .*: first, last"):
            kernels(net, "logits")
