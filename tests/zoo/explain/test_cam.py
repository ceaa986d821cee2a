"""The four CAMs against tf-keras-vis, PyTorch and scikit-learn, and by hand."""

import cv2
import keras
import numpy as np
import pytest
import torch
from keras import layers
from sklearn.decomposition import TruncatedSVD
from torch.nn import functional as F

import zoo
from zoo.explain import eigen_cam, grad_cam, grad_cam_plus_plus, score_cam
from zoo.explain.cam import check_layer
from zoo.inspect.hooks import recorded

CLASSES = [0, 2, 3]
ALL = [grad_cam, grad_cam_plus_plus, score_cam, eigen_cam]
OF_CLASSES = ALL[:3]
needs_tensorflow = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="tf-keras-vis needs tensorflow"
)


def heat_of(cams):
    """Maps as ours are: the positive part over its maximum, at the size of the image."""
    cams = np.maximum(np.asarray(cams, "float32"), 0)
    return np.stack([cv2.resize(cam / cam.max(), (32, 32)) for cam in cams])


def linear_net(side=8):
    """A layer `maps`, its mean, and logits: a logit's gradient is its kernel everywhere."""
    image = keras.Input((side, side, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="maps")(image)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(2, name="logits")(x))


@needs_tensorflow
class TestAgainstTfKerasVis:
    @pytest.fixture(params=["first", "last"])
    def how(self, request):
        return {
            "penultimate_layer": request.param,
            "seek_penultimate_conv_layer": False,
            "expand_cam": False,
            "normalize_cam": False,
        }

    @pytest.mark.parametrize(
        ("ours", "theirs"), [(grad_cam, "Gradcam"), (grad_cam_plus_plus, "GradcamPlusPlus")]
    )
    def test_the_gradient_methods_agree(self, ours, theirs, how, net, images):
        from tf_keras_vis import gradcam, gradcam_plus_plus
        from tf_keras_vis.utils.scores import CategoricalScore

        theirs = getattr(gradcam if theirs == "Gradcam" else gradcam_plus_plus, theirs)
        expected = heat_of(theirs(net)(CategoricalScore(CLASSES), images, **how))
        heat = ours(net, images, CLASSES, how["penultimate_layer"])
        assert heat.shape == (3, 32, 32) and heat.dtype == np.float32
        np.testing.assert_allclose(
            heat, expected, atol=1e-3
        )  # alpha divides two small numbers of float32

    @pytest.mark.parametrize("maps", [None, 3])
    def test_score_cam_agrees_on_maps_as_large_as_the_image(self, maps, images):
        """Smaller ones it enlarges corner on corner, beside what their cells saw."""
        from tf_keras_vis.scorecam import Scorecam
        from tf_keras_vis.utils.scores import CategoricalScore

        net = linear_net(32)
        how = {
            "penultimate_layer": "maps",
            "seek_penultimate_conv_layer": False,
            "expand_cam": False,
            "normalize_cam": False,
        }
        for row, chosen in enumerate([0, 1, 1]):  # of several images theirs mixes the maps chosen
            image, score = images[row : row + 1], CategoricalScore([chosen])
            expected = heat_of(Scorecam(net)(score, image, max_N=maps, **how))
            heat = score_cam(net, image, chosen, "maps", max_maps=maps)
            np.testing.assert_allclose(heat, expected, atol=1e-4)


class TestByHand:
    @pytest.mark.parametrize("method", [grad_cam, grad_cam_plus_plus])
    def test_with_a_linear_head_is_the_weighted_sum_of_the_maps(self, method, images):
        model, x = linear_net(), images[:, :8, :8]
        maps = keras.Model(model.input, model.get_layer("maps").output).predict(x, verbose=0)
        weights = keras.ops.convert_to_numpy(model.get_layer("logits").kernel)[:, 1]
        if method is grad_cam_plus_plus:  # equal gradients: only their sign is left to count
            weights = np.maximum(weights, 0)
        expected = np.maximum(maps @ weights, 0)
        expected /= expected.max(axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(method(model, x, 1, "maps"), expected, atol=1e-5)

    def test_grad_cam_plus_plus_is_of_the_gradients_of_e_to_the_logit(self, net, twin, images):
        with torch.no_grad():
            maps = twin(torch.tensor(images[:1]))[0]["last"].double()
        kernel, bias = [torch.tensor(w).double() for w in net.get_layer("logits").get_weights()]
        maps.requires_grad_()
        score = (maps.flatten(1) @ kernel[:, 2] + bias[2]).exp().sum()
        (first,) = torch.autograd.grad(score, maps, create_graph=True)
        # The mixed derivatives of e^y by two cells are first first / e^y: the diagonal is left.
        gradient = kernel[:, 2].reshape(maps.shape)
        second, third = first * gradient, first * gradient**2
        np.testing.assert_allclose(
            torch.autograd.grad(first[0, 4, 4, 0], maps)[0][0, 4, 4, 0], second[0, 4, 4, 0].item()
        )
        alpha = second / (2 * second + maps.sum((1, 2), keepdim=True) * third)
        weights = (alpha / alpha.sum((1, 2), keepdim=True) * first.relu()).sum((1, 2))
        expected = heat_of((maps * weights[:, None, None]).sum(-1).detach())
        heat = grad_cam_plus_plus(net, images[:1], 2, "last")
        np.testing.assert_allclose(heat, expected, atol=1e-4)

    def test_score_cam_asks_the_net_about_masked_images(self, net, twin, images):
        """As the authors' code does: masks enlarged by the centres of their cells."""
        image = torch.tensor(images[:1])
        with torch.no_grad():
            maps = twin(image)[0]["last"].permute(3, 0, 1, 2)  # (5, 1, 10, 10)
            masks = F.interpolate(maps, (32, 32), mode="bilinear", align_corners=False)
            masks = masks - masks.amin((2, 3), keepdim=True)
            masks = masks / masks.amax((2, 3), keepdim=True)
            weights = twin(image * masks.permute(0, 2, 3, 1))[1].softmax(-1)[:, 2]
            expected = heat_of(torch.einsum("c,cbhw->bhw", weights, maps))
        for size in (2, 32):
            heat = score_cam(net, images[:1], 2, "last", batch_size=size)
            np.testing.assert_allclose(heat, expected, atol=1e-4)

    def test_score_cam_uncovers_what_a_channel_saw(self):
        """A map whose one cell is lit uncovers the pixels around the centre of that cell."""
        image = keras.Input((24, 24, 1))
        seen = layers.Identity(name="seen")
        x = layers.AveragePooling2D(4, name="maps")(seen(image))
        net = keras.Model(image, layers.Dense(2)(layers.Flatten()(x)))
        x = np.ones((1, 24, 24, 1), "float32")
        x[:, 4:8, 16:20] = 2
        with recorded([seen]) as results:
            score_cam(net, x, 0, "maps")
        uncovered = keras.ops.convert_to_numpy(results[-1][1])[0, ..., 0]
        mask = uncovered / x[0, ..., 0]
        rows, columns = mask.sum(axis=1) @ np.arange(24), mask.sum(axis=0) @ np.arange(24)
        np.testing.assert_allclose(np.array([rows, columns]) / mask.sum(), [5.5, 17.5], atol=1e-3)

    def test_eigen_cam_is_the_first_singular_vectors_share(self, net, twin, images):
        maps = twin(torch.tensor(images))[0]["last"].detach().numpy()
        parts = [TruncatedSVD(1, algorithm="arpack").fit_transform(m.reshape(100, 5)) for m in maps]
        expected = heat_of([np.abs(part).reshape(10, 10) for part in parts])  # ReLU: of one sign
        np.testing.assert_allclose(eigen_cam(net, images, "last"), expected, atol=1e-4)


class TestEveryCAM:
    @pytest.mark.parametrize("method", OF_CLASSES)
    def test_takes_the_predicted_classes_by_default(self, method, net, images):
        predicted = net.predict(images, verbose=0).argmax(axis=-1)
        np.testing.assert_array_equal(method(net, images), method(net, images, predicted))
        assert not np.allclose(method(net, images), method(net, images, (predicted + 1) % 4))

    def test_a_net_of_the_readers_own_may_bear_a_zoo_models_name(self, images):
        net = linear_net()
        own = keras.Model(net.input, net.output, name="ultimus")
        np.testing.assert_array_equal(
            grad_cam(own, images[:, :8, :8]), grad_cam(own, images[:, :8, :8], layer="maps")
        )

    def test_looks_by_default_at_the_last_maps_large_enough(self, images):
        image = keras.Input((8, 8, 3))
        x = layers.Conv2D(4, 3, padding="same", activation="relu", name="maps")(image)
        x = layers.Flatten()(layers.MaxPooling2D()(x))
        model = keras.Model(image, layers.Dense(2)(x))
        images = images[:, :8, :8]
        expected = grad_cam(model, images, layer="maps")
        np.testing.assert_array_equal(grad_cam(model, images), expected)

    def test_looks_where_the_card_of_a_nested_zoo_model_says(self, images):
        image = keras.Input((32, 32, 3))
        inner = zoo.get("custom_resnet")
        outer = keras.Model(image, inner(image))
        expected = grad_cam(inner, images, 1)
        np.testing.assert_allclose(grad_cam(outer, images, 1), expected, atol=1e-6)

    @pytest.mark.parametrize("method", ALL)
    def test_a_layer_shared_with_a_net_for_other_images(self, method, images):
        shared = layers.Conv2D(4, 3, activation="relu", name="maps")
        nets = []
        for size in (6, 32):
            image = keras.Input((size, size, 3))
            x = layers.GlobalAveragePooling2D()(shared(image))
            nets.append(keras.Model(image, layers.Dense(2)(x)))
        check_layer(nets[1], "maps")  # 4x4 in the first net
        assert method(nets[1], images, layer="maps").shape == (3, 32, 32)

    @pytest.mark.parametrize("method", ALL)
    def test_looks_into_a_nested_model(self, method, net, images):
        image = keras.Input((32, 32, 3))
        outer = keras.Model(image, net(image))
        expected = method(net, images, layer="last")
        for name in ("last", "small/last", net.get_layer("last")):
            np.testing.assert_allclose(method(outer, images, layer=name), expected, atol=1e-6)

    @pytest.mark.parametrize("method", ALL)
    def test_explains_the_image_of_a_subclassed_model_with_two_inputs(self, method, two_inputs):
        model, inputs, alone = two_inputs
        heat = method(model, inputs, layer="maps")
        assert heat.shape == (3, 32, 32) and 0.5 < heat.max() <= 1
        np.testing.assert_allclose(heat, method(alone, inputs["image"], layer="maps"), atol=1e-5)

    @pytest.mark.parametrize("method", ALL)
    def test_explains_the_digit_beside_the_number_to_add(self, method, mnist_sum):
        heat = method(*mnist_sum)
        assert heat.shape == (2, 28, 28) and np.isfinite(heat).all() and heat.max() > 0.5

    @pytest.mark.parametrize("method", ALL)
    def test_leaves_the_model_as_it_was(self, method, net, images):
        before = net.predict(images, verbose=0)
        method(net, images)
        np.testing.assert_array_equal(net.predict(images, verbose=0), before)
        assert "call" not in vars(net.get_layer("last"))

    @pytest.mark.parametrize("method", ALL)
    @pytest.mark.parametrize(
        ("layer", "message"),
        [
            ("lost", "no layer 'lost'; nearest: last.*; those with maps: first, last"),
            (
                "flat",
                r"flat gives maps of shape \(500,\); needed are \(h, w, channels\).*: first, last",
            ),
        ],
    )
    def test_a_layer_that_will_not_do_names_those_that_will(
        self, method, layer, message, net, images
    ):
        with pytest.raises(ValueError, match=message):
            method(net, images, layer=layer)

    @pytest.mark.parametrize("method", ALL)
    def test_refuses_maps_smaller_than_five_by_five_unless_asked_for(self, method, images):
        net, x = linear_net(4), images[:, :4, :4]
        assert method(net, x, layer="maps", smallest=1).shape == (3, 4, 4)
        with pytest.raises(ValueError, match="maps gives maps of 4x4.*5x5.*smallest=4"):
            method(net, x, layer="maps")

    def test_an_error_names_five_layers_at_most(self, images):
        net = zoo.get("custom_resnet")
        names = r"5x5.*Larger ones: (\w+, ){4}\w+ \(the last 5 of \d\d\)$"
        with pytest.raises(ValueError, match=names):
            grad_cam(net, images, layer="layer3_add")
        with pytest.raises(ValueError, match=r"those with maps: (\w+, ){4}\w+ \(the last 5 of"):
            grad_cam(net, images, layer="lost")


class TestBadInput:
    @pytest.mark.parametrize("method", OF_CLASSES)
    @pytest.mark.parametrize(
        ("classes", "message"),
        [
            (4, r"outside the model's 0 to 3"),
            ([0, 1, -1], r"outside the model's 0 to 3"),
            ([0, 1], r"classes=\[0 1\] must be one index, or 3 of them"),
            (1.5, "classes=1.5 must be one index"),
        ],
    )
    def test_classes_that_the_model_does_not_have(self, method, classes, message, net, images):
        with pytest.raises(ValueError, match=message):
            method(net, images, classes)

    def test_a_number_of_maps_that_there_is_not(self, net, images):
        with pytest.raises(ValueError, match="max_maps=6 must be a whole number from 1 to 5"):
            score_cam(net, images, max_maps=6)
        with pytest.raises(ValueError, match="batch_size=-1 must be a whole number, 1 or more"):
            score_cam(net, images, batch_size=-1)

    @pytest.mark.parametrize("layer", ["lost", "dense"])
    def test_of_a_subclassed_model_names_all_layers(self, layer, two_inputs):
        model, inputs, _ = two_inputs
        dense = model.layers[1].name
        with pytest.raises(ValueError, match=f"only a run can tell, of maps, {dense}"):
            grad_cam(model, inputs, layer=dense if layer == "dense" else layer)

    def test_of_a_subclassed_model_asks_for_a_layer_and_for_weights(self, two_inputs, images):
        model, inputs, _ = two_inputs
        with pytest.raises(ValueError, match="name one with layer=: only a run can tell, of maps"):
            grad_cam(model, inputs)
        unbuilt = keras.Sequential([layers.Conv2D(3, 3, name="c"), layers.Flatten()], name="later")
        with pytest.raises(ValueError, match="later has no weights yet"):
            grad_cam(unbuilt, images, layer="c")

    def test_images_that_are_none(self, net, images):
        with pytest.raises(ValueError, match=r"no input is a batch of images"):
            grad_cam(net, images[0])
        with pytest.raises(ValueError, match="not one image to explain"):
            grad_cam(net, images[:0])

    def test_several_outputs_say_how_to_explain_one(self):
        digits = {"image": np.zeros((1, 28, 28, 1)), "number": np.eye(1, 10)}
        with pytest.raises(ValueError, match=r"keras.Model\(model.input, model.output\['digit'\]"):
            grad_cam(zoo.get("mnist_sum"), digits)

    def test_inputs_of_different_lengths(self, two_inputs):
        model, inputs, _ = two_inputs
        with pytest.raises(ValueError, match=r"differ in their number of rows: .*\(2, 32, 32, 3\)"):
            grad_cam(model, inputs | {"image": inputs["image"][:2]}, layer="maps")

    def test_a_layer_whose_name_two_nested_models_have(self, net, images):
        image = keras.Input((32, 32, 3))
        other = keras.models.clone_model(net)
        other.name = "other"
        model = keras.Model(image, net(image) + other(image))
        with pytest.raises(ValueError, match="several layers 'last': small/last, other/last"):
            grad_cam(model, images, layer="last")
        np.testing.assert_array_equal(
            grad_cam(model, images, 1, "other/last"),
            grad_cam(model, images, 1, other.get_layer("last")),
        )

    def test_a_layer_that_the_model_runs_twice(self, images):
        shared = layers.Conv2D(3, 3, padding="same", name="shared")
        image = keras.Input((32, 32, 3))
        x = layers.GlobalAveragePooling2D()(shared(shared(image)))
        model = keras.Model(image, layers.Dense(2)(x), name="twice")
        with pytest.raises(ValueError, match="shared of twice runs more than once"):
            grad_cam(model, images, layer="shared")
