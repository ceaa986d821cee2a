"""Saliency and SmoothGrad against tf-keras-vis and PyTorch's own gradients."""

import keras
import numpy as np
import pytest
import torch
from keras import layers

from zoo.explain import saliency, smooth_grad

CLASSES = [0, 2, 3]
BOTH = [saliency, smooth_grad]


def gradients_of(twin, images):
    """|d logit / d pixel| of CLASSES, by PyTorch."""
    x = torch.tensor(images, dtype=torch.float32, requires_grad=True)
    twin(x)[1][range(3), CLASSES].sum().backward()
    return x.grad.abs().numpy()


def scaled(gradients):
    maps = gradients.max(axis=-1)
    return maps / maps.max(axis=(1, 2), keepdims=True)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="tf-keras-vis needs it")
class TestAgainstTfKerasVis:
    def theirs(self, net, images, **how):
        from tf_keras_vis.saliency import Saliency
        from tf_keras_vis.utils.scores import CategoricalScore

        maps = Saliency(net)(CategoricalScore(CLASSES), images, normalize_map=False, **how)
        return maps / maps.max(axis=(1, 2), keepdims=True)

    def test_saliency_agrees(self, net, images):
        expected = self.theirs(net, images)
        np.testing.assert_allclose(saliency(net, images, CLASSES), expected, atol=1e-4)

    def test_smooth_grad_agrees_of_the_same_noise(self, net, images, monkeypatch):
        rng = np.random.default_rng(7)
        monkeypatch.setattr(
            np.random, "normal", lambda mean, sigma, shape: mean + sigma * rng.normal(size=shape)
        )
        expected = self.theirs(net, images, smooth_samples=6, smooth_noise=0.2)
        ours = smooth_grad(net, images, CLASSES, samples=6, noise=0.2, seed=7)
        np.testing.assert_allclose(ours, expected, atol=1e-4)


class TestByPyTorch:
    def test_saliency_is_the_largest_gradient_of_a_pixels_channels(self, net, twin, images):
        maps = saliency(net, images, CLASSES)
        assert maps.shape == (3, 32, 32) and maps.dtype == np.float32
        np.testing.assert_allclose(maps, scaled(gradients_of(twin, images)), atol=1e-4)

    def test_smooth_grad_is_the_mean_over_noisy_copies(self, net, twin, images):
        rng = np.random.default_rng(5)
        spread = images.max(axis=(1, 2, 3)) - images.min(axis=(1, 2, 3))
        total = 0
        for _ in range(4):
            noise = 0.1 * spread[:, None, None, None] * rng.normal(size=images.shape)
            total = total + gradients_of(twin, images + noise)
        maps = smooth_grad(net, images, CLASSES, samples=4, noise=0.1, seed=5)
        np.testing.assert_allclose(maps, scaled(total), atol=1e-4)
        assert not np.allclose(maps, smooth_grad(net, images, CLASSES, samples=4, noise=0.1))

    def test_smooth_grad_without_noise_is_the_saliency(self, net, images):
        maps = smooth_grad(net, images, samples=2, noise=0)
        np.testing.assert_allclose(maps, saliency(net, images), atol=1e-6)


@pytest.mark.parametrize("method", BOTH)
class TestBoth:
    def test_take_the_predicted_classes_by_default(self, method, net, images):
        predicted = net.predict(images, verbose=0).argmax(axis=-1)
        np.testing.assert_array_equal(method(net, images), method(net, images, predicted))

    def test_explain_a_nested_model(self, method, net, images):
        image = keras.Input((32, 32, 3))
        outer = keras.Model(image, net(image))
        np.testing.assert_allclose(method(outer, images), method(net, images), atol=1e-6)

    def test_explain_the_image_of_a_subclassed_model_with_two_inputs(self, method, two_inputs):
        model, inputs, alone = two_inputs
        np.testing.assert_allclose(method(model, inputs), method(alone, inputs["image"]), atol=1e-5)

    def test_explain_the_digit_and_the_number_to_add(self, method, mnist_sum):
        maps = method(*mnist_sum)
        assert maps.shape == (2, 28, 28) and (maps.max(axis=(1, 2)) == 1).all()

    def test_explain_the_first_of_two_images_or_the_one_named(self, method, net, other_net, images):
        """Logits are a sum, so that each image's gradients are those of its own net."""
        a, b = keras.Input((32, 32, 3), name="a"), keras.Input((32, 32, 3), name="b")
        pair = {"a": images, "b": images[::-1].copy()}
        nets = {"a": net, "b": other_net}
        model = keras.Model({"a": a, "b": b}, net(a) + other_net(b))
        as_list = keras.Model([a, b], net(a) + other_net(b))
        for name, index in (("a", 0), ("b", 1)):
            expected = method(nets[name], pair[name], 1)
            np.testing.assert_allclose(method(model, pair, 1, image=name), expected, atol=1e-5)
            listed = method(as_list, [*pair.values()], 1, image=index)
            np.testing.assert_allclose(listed, expected, atol=1e-5)
        np.testing.assert_allclose(method(model, pair, 1), method(net, images, 1), atol=1e-5)
        with pytest.raises(ValueError, match=r"no image input 'c'; .* \['a', 'b'\]"):
            method(model, pair, image="c")

    def test_are_0_where_the_image_does_not_count(self, method, images):
        image, vector = keras.Input((32, 32, 3)), keras.Input((4,))
        cut = layers.Lambda(keras.ops.stop_gradient)(layers.Flatten()(image))
        logits = layers.Dense(2)(vector)
        model = keras.Model([image, vector], logits + 0 * keras.ops.sum(cut, -1, keepdims=True))
        model.trainable = False
        with pytest.warns(UserWarning, match="3 of 3 images: the logit has no gradient"):
            maps = method(model, [images, np.ones((3, 4), "float32")])
        np.testing.assert_array_equal(maps, np.zeros((3, 32, 32)))

    def test_refuse_a_class_that_the_model_does_not_have(self, method, net, images):
        with pytest.raises(ValueError, match="outside the model's 0 to 3"):
            method(net, images, [0, 4, 1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"samples": 0}, "samples=0 must be a whole number, 1 or more"),
        ({"samples": 2.5}, "samples=2.5 must be a whole number"),
        ({"noise": -0.1}, "noise=-0.1 must be a finite number, 0 or more"),
        ({"noise": np.nan}, "noise=nan must be a finite number"),
        ({"seed": "a"}, "seed='a' must be a whole number"),
    ],
)
def test_smooth_grad_needs_samples_and_noise(wrong, message, net, images):
    with pytest.raises(ValueError, match=message):
        smooth_grad(net, images, **wrong)
