"""What is no model, no image, no layer or no number: each is named, in our words."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.explain import (
    activation_maximization,
    eigen_cam,
    feature_maps,
    fgsm,
    grad_cam,
    grad_cam_plus_plus,
    iterated_fgsm,
    kernels,
    loss_surface,
    misclassified,
    pgd,
    saliency,
    score_cam,
    smooth_grad,
    success_rate,
)

PIXELS = np.random.default_rng(0).uniform(size=(2, 12, 12, 3)).astype("float32")
LABELS = np.array([0, 1])
ATTACK = {"images": PIXELS, "labels": LABELS, "epsilon": 0.1}
CALLS = {  # arguments that are right, one of which each test makes wrong
    grad_cam: {"images": PIXELS, "classes": 1, "layer": "maps"},
    grad_cam_plus_plus: {"images": PIXELS, "classes": 1, "layer": "maps"},
    score_cam: {"images": PIXELS, "classes": 1, "layer": "maps"},
    eigen_cam: {"images": PIXELS, "layer": "maps"},
    saliency: {"images": PIXELS, "classes": 1},
    smooth_grad: {"images": PIXELS, "classes": 1, "samples": 2},
    feature_maps: {"images": PIXELS, "layer": "maps"},
    fgsm: ATTACK,
    iterated_fgsm: ATTACK,
    pgd: ATTACK,
    success_rate: {"images": PIXELS, "attacked": PIXELS, "labels": LABELS},
    activation_maximization: {"start": PIXELS[:1], "units": 1, "steps": 1},
    misclassified: {"x": PIXELS, "y": LABELS},
    loss_surface: {"x": PIXELS, "y": LABELS, "steps": 3},
    kernels: {"layer": "maps"},
}
IMAGES = {"misclassified": "x", "loss_surface": "x", "activation_maximization": "start"}


def make_net(name="net"):
    image = keras.Input((12, 12, 3))
    x = layers.Conv2D(3, 3, activation="relu", name="maps")(image)
    x = layers.GlobalAveragePooling2D()(x)
    net = keras.Model(image, layers.Dense(4, name="logits")(x), name=name)
    net.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return net


@pytest.fixture
def net():
    return make_net()


def refused(call, net, message, **wrong):
    """The call raises a ValueError with `message`."""
    with pytest.raises(ValueError) as error:
        call(net, **CALLS[call] | wrong)
    assert message in str(error.value), str(error.value)
    return error.value


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
class TestEveryCall:
    def test_needs_a_model(self, call):
        for wrong in (None, "custom_resnet", make_net):
            assert refused(call, wrong, "model must be a keras.Model").__cause__ is None

    def test_needs_weights(self, call):
        unbuilt = keras.Sequential([layers.Conv2D(3, 3, name="maps"), layers.Flatten()])
        refused(call, unbuilt, "has no weights yet")

    def test_needs_images_that_fit(self, call, net):
        if call is kernels:
            return
        name = IMAGES.get(call.__name__, "images")
        other = {"attacked": PIXELS[..., :1]} if call is success_rate else {}
        message = "takes images or other inputs of shape (n, 12, 12, 3), not"
        for wrong in (PIXELS[..., :1], PIXELS[:, :8]):
            refused(call, net, message, **{name: wrong}, **other)
        refused(call, net, "not one image", **{name: PIXELS[:0]})
        for wrong in ("cat.png", [None], {"image": object()}, [[1, 2], [3]] * 2 + ["a"]):
            refused(call, net, "an input must be an array of numbers", **{name: wrong})

    def test_needs_a_layer_of_this_model(self, call, net):
        if "layer" not in CALLS[call] and call is not activation_maximization:
            return
        other = make_net("other").get_layer("maps")
        refused(call, net, "net does not have the layer maps", layer=other)
        refused(call, net, "layer=3 must be a layer of net or its name", layer=3)
        refused(call, net, "net has no layer 'mapz'; nearest: maps", layer="mapz")

    def test_explains_classes_of_the_model(self, call, net):
        name = next((n for n in ("classes", "labels", "y", "units") if n in CALLS[call]), None)
        if not name or call is loss_surface:
            return
        for wrong in (
            4,
            -1,
            [0, 4],
            1.5,
            "1",
            ["a", "b"],
            [[0], [1]],
            [[0, 1], [1]],
            np.eye(4)[:2],
        ):
            refused(call, net, name, **{name: wrong})


@pytest.mark.parametrize(
    ("call", "wrong", "message"),
    [
        (fgsm, {"epsilon": "0.1"}, "epsilon='0.1' must be a finite number from 0 to 1"),
        (pgd, {"epsilon": None}, "epsilon=None must be a finite number"),
        (pgd, {"steps": 1.5}, "steps=1.5 must be a whole number, 1 or more"),
        (pgd, {"step": np.nan}, "step=nan must be a finite number"),
        (pgd, {"step": "a"}, "step='a' must be a finite number"),
        (pgd, {"seed": 0.5}, "seed=0.5 must be a whole number"),
        (iterated_fgsm, {"steps": "3"}, "steps='3' must be a whole number"),
        (iterated_fgsm, {"start": "noise"}, "an input must be an array of numbers"),
        (fgsm, {"mean": "a"}, "mean='a' must be 1 or 3 finite numbers"),
        (fgsm, {"mean": [0.5, np.nan, 0.5]}, "must be 1 or 3 finite numbers"),
        (fgsm, {"std": None}, "std=None must be 1 or 3 finite numbers, above 0"),
        (fgsm, {"std": np.zeros((3, 3))}, "must be 1 or 3 finite numbers, above 0"),
        (fgsm, {"batch_size": 2.5}, "batch_size=2.5 must be a whole number"),
        (fgsm, {"targets": "cat"}, "targets=cat must be one index, or 2 of them"),
        (success_rate, {"attacked": None}, "an input must be an array of numbers"),
        (success_rate, {"batch_size": "4"}, "batch_size='4' must be a whole number"),
        (smooth_grad, {"samples": "25"}, "samples='25' must be a whole number"),
        (smooth_grad, {"noise": "a"}, "noise='a' must be a finite number"),
        (score_cam, {"max_maps": 2.5}, "max_maps=2.5 must be a whole number from 1 to 3"),
        (score_cam, {"batch_size": 0.5}, "batch_size=0.5 must be a whole number"),
        (grad_cam, {"smallest": "5"}, "smallest='5' must be a whole number"),
        (grad_cam, {"image": "other"}, "no image input 'other'; those that are images: [0]"),
        (activation_maximization, {"steps": 1.5}, "steps=1.5 must be a whole number"),
        (activation_maximization, {"units": []}, "units=[] must name one of 0 to 3"),
        (activation_maximization, {"jitter": -1}, "jitter=-1 must be a whole number"),
        (activation_maximization, {"norm": "a"}, "norm='a' must be a finite number"),
        (activation_maximization, {"total_variation": np.inf}, "total_variation=inf must be"),
        (activation_maximization, {"optimizer": "adams"}, "optimizer='adams' must be a Keras opt"),
        (activation_maximization, {"optimizer": 3}, "optimizer=3 must be a Keras optimizer"),
        (activation_maximization, {"seed": -1}, "seed=-1 must be a whole number, 0 or more"),
        (loss_surface, {"steps": 3.5}, "steps=3.5 must be a whole number, 3 or more"),
        (loss_surface, {"span": "1"}, "span='1' must be a finite number, above 0"),
        (loss_surface, {"seed": None}, "seed=None must be a whole number"),
        (loss_surface, {"batch_size": 0}, "batch_size=0 must be a whole number, 1 or more"),
        (loss_surface, {"loss": "mean"}, "loss='mean' must be a Keras loss or its name"),
        (loss_surface, {"loss": 3}, "loss=3 must be a Keras loss or its name"),
        (loss_surface, {"loss": "categorical_crossentropy"}, "cannot be computed for labels of"),
        (loss_surface, {"y": ["a", "b"]}, "an input must be an array of numbers"),
        (loss_surface, {"x": PIXELS * np.nan}, "images hold NaN or infinite values in 2 of 2 rows"),
        (misclassified, {"k": 2.5}, "k=2.5 must be a whole number, 0 or more"),
        (misclassified, {"k": None}, "k=None must be a whole number"),
    ],
)
def test_a_number_that_is_none(call, wrong, message, net):
    refused(call, net, message, **wrong)


def test_inputs_that_are_missing_or_too_many(two_inputs, net):
    number = keras.Input((4,), name="number")
    image = keras.Input((12, 12, 3), name="image")
    model = keras.Model({"image": image, "number": number}, net(image) + number, name="both")
    numbers = np.zeros((2, 4), "float32")
    for wrong, message in (
        ({"image": PIXELS}, "both takes the inputs ['image', 'number']; there is no 'number'"),
        ({"image": PIXELS, "number": numbers, "more": numbers}, "['image', 'number'], not 'more'"),
        ({"image": PIXELS, "number": numbers[:, :3]}, "of shape (n, 4), not (2, 3)"),
        (PIXELS, "both takes 2 inputs, "),
    ):
        with pytest.raises(ValueError) as error:
            saliency(model, wrong)
        assert message in str(error.value), str(error.value)


def test_what_fails_inside_a_subclassed_model_is_reported(two_inputs):
    model, inputs, _ = two_inputs
    wrong = inputs | {"image": inputs["image"][..., :1]}
    for call, where in (
        (grad_cam, {"layer": "maps"}),
        (saliency, {}),
        (eigen_cam, {"layer": "maps"}),
    ):
        with pytest.raises(
            ValueError, match=r"cannot be run on inputs of shape \[\([13], 32, 32, 1\)"
        ):
            call(model, wrong, **where)
