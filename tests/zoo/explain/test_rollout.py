"""Attention, how far it reaches, and its rollout, against loops over its definition."""

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.explain import attention_rollout
from zoo.inspect import attention_distance, attention_weights


def filled(model, seed=0):
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        variable.assign(rng.normal(size=variable.shape, scale=0.3))
    return model


@pytest.fixture(scope="module")
def vit():
    """3x2 patches of 8 pixels and a class token, two heads, three blocks."""
    options = {"input_shape": (24, 16, 3), "patch": 8, "width": 12, "heads": 2, "depth": 3}
    return filled(zoo.get("vit_cifar", **options))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).normal(size=(2, 24, 16, 3)).astype("float32")


GRID = {"grid": (3, 2), "prefix_tokens": 1}


def test_attention_is_that_of_each_layer_for_what_it_is_given(vit, images):
    weights = attention_weights(vit, images)
    assert list(weights) == ["block1_attention", "block2_attention", "block3_attention"]
    second = weights["block2_attention"]
    assert second.shape == (2, 2, 7, 7)
    given = keras.Model(vit.input, vit.get_layer("block2_norm1").output).predict(images, verbose=0)
    expected = vit.get_layer("block2_attention").attention(given)
    np.testing.assert_allclose(second, keras.ops.convert_to_numpy(expected), atol=1e-5)
    np.testing.assert_allclose(second.sum(axis=-1), 1, atol=1e-5)


def test_attention_of_keras_layers_is_found_in_nested_models_too(images):
    tokens = keras.Input((6, 8), name="tokens")
    attended = keras.layers.MultiHeadAttention(2, 4, name="attend")(tokens, tokens)
    inner = keras.Model(tokens, attended, name="inner")
    image = keras.Input((24, 16, 3))
    x = keras.layers.Conv2D(8, 8, strides=8)(image)
    x = inner(keras.layers.Reshape((6, 8))(x))
    model = filled(keras.Model(image, keras.layers.GlobalAveragePooling1D()(x)))
    before = model.predict(images, verbose=0)
    weights = attention_weights(model, images)["attend"]
    assert weights.shape == (2, 2, 6, 6)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_array_equal(before, model.predict(images, verbose=0))


def test_distance_is_the_mean_over_patches_weighted_by_attention(vit, images):
    distances = attention_distance(vit, images, grid=(3, 2))
    weights = attention_weights(vit, images)["block1_attention"]
    for head in range(2):
        means = []
        for image in weights[:, head]:
            for query in range(6):
                row = image[1 + query, 1:] / image[1 + query, 1:].sum()
                apart = [
                    8 * np.hypot(query // 2 - key // 2, query % 2 - key % 2) for key in range(6)
                ]
                means.append(row @ apart)
        np.testing.assert_allclose(distances["block1_attention"][head], np.mean(means), rtol=1e-5)


def test_distance_of_attention_that_looks_at_itself_is_zero_and_that_of_all_the_mean():
    apart = zoo.inspect.attention.patch_distances((2, 2), (4.0, 4.0))
    assert apart.tolist()[0] == [0, 4, 4, np.hypot(4, 4)]


@pytest.mark.parametrize("discard", [0.0, 0.5])
def test_rollout_multiplies_the_layers_mixed_with_the_identity(vit, images, discard):
    heat = attention_rollout(vit, images, discard=discard, **GRID)
    assert heat.shape == (2, 24, 16) and heat.dtype == "float32"
    for row in range(2):
        product = np.eye(7)
        for weights in attention_weights(vit, images).values():
            attention = weights[row].mean(axis=0)
            bound = np.sort(attention.ravel())[int(discard * 49)]
            kept = np.where(attention < bound, 0, attention) if discard else attention
            both = kept + np.eye(7)
            product = (both / both.sum(axis=1, keepdims=True)) @ product
        cells = (product[0, 1:] / product[0, 1:].max()).reshape(3, 2)
        expected = Image.fromarray(cells.astype("float32")).resize((16, 24), Image.BILINEAR)
        np.testing.assert_allclose(heat[row], expected, atol=1e-5)


def test_rollout_of_a_net_without_class_token_takes_the_mean_of_its_tokens(images):
    options = {"patch": 8, "width": 12, "heads": 2, "depth": 1, "head": "mean"}
    model = filled(zoo.get("vit_cifar", input_shape=(24, 16, 3), **options))
    heat = attention_rollout(model, images, grid=(3, 2), prefix_tokens=0)
    (weights,) = attention_weights(model, images).values()
    both = (weights.mean(axis=1) + np.eye(6)) / 2
    expected = both.mean(axis=1).reshape(2, 3, 2)
    strongest = expected.reshape(2, -1).argmax(axis=1)
    corner = heat[:, 3::8, 3::8].reshape(2, -1)
    assert corner.argmax(axis=1).tolist() == strongest.tolist()


class TestRefused:
    def test_a_net_without_attention(self, images):
        with pytest.raises(ValueError, match="resnet20 has no attention to look at"):
            attention_rollout(zoo.get("resnet20", input_shape=(24, 16, 3)), images)

    def test_tokens_that_the_grid_does_not_fit(self, vit, images):
        with pytest.raises(
            ValueError, match="gives 7 tokens, which are not 1 before a grid of 6x4"
        ):
            attention_rollout(vit, images)  # the card's patch is 4
        with pytest.raises(
            ValueError, match="gives 7 tokens, which are not 0 before a grid of 3x2"
        ):
            attention_distance(vit, images, grid=(3, 2), prefix_tokens=0)

    def test_a_share_to_discard_out_of_its_range(self, vit, images):
        with pytest.raises(ValueError, match="discard=1 must be"):
            attention_rollout(vit, images, discard=1, **GRID)

    def test_images_without_their_axis(self, vit, images):
        with pytest.raises(ValueError, match=r"\(n, H, W, channels\), not \(24, 16, 3\)"):
            attention_distance(vit, images[0])
