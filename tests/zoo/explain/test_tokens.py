"""Nets of tokens: a small vision transformer against a computation of its own, token by token."""

import cv2
import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo
from zoo import backend, registry
from zoo.explain import eigen_cam, feature_maps, grad_cam, grad_cam_plus_plus, saliency, score_cam
from zoo.explain.cam import check_layer

ALL = [grad_cam, grad_cam_plus_plus, score_cam, eigen_cam]
WHERE = {"layer": "block1_norm1", "grid": (14, 10), "prefix_tokens": 1}


@keras.saving.register_keras_serializable("tests")
class ClassToken(layers.Layer):
    """A learnt token before the others, and a learnt position for each."""

    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")
        self.positions = self.add_weight(shape=(1, shape[1] + 1, shape[-1]), name="positions")

    def call(self, x):
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([token, x], axis=1) + self.positions


def tiny_vit(input_shape=(224, 160, 3), num_classes=4, patch=16, blocks=2, class_token=True):
    image = keras.Input(input_shape, name="image")
    x = layers.Conv2D(8, patch, strides=patch, name="patches")(image)
    x = layers.Reshape((-1, 8), name="tokens")(x)
    x = ClassToken(name="class_token")(x) if class_token else x
    for block in range(blocks):
        y = layers.LayerNormalization(name=f"block{block}_norm1")(x)
        y = layers.MultiHeadAttention(2, 4, name=f"block{block}_attention")(y, y)
        x = layers.Add(name=f"block{block}_add")([x, y])
        y = layers.Dense(8, "gelu", name=f"block{block}_mlp")(x)
        x = layers.Add(name=f"block{block}_out")([x, y])
    x = layers.LayerNormalization(name="norm")(x)
    x = x[:, 0] if class_token else layers.GlobalAveragePooling1D(name="mean")(x)
    return keras.Model(image, layers.Dense(num_classes, name="logits")(x), name="tiny_vit")


@pytest.fixture
def vit():
    return tiny_vit()


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(2, 224, 160, 3)).astype("float32")


def tokens_and_gradients(vit, images, classes, name="block1_norm1"):
    """What the layer gives and the classes' gradients there, the rest of the net run by hand."""
    front = keras.Model(vit.input, [vit.get_layer("block0_out").output, vit.get_layer(name).output])
    before, tokens = front(images)

    def score(y):
        x = before + vit.get_layer("block1_attention")(y, y)
        x = x + vit.get_layer("block1_mlp")(x)
        logits = vit.get_layer("logits")(vit.get_layer("norm")(x)[:, 0])
        return ops.sum(logits * ops.one_hot(ops.convert_to_tensor(classes), 4)), logits

    gradients, logits = backend.gradient(score, tokens)
    expected = vit.predict(images, verbose=0)
    np.testing.assert_allclose(ops.convert_to_numpy(logits), expected, atol=1e-4)
    return ops.convert_to_numpy(tokens), ops.convert_to_numpy(gradients)


def heat_of(cam):
    cam = np.maximum(cam, 0)
    return cv2.resize((cam / cam.max()).astype("float32"), (160, 224))


class TestNamedInTheCall:
    def test_grad_cam_is_of_the_patches_where_they_lie(self, vit, images):
        """Token 1 + 10 row + column is the patch at (row, column); token 0 is no patch."""
        tokens, gradients = tokens_and_gradients(vit, images, [1, 3])
        heat = grad_cam(vit, images, [1, 3], **WHERE)
        assert heat.shape == (2, 224, 160)
        for n in range(2):
            weights = np.mean([gradients[n, t] for t in range(1, 141)], axis=0)
            cam = np.zeros((14, 10))
            for row in range(14):
                for column in range(10):
                    cam[row, column] = tokens[n, 1 + 10 * row + column] @ weights
            np.testing.assert_allclose(heat[n], heat_of(cam), atol=1e-3)

    @pytest.mark.parametrize("method", ALL)
    def test_every_cam_takes_them_as_maps(self, method, images):
        """The same net with its tokens laid out as maps on the way has the same heat."""
        image = keras.Input((224, 160, 3))
        x = layers.Conv2D(8, 16, strides=16, name="patches")(image)
        x = layers.Reshape((140, 8), name="tokens")(x)
        x = layers.Reshape((14, 10, 8), name="as_maps")(x)
        x = layers.Reshape((140, 8))(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)])
        x = layers.GlobalAveragePooling1D()(x)
        net = keras.Model(image, layers.Dense(4)(x))
        arguments = () if method is eigen_cam else ([1, 3],)
        heat = method(net, images, *arguments, layer="tokens", grid=(14, 10))
        assert heat.any()
        expected = method(net, images, *arguments, layer="as_maps")
        np.testing.assert_allclose(heat, expected, atol=1e-5)

    def test_feature_maps_lay_them_out(self, vit, images):
        tokens = keras.Model(vit.input, vit.get_layer("block1_norm1").output).predict(images)
        maps = feature_maps(vit, images, **WHERE)
        assert maps.shape == (2, 14, 10, 8)
        np.testing.assert_allclose(maps[1, 13, 2], tokens[1, 1 + 13 * 10 + 2], atol=1e-5)

    def test_a_nested_net(self, vit, images):
        image = keras.Input((224, 160, 3))
        outer = keras.Model(image, vit(image))
        expected = grad_cam(vit, images, 1, **WHERE)
        np.testing.assert_allclose(grad_cam(outer, images, 1, **WHERE), expected, atol=1e-5)

    def test_a_subclassed_net(self, vit, images):
        class Wrapped(keras.Model):
            def __init__(self):
                super().__init__(name="wrapped")
                self.vit = vit

            def call(self, x):
                return self.vit(x)

        model = Wrapped()
        model(images)
        expected = grad_cam(vit, images, 1, **WHERE)
        np.testing.assert_allclose(grad_cam(model, images, 1, **WHERE), expected, atol=1e-5)

    def test_after_the_last_attention_a_class_token_leaves_no_gradient(self, vit, images):
        with pytest.warns(
            UserWarning, match="2 of 2 images: of what the layer block1_out gives only"
        ):
            heat = grad_cam(vit, images, 1, **WHERE | {"layer": "block1_out"})
        assert not heat.any()

    def test_small_grids_are_taken_if_asked_for(self, images):
        vit = tiny_vit((64, 48, 3))
        where, x = WHERE | {"grid": (4, 3)}, images[:, :64, :48]
        with pytest.raises(ValueError, match="gives maps of 4x3, .* smallest=3 takes them"):
            eigen_cam(vit, x, **where)
        assert eigen_cam(vit, x, smallest=3, **where).shape == (2, 64, 48)


class TestNamedOnTheCard:
    @pytest.fixture
    def registered(self, monkeypatch):
        """tiny_vit in the zoo for as long as a test runs."""
        monkeypatch.setattr(registry, "_cards", dict(registry._cards))
        zoo.register(cam_layer="block1_norm1", patch=16, prefix_tokens=1)(tiny_vit)
        return zoo.get("tiny_vit", input_shape=(224, 160, 3))

    def test_needs_no_arguments(self, registered, images):
        expected = grad_cam(registered, images, 1, **WHERE)
        np.testing.assert_array_equal(grad_cam(registered, images, 1), expected)
        check_layer(registered)

    def test_any_layer_of_its_tokens_lies_the_same_way(self, registered, images):
        other = "block0_norm1"
        expected = grad_cam(registered, images, 1, **WHERE | {"layer": other})
        np.testing.assert_array_equal(grad_cam(registered, images, 1, other), expected)
        maps = feature_maps(registered, images, "patches")  # not tokens yet
        assert maps.shape == (2, 14, 10, 8)

    def test_nested_in_another_model(self, registered, images):
        image = keras.Input((224, 160, 3))
        outer = keras.Model(image, registered(image), name="outer")
        expected = grad_cam(registered, images, 1, **WHERE)
        np.testing.assert_allclose(grad_cam(outer, images, 1), expected, atol=1e-5)


class TestNotNamed:
    @pytest.mark.parametrize("class_token", [True, False])
    @pytest.mark.parametrize("method", ALL)
    def test_says_what_to_name_and_takes_no_patch_embedding(self, method, class_token, images):
        vit = tiny_vit(class_token=class_token)
        with pytest.raises(ValueError, match=r"tiny_vit works on tokens.*layer=, grid=.*\(height"):
            method(vit, images)
        with pytest.raises(ValueError, match="tiny_vit works on tokens"):
            check_layer(vit)

    def test_nor_where_a_layer_of_its_own_hides_the_tokens(self, images):
        class Encoder(layers.Layer):
            def __init__(self):
                super().__init__()
                self.attention = layers.MultiHeadAttention(2, 4)

            def call(self, x):
                x = ops.reshape(x, (-1, 140, 8))
                return ops.mean(self.attention(x, x), axis=1)

        image = keras.Input((224, 160, 3))
        x = Encoder()(layers.Conv2D(8, 16, strides=16)(image))
        with pytest.raises(ValueError, match="hidden works on tokens"):
            grad_cam(keras.Model(image, layers.Dense(2)(x), name="hidden"), images)

    def test_maps_that_come_after_the_tokens_are_taken(self, images):
        image = keras.Input((224, 160, 3))
        x = layers.Conv2D(8, 16, strides=16)(image)
        y = layers.Reshape((140, 8))(x)
        y = layers.MultiHeadAttention(2, 4)(y, y)
        x = layers.Add(name="together")([x, layers.Reshape((14, 10, 8))(y)])
        net = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
        expected = grad_cam(net, images, 1, "together")
        np.testing.assert_array_equal(grad_cam(net, images, 1), expected)

    def test_pixels_need_no_layer(self, vit, images):
        assert saliency(vit, images).shape == (2, 224, 160)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"grid": None}, "block1_norm1 gives 141 tokens; say where"),
            ({"grid": (12, 12)}, "gives 141 tokens, which are not 1 before a grid of 12x12"),
            ({"prefix_tokens": 0}, "gives 141 tokens, which are not 0 before a grid of 14x10"),
            ({"prefix_tokens": 1.5}, "prefix_tokens=1.5 must be a whole number"),
            ({"grid": 140}, r"grid=140 must be \(rows, columns\)"),
            ({"grid": ("14", "10")}, "grid='14' must be a whole number"),
            ({"layer": "patches"}, "grid= and prefix_tokens= are for layers that give"),
            ({"layer": "logits"}, r"logits gives maps of shape \(4,\)"),
            ({"smallest": 0}, "smallest=0 must be a whole number, 1 or more"),
        ],
    )
    def test_wrong_names(self, wrong, message, vit, images):
        with pytest.raises(ValueError, match=message):
            grad_cam(vit, images, 1, **WHERE | wrong)
