"""Activation maximisation against tf-keras-vis, and by what the net makes of the pictures."""

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.explain import activation_maximization

STATISTICS = {"mean": (0.1307,), "std": (0.3081,)}  # of MNIST


@pytest.fixture
def start():
    return np.random.default_rng(0).uniform(0.3, 0.7, (2, 32, 32, 3)).astype("float32")


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="tf-keras-vis needs it")
@pytest.mark.filterwarnings("ignore:.*the unit has no gradient at the start")
@pytest.mark.parametrize("layer", [None, "first"])
def test_agrees_with_tf_keras_vis(layer, net, start):
    """Without its random changes of the image, and while the clipping has nothing to do."""
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.activation_maximization.regularizers import Norm, TotalVariation2D
    from tf_keras_vis.utils.scores import CategoricalScore

    cut = net if layer is None else keras.Model(net.input, net.get_layer(layer).output)
    expected = ActivationMaximization(cut)(
        CategoricalScore([1, 3]),
        start,
        input_range=(0.0, 1.0),
        input_modifiers=[],
        steps=3,
        regularizers=[TotalVariation2D(2.0), Norm(3.0, p=2)],
        optimizer=keras.optimizers.RMSprop(0.01, rho=0.99),
    )
    ours = activation_maximization(
        net, [1, 3], layer, start=start, steps=3, total_variation=2.0, norm=3.0, jitter=0
    )
    assert 0.01 < np.abs(ours - start).max() < 0.3
    np.testing.assert_allclose(ours, expected, atol=1e-4)


class TestPictures:
    def test_each_speaks_for_its_class_more_than_the_others_do(self):
        net = zoo.get("mnist_8k", weights="mnist")
        pictures = activation_maximization(
            net, [1, 4, 7], steps=150, total_variation=10.0, **STATISTICS
        )
        assert pictures.shape == (3, 28, 28, 1) and pictures.dtype == np.float32
        assert pictures.min() >= 0 and pictures.max() <= 1
        logits = net.predict((pictures - 0.1307) / 0.3081, verbose=0)
        assert logits[:, [1, 4, 7]].argmax(axis=0).tolist() == [0, 1, 2]  # each the most its own

    def test_raise_the_channel_asked_for(self, net, start):
        """By small steps of the image as it is: moved, it would meet the stride of 3 elsewhere."""
        start = start[:1]
        maps = keras.Model(net.input, net.get_layer("last").output)
        before = maps.predict(start, verbose=0).mean(axis=(1, 2))[0]
        live = np.flatnonzero(before > 0)  # of a dead ReLU there is no gradient to climb
        pictures = activation_maximization(
            net,
            live,
            "last",
            start=start,
            steps=20,
            total_variation=0.0,
            norm=0.0,
            jitter=0,
            optimizer=keras.optimizers.RMSprop(1e-3, rho=0.99),
        )
        assert pictures.shape == (len(live), 32, 32, 3) and len(live)
        after = maps.predict(pictures, verbose=0).mean(axis=(1, 2))[range(len(live)), live]
        assert (after > before[live]).all()

    def test_of_a_dead_channel_warn(self, net, start):
        kernel, bias = net.get_layer("last").get_weights()
        net.get_layer("last").set_weights([kernel, bias - 100 * np.float32([0, 1, 0, 0, 0])])
        with pytest.warns(UserWarning, match="1 of 1 images: the unit has no gradient"):
            activation_maximization(net, 1, "last", start=start[:1], steps=1)

    @pytest.mark.filterwarnings("ignore:.*the unit has no gradient at the start")
    def test_are_the_same_of_the_same_seed(self, net):
        """Jitter and noise come from numpy, so on every backend."""
        how = {"steps": 2, "jitter": 3}
        one, again, other = [
            activation_maximization(net, [2], seed=seed, **how) for seed in (1, 1, 2)
        ]
        np.testing.assert_array_equal(one, again)
        assert np.abs(one - other).max() > 0.1

    @pytest.mark.filterwarnings("ignore:.*the unit has no gradient at the start")
    def test_variation_makes_them_smooth(self, net):
        rough, smooth = [
            activation_maximization(net, [0], steps=30, total_variation=weight)
            for weight in (0.0, 100.0)
        ]
        assert np.abs(np.diff(smooth, axis=1)).mean() < 0.5 * np.abs(np.diff(rough, axis=1)).mean()

    def test_of_a_nested_model(self, net, start):
        image = keras.Input((32, 32, 3))
        outer = keras.Model(image, net(image))
        one, other = [
            activation_maximization(model, 1, "last", start=start[:1], steps=2)
            for model in (net, outer)
        ]
        np.testing.assert_allclose(one, other, atol=1e-4)

    def test_of_a_subclassed_model_with_two_inputs(self, two_inputs, start):
        model, inputs, alone = two_inputs
        given = {"image": start[:1], "vector": inputs["vector"][:1]}
        one = activation_maximization(model, start=given, steps=2)
        other = activation_maximization(alone, start=start[:1], steps=2)
        np.testing.assert_allclose(one, other, atol=1e-4)

    def test_an_optimizer_serves_more_than_once(self, net, start):
        optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
        pictures = [
            activation_maximization(net, units, start=start[:1], steps=2, optimizer=optimizer)
            for units in ([0], [0, 1])
        ]
        np.testing.assert_allclose(pictures[0][0], pictures[1][0], atol=1e-6)


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"units": [0, 4]}, r"units \[4\] reach outside the model's 0 to 3"),
            ({"units": 5, "layer": "last"}, r"units \[5\] reach outside the model's 0 to 4"),
            ({"layer": "lost"}, "no layer 'lost'; nearest: last.*; those with maps: first, last"),
            ({"steps": 0}, "steps=0 must be a whole number, 1 or more"),
        ],
    )
    def test_names_what_would_do(self, arguments, message, net):
        with pytest.raises(ValueError, match=message):
            activation_maximization(net, **arguments)

    def test_a_start_that_is_no_pixels(self, net, images):
        with pytest.raises(ValueError, match="images must be pixels, uint8 or floats from 0 to 1"):
            activation_maximization(net, start=images)

    def test_a_start_for_another_number_of_units(self, net, start):
        with pytest.raises(ValueError, match="2 images to start from, but 3 units"):
            activation_maximization(net, [0, 1, 2], start=start)

    def test_a_model_that_does_not_tell_its_size(self):
        image = keras.Input((None, None, 3))
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(image))
        with pytest.raises(ValueError, match="hand over where to begin with start="):
            activation_maximization(keras.Model(image, x))
