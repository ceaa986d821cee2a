"""Gradients that are zero everywhere: mended where they can be, warned of where they cannot."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo.explain import (
    activation_maximization,
    eigen_cam,
    fgsm,
    grad_cam,
    pgd,
    saliency,
    score_cam,
    smooth_grad,
    success_rate,
)


@pytest.fixture
def counted():
    """Images counted 0 to 255."""
    return np.random.default_rng(0).integers(60, 200, (3, 12, 12, 3)).astype("uint8")


def make_net(dtype="float32", rescaling=True, nested=False):
    """Maps, their mean and four logits, the same at each call, of images 0 to 255 or 0 to 1."""
    keras.utils.set_random_seed(1)
    image = keras.Input((12, 12, 3), dtype=dtype)
    x = layers.Rescaling(1 / 255)(image) if rescaling else image
    x = layers.Conv2D(6, 3, activation="relu", name="maps")(x)
    x = layers.Dense(4, name="logits")(layers.GlobalAveragePooling2D()(x))
    net = keras.Model(image, x, name="net")
    if nested:
        outer = keras.Input((12, 12, 3), dtype=dtype)
        net = keras.Model(outer, net(outer), name="outer")
    return net


class TestImagesOfIntegers:
    """A model whose Input is uint8 casts what it is given, and a cast has no gradient."""

    @pytest.fixture(params=[False, True], ids=["flat", "nested"])
    def net(self, request):
        return make_net("uint8", nested=request.param)

    def test_are_explained_as_the_same_net_of_floats(self, net, counted):
        floats = make_net(rescaling=False)
        x = counted.astype("float32") / 255
        for method in (saliency, smooth_grad):
            how = {"noise": 0.0, "samples": 2} if method is smooth_grad else {}
            maps = method(net, counted, 1, **how)
            assert (maps.max(axis=(1, 2)) == 1).all()
            np.testing.assert_allclose(maps, method(floats, x, 1, **how), atol=1e-4)
        np.testing.assert_allclose(grad_cam(net, counted, 1), grad_cam(floats, x, 1), atol=1e-4)
        heat = score_cam(net, counted, 1)  # masked pixels are rounded
        np.testing.assert_allclose(heat, score_cam(floats, x, 1), atol=0.01)

    def test_are_attacked_as_the_same_net_of_floats(self, net, counted):
        floats = make_net(rescaling=False)
        attacked = fgsm(net, counted, None, 0.1)
        np.testing.assert_allclose(attacked, fgsm(floats, counted, None, 0.1), atol=1e-6)
        assert 0.09 < np.abs(attacked - counted / 255).max()
        explicit = fgsm(net, counted, None, 0.1, std=1 / 255)
        np.testing.assert_array_equal(attacked, explicit)

    def test_success_is_counted_on_whole_pixels(self, net, counted):
        attacked = pgd(net, counted, 0, 0.3)
        whole = np.rint(255 * attacked).astype("uint8")
        before, after = [net.predict(x, verbose=0).argmax(axis=-1) for x in (counted, whole)]
        right = before == before[0]
        expected = np.mean(after[right] != before[0])
        assert success_rate(net, counted, attacked, before[0]) == expected

    def test_can_be_climbed(self, net, counted):
        how = {"start": counted[:1], "steps": 5, "total_variation": 0.0, "norm": 0.0}
        pictures = activation_maximization(net, 1, **how)
        images = np.concatenate([counted[:1], np.rint(255 * pictures).astype("uint8")])
        logits = net.predict(images, verbose=0)[:, 1]
        assert logits[1] > logits[0]

    def test_leave_the_net_as_it_was(self, net, counted):
        before = net.predict(counted, verbose=0)
        saliency(net, counted)
        assert net.inputs[0].dtype == "uint8"
        floats = counted + np.float32(0.7)  # still cut off to integers
        np.testing.assert_array_equal(net.predict(floats, verbose=0), before)


def test_a_net_that_rescales_floats_says_that_it_takes_0_to_255(counted):
    net = make_net()
    for attack in (fgsm, pgd):
        with pytest.raises(ValueError, match=r"net rescales its images by 0.00392.* std=1/255"):
            attack(net, counted, None, 0.1)
        attacked = attack(net, counted, None, 0.1, std=1 / 255)
        expected = attack(make_net(rescaling=False), counted, None, 0.1)
        np.testing.assert_allclose(attacked, expected, atol=1e-6)


class TestThatCannotBeHelped:
    def test_a_net_that_rounds(self, counted):
        net = keras.Sequential(
            [
                keras.Input((12, 12, 3)),
                layers.Lambda(lambda x: ops.cast(ops.cast(x, "int32"), "float32")),
                layers.Flatten(),
                layers.Dense(2),
            ]
        )
        with pytest.warns(UserWarning, match="3 of 3 images: the logit has no gradient at any"):
            assert not saliency(net, counted).any()
        with pytest.warns(UserWarning, match="3 of 3 images: the loss has no gradient.*rounds"):
            attacked = fgsm(net, counted, 0, 0.1)
        np.testing.assert_allclose(attacked, counted / 255, atol=1e-6)

    def test_dead_relus(self, counted):
        net = make_net(rescaling=False)
        kernel, bias = net.get_layer("maps").get_weights()
        net.get_layer("maps").set_weights([kernel, bias - 100])
        x = counted.astype("float32") / 255
        for method in (grad_cam, score_cam, eigen_cam):
            with pytest.warns(UserWarning, match="3 of 3 images: .* gives only zeros, so their"):
                assert not method(net, x, layer="maps").any()
        with pytest.warns(UserWarning, match="all its ReLUs are at 0"):
            saliency(net, x)

    def test_some_of_the_images(self, counted):
        """Warned of once, and the others are explained as if alone."""
        net = make_net(rescaling=False)
        x = counted.astype("float32") / 255
        kernel, bias = net.get_layer("maps").get_weights()
        net.get_layer("maps").set_weights([np.abs(kernel), bias - 1])
        x[1] = 0
        with pytest.warns(UserWarning) as warned:
            heat = grad_cam(net, x, 1)
        (warning,) = [w for w in warned if w.category is UserWarning]
        assert str(warning.message).startswith("1 of 3 images: ") and warning.filename == __file__
        np.testing.assert_allclose(heat[[0, 2]], grad_cam(net, x[[0, 2]], 1), atol=1e-6)

    def test_a_layer_that_the_logit_does_not_depend_on(self, counted):
        image = keras.Input((12, 12, 3))
        maps = layers.Conv2D(4, 3, name="aside")(image)
        cut = ops.stop_gradient(layers.GlobalAveragePooling2D()(maps))
        net = keras.Model(
            image, layers.Dense(2)(layers.GlobalAveragePooling2D()(image)) + 0 * cut[:, :2]
        )
        with pytest.warns(
            UserWarning, match="the logit does not depend on what the layer aside gives"
        ):
            grad_cam(net, counted, layer="aside")

    def test_a_net_too_confident_for_float32(self, counted):
        net = make_net(rescaling=False)
        kernel, bias = net.get_layer("logits").get_weights()
        net.get_layer("logits").set_weights([1e5 * kernel, bias])
        with pytest.warns(UserWarning, match="the model is so confident that its loss is 0"):
            fgsm(net, counted, None, 0.1)


class TestImagesThatAreNone:
    @pytest.mark.parametrize("method", [grad_cam, score_cam, eigen_cam, saliency, smooth_grad])
    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_not_finite(self, method, value, counted):
        x = counted.astype("float32") / 255
        x[1, 3, 3, 0] = value
        with pytest.raises(ValueError, match="images hold NaN or infinite values in 1 of 3 rows"):
            method(make_net(), x)

    def test_not_finite_for_an_attack(self, counted):
        x = np.full(counted.shape, np.nan, "float32")
        with pytest.raises(ValueError, match="images hold NaN or infinite values in 3 of 3 rows"):
            fgsm(make_net(), x, None, 0.1)

    @pytest.mark.parametrize("method", [grad_cam, saliency])
    def test_channels_first(self, method, counted):
        image = keras.Input((3, 24, 24))
        x = layers.Conv2D(4, 3, data_format="channels_first", name="conv")
        inner = layers.Permute((3, 1, 2))(layers.Permute((2, 3, 1))(image))
        x.build((None, 3, 24, 24))
        x.built = True
        net = keras.Model(image, layers.Dense(2)(layers.Flatten()(inner)))
        net.conv = x
        with pytest.raises(ValueError, match="the layer conv of .* takes channels first"):
            method(net, np.zeros((2, 3, 24, 24), "float32"))

    def test_channels_first_for_a_net_of_channels_last(self, counted):
        x = np.moveaxis(counted, -1, 1)
        with pytest.raises(
            ValueError, match=r"not \(3, 3, 12, 12\); channels go last: np.moveaxis"
        ):
            saliency(make_net(), x)
