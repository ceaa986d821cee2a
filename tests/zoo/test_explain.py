"""GradCAM against tf-keras-vis and by hand; misclassified against sklearn."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy.special import softmax
from sklearn.metrics import accuracy_score

import zoo
from zoo.explain import grad_cam, misclassified

IMAGES = np.random.default_rng(0).normal(size=(3, 32, 32, 3)).astype("float32")


def small_net():
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="first")(image)
    x = layers.Conv2D(5, 3, strides=3, activation="relu", name="last")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(image, layers.Dense(4, name="logits")(x), name="small")


class TestGradCAM:
    @pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="tf-keras-vis needs it")
    def test_agrees_with_tf_keras_vis(self):
        import cv2
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.utils.scores import CategoricalScore

        model = small_net()
        for name in ("first", "last"):
            ours = grad_cam(model, IMAGES, classes=[0, 2, 3], layer=name)
            theirs = Gradcam(model)(
                CategoricalScore([0, 2, 3]), IMAGES, penultimate_layer=name,
                seek_penultimate_conv_layer=False, expand_cam=False, normalize_cam=False,
            )  # fmt: skip
            assert ours.shape == (3, 32, 32) and ours.dtype == np.float32
            for one, other in zip(ours, theirs, strict=True):
                other = np.asarray(other)
                other = cv2.resize(other / other.max(), (32, 32))
                np.testing.assert_allclose(one, other, atol=1e-4)

    def test_with_a_linear_head_is_the_weighted_sum_of_the_maps(self):
        image = keras.Input((8, 8, 3))
        x = layers.Conv2D(4, 3, padding="same", name="maps")(image)
        x = layers.GlobalAveragePooling2D()(x)
        model = keras.Model(image, layers.Dense(2, name="logits")(x))
        x = IMAGES[:, :8, :8]
        maps = keras.Model(image, model.get_layer("maps").output).predict(x, verbose=0)
        kernel = keras.ops.convert_to_numpy(model.get_layer("logits").kernel)
        expected = np.maximum(maps @ kernel[:, 1], 0)
        expected /= expected.max(axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(grad_cam(model, x, 1), expected, atol=1e-5)

    def test_takes_the_predicted_classes_by_default(self):
        model = small_net()
        predicted = model.predict(IMAGES, verbose=0).argmax(axis=-1)
        np.testing.assert_array_equal(grad_cam(model, IMAGES), grad_cam(model, IMAGES, predicted))

    def test_looks_into_a_nested_model(self):
        inner = small_net()
        image = keras.Input((32, 32, 3))
        outer = keras.Model(image, inner(image))
        np.testing.assert_allclose(
            grad_cam(outer, IMAGES, 1, "last"), grad_cam(inner, IMAGES, 1, "last"), atol=1e-6
        )

    def test_works_for_a_subclassed_model_and_for_two_inputs(self):
        class Two(keras.Model):
            def __init__(self):
                super().__init__()
                self.conv = layers.Conv2D(4, 3, name="maps")
                self.dense = layers.Dense(2)

            def call(self, inputs, training=False):
                maps = keras.ops.mean(self.conv(inputs["image"]), axis=(1, 2))
                return self.dense(keras.ops.concatenate([maps, inputs["digit"]], axis=-1))

        inputs = {"digit": np.eye(3, 10, dtype="float32"), "image": IMAGES}
        model = Two()
        model(inputs)
        heat = grad_cam(model, inputs, [0, 1, 0], layer="maps")
        assert heat.shape == (3, 32, 32) and 0.5 < heat.max() <= 1

    def test_leaves_the_model_as_it_was(self):
        model = small_net()
        before = model.predict(IMAGES, verbose=0)
        grad_cam(model, IMAGES)
        np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), before)
        assert "call" not in vars(model.get_layer("last"))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"layer": "lost"}, "no layer 'lost'; those with maps: first, last"),
            ({"layer": "flat"}, r"'?flat'? gives maps of shape \(500,\)"),
            ({"classes": 4}, r"outside the model's 0 to 3"),
            ({"classes": [0, 1, -1]}, r"outside the model's 0 to 3"),
        ],
    )
    def test_bad_input_names_what_would_do(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            grad_cam(small_net(), IMAGES, **arguments)

    def test_refuses_maps_smaller_than_five_by_five(self):
        with pytest.raises(ValueError, match=r"\(4, 4, 512\).*5x5.*layer2_relu"):
            grad_cam(zoo.get("custom_resnet"), IMAGES, layer="layer3_add")


class TestMisclassified:
    def test_gives_the_surest_mistakes_first(self):
        model = small_net()
        labels = np.random.default_rng(1).integers(0, 4, 60)
        x = np.random.default_rng(2).normal(size=(60, 32, 32, 3)).astype("float32")
        probabilities = softmax(model.predict(x, verbose=0), axis=-1)
        mistakes = misclassified(model, x, labels, k=60)
        predicted = probabilities.argmax(axis=-1)
        assert len(mistakes) == round(60 * (1 - accuracy_score(labels, predicted)))
        assert (np.diff(mistakes.confidence) <= 0).all()
        np.testing.assert_array_equal(mistakes.true, labels[mistakes.indices])
        np.testing.assert_array_equal(mistakes.predicted, predicted[mistakes.indices])
        np.testing.assert_allclose(
            mistakes.confidence, probabilities.max(axis=-1)[mistakes.indices], rtol=1e-5
        )

    def test_gives_none_where_there_are_none(self):
        model = small_net()
        right = model.predict(IMAGES, verbose=0).argmax(axis=-1)
        assert len(misclassified(model, IMAGES, right)) == 0

    def test_refuses_labels_that_do_not_fit(self):
        with pytest.raises(ValueError, match="3 images need labels"):
            misclassified(small_net(), IMAGES, [1, 2])
        with pytest.raises(ValueError, match="labels run from 0 to 9, the model has 4"):
            misclassified(small_net(), IMAGES, [0, 5, 9])
