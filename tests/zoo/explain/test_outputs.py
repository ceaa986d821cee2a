"""Nets of one logit, of many labels, and nets that end in probabilities, against their logits."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy.special import expit, softmax

from zoo.explain import (
    activation_maximization,
    fgsm,
    grad_cam,
    grad_cam_plus_plus,
    misclassified,
    saliency,
    score_cam,
    success_rate,
)
from zoo.explain.misclassified import probabilities

METHODS = [grad_cam, grad_cam_plus_plus, score_cam, saliency]
CLASSES = [0, 2, 3]


@pytest.fixture
def pixels():
    return np.random.default_rng(0).uniform(0.2, 0.8, (3, 12, 12, 3)).astype("float32")


def make_net(ending=None, columns=4, scale=1.0):
    """Maps, their mean, and `columns` logits, the same at each call; `ending` follows them."""
    keras.utils.set_random_seed(1)
    image = keras.Input((12, 12, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="maps")(image)
    x = layers.GlobalAveragePooling2D()(x)
    dense = layers.Dense(columns, name="logits")
    x = dense(x)
    net = keras.Model(image, x if ending is None else ending(x), name="net")
    dense.kernel.assign(scale * dense.kernel)
    return net


class Subclassed(keras.Model):
    """The body and its ending inside layers and a model of the reader's own."""

    def __init__(self, activation):
        super().__init__(name="subclassed")
        self.net = make_net()
        self.head = layers.Dense(4, activation=activation, use_bias=False, name="head")

    def call(self, x):
        return self.head(self.net(x))


class OwnSoftmax(keras.Model):
    """Probabilities that no layer makes."""

    def __init__(self, function=ops.softmax):
        super().__init__(name="own_softmax")
        self.net, self.function = make_net(), function

    def call(self, x):
        return self.function(self.net(x)) * 1.0


def in_dense(activation):
    """The last layer's own activation; its identity keeps the logits."""
    return layers.Dense(4, activation, kernel_initializer="identity", name="predictions")


def after_maps(x):
    """Logits as maps of one cell, their softmax, then flat, as MobileNet has them."""
    x = layers.Activation("softmax")(layers.Reshape((1, 1, 4))(x))
    return layers.Dropout(0.5)(layers.Flatten()(x))


def nested(x):
    logits = keras.Input((4,))
    return keras.Model(logits, layers.Softmax()(logits))(x)


SOFTMAX = {
    "dense": in_dense("softmax"),
    "activation": layers.Activation("softmax"),
    "softmax": layers.Softmax(),
    "operation": ops.softmax,
    "lambda": layers.Lambda(ops.softmax),
    "maps": after_maps,
    "nested": nested,
}
SIGMOID = {
    "dense": in_dense("sigmoid"),
    "activation": layers.Activation("sigmoid"),
    "operation": ops.sigmoid,
}


class TestEndsInSoftmax:
    @pytest.fixture(params=SOFTMAX)
    def net(self, request):
        keras.utils.set_random_seed(1)
        ending = SOFTMAX[request.param]
        if isinstance(ending, layers.Layer):
            ending = type(ending).from_config(ending.get_config())
        return make_net(ending, scale=30.0)

    def test_is_explained_at_its_logits(self, net, pixels):
        """So confident that each probability is 0 or 1 in float32, where a logarithm has no way."""
        logits = make_net(scale=30.0)
        for method in METHODS:
            expected = method(logits, pixels, CLASSES)
            assert expected.any()
            np.testing.assert_allclose(method(net, pixels, CLASSES), expected, atol=1e-4)
        np.testing.assert_allclose(grad_cam(net, pixels), grad_cam(logits, pixels), atol=1e-4)

    def test_its_probabilities_are_not_squashed_again(self, net, pixels):
        expected = softmax(make_net(scale=30.0).predict(pixels, verbose=0), axis=-1)
        np.testing.assert_allclose(probabilities(net, pixels), expected, atol=1e-5)
        mistakes = misclassified(net, pixels, (expected.argmax(axis=-1) + 1) % 4)
        np.testing.assert_allclose(mistakes.confidence, np.sort(expected.max(axis=-1))[::-1], 1e-4)

    def test_is_attacked_as_its_logits_are(self, net, pixels):
        logits = make_net(scale=30.0)
        attacked = fgsm(net, pixels, None, 0.2)
        np.testing.assert_allclose(attacked, fgsm(logits, pixels, None, 0.2), atol=1e-6)
        rate = success_rate(net, pixels, attacked, None)
        assert rate == success_rate(logits, pixels, attacked, None)

    def test_is_left_as_it_was(self, net, pixels):
        before = net.predict(pixels, verbose=0)
        saliency(net, pixels)
        np.testing.assert_array_equal(net.predict(pixels, verbose=0), before)
        np.testing.assert_allclose(ops.convert_to_numpy(net(pixels)), before, atol=1e-6)


class TestOtherEndings:
    @pytest.mark.parametrize("activation", ["softmax", "log_softmax", "sigmoid"])
    def test_a_subclassed_model_is_explained_at_its_logits(self, activation, pixels):
        net = Subclassed(activation)
        net(pixels)
        logits = Subclassed(None)
        logits(pixels)
        logits.set_weights(net.get_weights())
        for method in (grad_cam, saliency):
            where = {"layer": "maps"} if method is grad_cam else {}
            found = method(net, pixels, CLASSES, **where)
            np.testing.assert_allclose(found, method(logits, pixels, CLASSES, **where), atol=1e-5)
        raw = logits.predict(pixels, verbose=0)
        expected = expit(raw) if activation == "sigmoid" else softmax(raw, axis=-1)
        np.testing.assert_allclose(probabilities(net, pixels), expected, atol=1e-5)

    def test_log_probabilities(self, pixels):
        net, logits = make_net(layers.Activation("log_softmax")), make_net()
        np.testing.assert_allclose(saliency(net, pixels, 1), saliency(logits, pixels, 1), atol=1e-5)
        expected = probabilities(logits, pixels)
        np.testing.assert_allclose(probabilities(net, pixels), expected, atol=1e-5)

    def test_a_keras_application(self):
        shape = (32, 32, 3)
        net = keras.applications.MobileNet(shape, alpha=0.25, weights=None, classes=5)
        assert net.layers[-1].activation is keras.activations.softmax
        logits = keras.Model(net.input, net.layers[-1].input)
        images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
        expected = saliency(logits, images, 3)
        np.testing.assert_allclose(saliency(net, images, 3), expected, atol=1e-4)
        raw = logits.predict(images, verbose=0)
        np.testing.assert_allclose(probabilities(net, images), softmax(raw, axis=-1), atol=1e-5)

    @pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
    def test_a_net_of_integers(self, pixels):
        net, logits = make_net(in_dense("softmax")), make_net(in_dense(None))
        for model in (net, logits):
            model.quantize("int8")
        expected = grad_cam(logits, pixels, CLASSES)
        np.testing.assert_allclose(grad_cam(net, pixels, CLASSES), expected, atol=1e-4)
        raw = logits.predict(pixels, verbose=0)
        np.testing.assert_allclose(probabilities(net, pixels), softmax(raw, axis=-1), atol=1e-5)

    def test_probabilities_that_no_layer_makes(self, pixels):
        """What needs only them works; what needs the logits is refused with the next step."""
        net, logits = OwnSoftmax(), make_net()
        net(pixels)
        expected = probabilities(logits, pixels)
        np.testing.assert_allclose(probabilities(net, pixels), expected, atol=1e-6)
        found = score_cam(net, pixels, CLASSES, "maps")
        np.testing.assert_allclose(found, score_cam(logits, pixels, CLASSES, "maps"), atol=1e-4)
        attacked = fgsm(net, pixels, None, 0.2)
        np.testing.assert_allclose(attacked, fgsm(logits, pixels, None, 0.2), atol=1e-6)
        for method in (grad_cam, saliency):
            where = {"layer": "maps"} if method is grad_cam else {}
            with pytest.raises(ValueError, match="own_softmax gives probabilities, but none"):
                method(net, pixels, **where)

    def test_sigmoids_that_no_layer_makes_are_named(self, pixels):
        net = OwnSoftmax(ops.sigmoid)
        net(pixels)
        expected = expit(make_net().predict(pixels, verbose=0))
        found = probabilities(net, pixels, outputs="multi-label probabilities")
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_a_last_layer_that_is_used_elsewhere_too(self, pixels):
        image = keras.Input((12, 12, 3))
        shared = layers.Dense(4, activation="softmax", name="shared")
        x = layers.Dense(4)(layers.GlobalAveragePooling2D()(image))
        net = keras.Model(image, shared(shared(x)), name="twice")
        shared.kernel.assign(5 * np.eye(4))
        with pytest.raises(
            ValueError, match="logits of twice cannot be reached: .* shared is used"
        ):
            saliency(net, pixels)


class TestOneLogit:
    @pytest.fixture(params=[None, "sigmoid"])
    def ending(self, request):
        return layers.Activation(request.param) if request.param else None

    def test_class_0_is_the_negative_logit(self, ending, pixels):
        net, negative = make_net(ending, 1), make_net(lambda x: layers.Rescaling(-1.0)(x), 1)
        for method in (grad_cam, grad_cam_plus_plus, score_cam):
            heat = method(net, pixels, 0)
            assert not np.allclose(heat, method(net, pixels, 1))
            np.testing.assert_allclose(heat, method(negative, pixels, 1), atol=1e-4)
        predicted = (make_net(None, 1).predict(pixels, verbose=0)[:, 0] > 0).astype(int)
        np.testing.assert_array_equal(grad_cam(net, pixels), grad_cam(net, pixels, predicted))
        with pytest.raises(ValueError, match=r"classes \[2\] reach outside the model's 0 to 1"):
            grad_cam(net, pixels, [0, 1, 2])

    def test_fgsm_moves_along_the_weights(self, ending):
        """Of z = x w binary cross-entropy rises along -w for class 1, and along w for class 0."""
        net = keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), layers.Dense(1)])
        if ending:
            net.add(layers.Activation("sigmoid"))
        w = np.sign(net.get_weights()[0]).reshape(4, 4, 3)
        x = np.random.default_rng(1).uniform(0.4, 0.6, (2, 4, 4, 3)).astype("float32")
        attacked = fgsm(net, x, [1, 0], 0.1)
        np.testing.assert_allclose(attacked, x + [-0.1 * w, 0.1 * w], atol=1e-6)
        towards = fgsm(net, x, None, 0.1, targets=[0, 1])
        np.testing.assert_allclose(towards, attacked, atol=1e-6)
        assert success_rate(net, x, fgsm(net, x, None, 0.6), None) == 1
        assert success_rate(net, x, x, None) == 0

    def test_mistakes_have_the_probability_of_their_class(self, ending, pixels):
        p = expit(make_net(None, 1, 20.0).predict(pixels, verbose=0)[:, 0])
        net = make_net(ending, 1, 20.0)
        expected = np.stack([1 - p, p], axis=1)
        np.testing.assert_allclose(probabilities(net, pixels), expected, atol=1e-5)
        wrong = misclassified(net, pixels, (p < 0.5).astype(int))
        np.testing.assert_allclose(wrong.confidence, np.sort(np.maximum(p, 1 - p))[::-1], atol=1e-5)

    def test_each_class_has_its_picture(self, ending, pixels):
        net = make_net(ending, 1, 50.0)
        how = {"start": pixels[:1], "steps": 5, "total_variation": 0.0, "norm": 0.0}
        pictures = activation_maximization(net, **how)
        z = make_net(None, 1).predict(np.concatenate([pixels[:1], pictures]), verbose=0)[:, 0]
        assert len(pictures) == 2 and z[1] < z[0] < z[2]


class TestMultiLabel:
    @pytest.fixture(params=["argument", *SIGMOID])
    def net(self, request):
        """(net, arguments): its sigmoids are found, or an argument names them."""
        if request.param == "argument":
            return make_net(scale=20.0), {"outputs": "multi-label logits"}
        keras.utils.set_random_seed(1)
        ending = SIGMOID[request.param]
        if isinstance(ending, layers.Layer):
            ending = type(ending).from_config(ending.get_config())
        return make_net(ending, scale=20.0), {}

    def test_each_class_has_its_own_probability(self, net, pixels):
        net, how = net
        raw = make_net(scale=20.0).predict(pixels, verbose=0)
        np.testing.assert_allclose(probabilities(net, pixels, **how), expit(raw), atol=1e-5)
        mistakes = misclassified(net, pixels, (raw.argmax(axis=-1) + 1) % 4, **how)
        expected = np.sort(expit(raw).max(axis=-1))[::-1]
        np.testing.assert_allclose(mistakes.confidence, expected, atol=1e-5)

    def test_is_explained_at_its_logits(self, net, pixels):
        net, how = net
        for method in (grad_cam, saliency):
            expected = method(make_net(scale=20.0), pixels, CLASSES)
            np.testing.assert_allclose(method(net, pixels, CLASSES, **how), expected, atol=1e-5)

    def test_an_attack_is_of_one_class_alone(self, net, pixels):
        """The others may do as they like: the step is that of a net of this one logit."""
        net, how = net
        alone = make_net(lambda x: x[:, 2:3], scale=20.0)
        attacked = fgsm(net, pixels, 2, 0.1, **how)
        np.testing.assert_allclose(attacked, fgsm(alone, pixels, 1, 0.1), atol=1e-6)
        # Right before where p > 1/2, wrong now where it no longer is; the likeliest is no matter.
        z = [make_net(scale=20.0).predict(x, verbose=0)[:, 2] for x in (pixels, attacked)]
        rate = success_rate(net, pixels, attacked, 2, **how)
        right = z[0] > 0
        expected = np.mean(z[1][right] <= 0) if right.any() else np.nan
        np.testing.assert_equal(rate, expected)

    def test_score_cam_weighs_by_sigmoid(self, net, pixels):
        net, how = net
        alone = make_net(lambda x: x[:, 2:3], scale=20.0)
        expected = score_cam(alone, pixels, 1)
        np.testing.assert_allclose(score_cam(net, pixels, 2, **how), expected, atol=1e-4)
        assert not np.allclose(score_cam(make_net(scale=20.0), pixels, 2), expected, atol=1e-3)


class TestBadInput:
    def test_outputs_that_are_none(self, pixels):
        with pytest.raises(ValueError, match="outputs='logit' must be one of .* mean 'logits'"):
            grad_cam(make_net(), pixels, outputs="logit")

    @pytest.mark.parametrize(
        ("ending", "outputs"),
        [("softmax", "logits"), ("softmax", "multi-label probabilities"), ("sigmoid", "logits")],
    )
    def test_outputs_that_contradict_the_last_layer(self, ending, outputs, pixels):
        net = make_net(layers.Activation(ending, name="last"))
        with pytest.raises(
            ValueError, match=rf"net ends in a {ending} \(layer last\).*contradicts"
        ):
            misclassified(net, pixels, [0, 1, 2], outputs=outputs)

    @pytest.mark.parametrize("outputs", ["probabilities", "multi-label probabilities"])
    def test_probabilities_of_a_plain_layer(self, outputs, pixels):
        message = r"net ends in a Dense without activation \(layer logits\): it gives logits"
        with pytest.raises(ValueError, match=message):
            probabilities(make_net(), pixels, outputs=outputs)

    @pytest.mark.filterwarnings("ignore:.*You are using a softmax over axis")
    def test_a_softmax_of_one_class(self, pixels):
        with pytest.raises(ValueError, match="softmax of one class, which is constant"):
            probabilities(make_net(layers.Softmax(), 1), pixels)

    @pytest.mark.parametrize("method", METHODS)
    def test_weights_that_are_not_finite(self, method, pixels):
        with pytest.raises(ValueError, match="net gives NaN or infinite outputs"):
            method(make_net(scale=np.nan), pixels)

    def test_one_hot_labels(self, pixels):
        with pytest.raises(ValueError, match=r"look one-hot; .* labels.argmax\(axis=-1\)"):
            fgsm(make_net(), pixels, np.eye(4)[[0, 1, 2]], 0.1)
        with pytest.raises(ValueError, match="look one-hot"):
            misclassified(make_net(), pixels, np.eye(4)[[0, 1, 2]])
