"""Weights of keras-hub's vision transformer in the zoo's: the same tokens."""

import keras
import numpy as np
import pytest

import zoo
from zoo.weights import from_keras_hub, to_keras_hub

keras_hub = pytest.importorskip("keras_hub")


def filled(model, seed=0):
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(rng.normal(size=variable.shape, scale=0.2))
    return model


def backbone(**options):
    shape = {"image_shape": (32, 32, 3), "patch_size": (4, 4), "num_layers": 2, "num_heads": 3}
    return filled(keras_hub.models.ViTBackbone(hidden_dim=48, mlp_dim=96, **shape | options))


def model(**options):
    return zoo.get("vit_cifar", **{"width": 48, "depth": 2, "num_classes": 5} | options)


def tokens(model, images):
    layer = model.get_layer("norm")
    return keras.Model(model.input, layer.output).predict(images, verbose=0)


def test_tokens_are_those_of_keras_hub_and_weights_go_back():
    images = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype("float32")
    theirs, ours = backbone(), filled(model(), seed=1)
    head = ours.get_layer("logits").get_weights()
    assert from_keras_hub(ours, theirs) is ours
    expected = theirs.predict(images, verbose=0)
    np.testing.assert_allclose(tokens(ours, images), expected, atol=1e-4)
    for before, after in zip(head, ours.get_layer("logits").get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    other = filled(backbone(), seed=2)
    to_keras_hub(ours, other)
    for there, here in zip(theirs.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(there, here)


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 96}, r"patches/kernel \(4, 4, 3, 96\) of vit_cifar has no counterpart"),
        ({"depth": 3}, "block3_norm1/gamma"),
        ({"depth": 1}, "vit_cifar has nothing for transformer_block_2/ln_1/gamma of"),
        ({"head": "mean"}, r"positions/table \(64, 48\)"),
    ],
    ids=str,
)
def test_another_form_is_refused_and_changes_nothing(options, message):
    ours = filled(model(**options))
    before = ours.get_weights()
    with pytest.raises(ValueError, match=message):
        from_keras_hub(ours, backbone())
    for old, new in zip(before, ours.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
