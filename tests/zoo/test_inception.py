"""GoogLeNet against PyTorch's functions, Inception v3 against Keras's own, the heads by hand."""

import keras
import numpy as np
import pytest
import torch
from keras import layers
from torch.nn import functional as F

import zoo
from zoo.models.inception import WIDTHS, WithAuxiliary

LABELS = np.array([2, 0, 1, 2])
IMAGES = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")


class Reference:
    """A forward pass in PyTorch's functions; weights by the names of the Keras layers."""

    def __init__(self, model):
        self.weights = {
            layer.name: [torch.tensor(np.array(w)) for w in layer.weights] for layer in model.layers
        }

    def conv(self, x, name, stride=1):
        kernel, *bias = self.weights[name]
        kernel = kernel.permute(3, 2, 0, 1)
        x = F.conv2d(x, kernel, *bias, stride=stride, padding=kernel.shape[-1] // 2)
        if not bias:
            gamma, beta, mean, variance = self.weights[f"{name}_bn"]
            x = F.batch_norm(x, mean, variance, gamma, beta, eps=1e-3)
        return x.relu()

    def chain(self, x, *names):
        for name in names:
            x = self.conv(x, name) if name in self.weights else x
        return x

    def block(self, x, name):
        branches = [
            self.conv(x, f"{name}_1x1"),
            self.chain(x, f"{name}_3x3_reduce", f"{name}_3x3"),
            self.chain(x, f"{name}_5x5_reduce", f"{name}_5x5_1", f"{name}_5x5"),
            self.chain(F.max_pool2d(x, 3, 1, 1), f"{name}_pool_reduce"),
        ]
        return torch.cat(branches, 1)

    def head(self, x, name):
        x = self.conv(F.avg_pool2d(x, 5, 3), f"{name}_conv").permute(0, 2, 3, 1).flatten(1)
        return self.dense(self.dense(x, f"{name}_fc").relu(), name)

    def dense(self, x, name):
        kernel, bias = self.weights[name]
        return x @ kernel + bias

    def __call__(self, images, last_pool):
        def pool(x, size=3):
            return F.max_pool2d(x, size, 2, ceil_mode=True)

        x = pool(self.conv(torch.tensor(images).permute(0, 3, 1, 2), "conv1", 2))
        x = pool(self.chain(x, "conv2_reduce", "conv2"))
        outputs = {}
        for key in ("3a", "3b", "-", "4a", "4b", "4c", "4d", "4e", "=", "5a", "5b"):
            if key in "-=":
                x = pool(x, last_pool if key == "=" else 3)
                continue
            x = self.block(x, f"inception{key}")
            name = {"4a": "auxiliary1", "4d": "auxiliary2"}.get(key)
            if name in self.weights:
                outputs[name] = self.head(x, name)
        return outputs | {"logits": self.dense(x.mean((2, 3)), "logits")}


def give_norms_and_biases_values(model, rng):
    for variable in model.variables:
        if len(variable.shape) == 1 and variable.dtype == "float32":
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))


@pytest.fixture
def narrow(monkeypatch):
    """Blocks of an eighth of the channels."""
    widths = {key: tuple(n // 8 for n in widths) for key, widths in WIDTHS.items()}
    monkeypatch.setattr("zoo.models.inception.WIDTHS", widths)
    return widths


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("googlenet", {"auxiliary": True}, (128, 96, 3)),
        ("googlenet", {"block": "factorised"}, (64, 32, 3)),
        ("googlenet", {"block": "naive"}, (32, 32, 1)),
        ("googlenet_bn", {"auxiliary": True}, (96, 128, 3)),
    ],
)
def test_googlenets_logits_are_those_of_pytorch(name, options, shape, narrow):
    model = zoo.get(name, input_shape=shape, num_classes=5, **options)
    rng = np.random.default_rng(0)
    give_norms_and_biases_values(model, rng)
    images = rng.normal(size=(2, *shape)).astype("float32")
    with torch.no_grad():
        expected = Reference(model)(images, last_pool=2 if name == "googlenet_bn" else 3)
    got = keras.Model(model.input, model.output)(images)
    got = got if isinstance(got, dict) else {"logits": got}
    assert got.keys() == expected.keys()
    for key, logits in got.items():
        scale = np.abs(expected[key].numpy()).max()
        logits = keras.ops.convert_to_numpy(logits)
        np.testing.assert_allclose(logits / scale, expected[key].numpy() / scale, atol=1e-5)


@pytest.mark.once
class TestGoogLeNet:
    def test_the_heads_have_the_parameters_counted_by_hand(self):
        fully_connected = 4 * 4 * 128 * 1024 + 1024 + 1024 * 1000 + 1000
        heads = (512 + 528) * 128 + 2 * 128 + 2 * fully_connected
        model = zoo.get("googlenet", auxiliary=True)
        assert model.count_params() == 6_998_552 + heads
        assert model.without_auxiliary().count_params() == 6_998_552

    def test_multiplies_as_often_as_published(self):
        # torchvision's figure for its GoogLeNet: 1.498 billion multiply-adds
        assert round(zoo.summary(zoo.get("googlenet_bn")).multiply_adds / 1e6) == 1498

    def test_the_naive_block_hands_every_channel_on(self, narrow):
        model = zoo.get("googlenet", block="naive", input_shape=(32, 32, 3), num_classes=3)
        channels = 192
        for key, (one, _, three, _, five, _) in narrow.items():
            channels += one + three + five
            assert model.get_layer(f"inception{key}").output.shape[-1] == channels
        assert channels == 786

    @pytest.mark.parametrize(
        ("block", "count"),
        [("factorised", 6_901_739), pytest.param("naive", 97_526_008, marks=pytest.mark.slow)],
    )
    def test_other_blocks_have_the_parameters_counted_by_hand(self, block, count):
        assert zoo.get("googlenet", block=block).count_params() == count

    def test_two_3x3_widen_by_the_same_factor(self, narrow):
        model = zoo.get("googlenet", block="factorised", input_shape=(32, 32, 3), num_classes=3)
        first, second = (model.get_layer(f"inception4e_5x5{i}") for i in ("_1", ""))
        assert first.kernel.shape == (3, 3, 4, 8) and second.kernel.shape == (3, 3, 8, 16)

    def test_takes_an_image_of_cifar(self):
        model = zoo.get("googlenet", input_shape=(32, 32, 3), num_classes=10)
        assert model.get_layer("inception5b").output.shape == (None, 1, 1, 1024)
        assert model.output.shape == (None, 10)

    @pytest.mark.parametrize("shape", [(64, 224, 3), (None, None, 3)])
    def test_refuses_heads_on_an_image_too_small_for_them(self, shape):
        with pytest.raises(ValueError, match=r"input_shape=\(.*smallest side is 65.*=False"):
            zoo.get("googlenet", auxiliary=True, input_shape=shape)

    def test_takes_the_smallest_image_with_heads(self):
        model = zoo.get("googlenet", auxiliary=True, input_shape=(65, 65, 3), num_classes=3)
        assert model.get_layer("auxiliary1_pool").output.shape == (None, 1, 1, 512)

    def test_refuses_another_block(self):
        with pytest.raises(ValueError, match="block='wide' must be one of naive, reduced"):
            zoo.get("googlenet", block="wide")


@pytest.mark.once
class TestInceptionV3:
    def test_logits_are_those_of_keras_applications(self):
        small = (75, 75, 3)
        ours = zoo.get("inception_v3", input_shape=small, num_classes=5)
        theirs = keras.applications.InceptionV3(
            weights=None, input_shape=small, classes=5, classifier_activation=None
        )
        rng = np.random.default_rng(0)
        give_norms_and_biases_values(ours, rng)
        theirs.set_weights(
            [v for v in map(keras.ops.convert_to_numpy, ours.weights) if v.dtype == "float32"]
        )
        images = rng.normal(size=(2, *small)).astype("float32")
        logits = [net.predict(images, verbose=0) for net in (ours, theirs)]
        np.testing.assert_allclose(*logits, rtol=1e-4, atol=1e-4)
        assert np.ptp(logits[0]) > 0.1

    def test_multiplies_as_often_as_published(self):
        # torchvision's figure for its Inception v3: 5.713 billion multiply-adds
        table = zoo.summary(zoo.get("inception_v3"))
        assert round(table.multiply_adds / 1e6) == 5713
        assert table.params == 23_851_784  # keras.applications' documentation

    @pytest.mark.parametrize("shape", [(74, 299, 3), (299, 74, 3)])
    def test_refuses_an_image_that_would_leave_nothing(self, shape):
        with pytest.raises(ValueError, match=r"\(.*74.*\).*smallest side is 75"):
            zoo.get("inception_v3", input_shape=shape)


def with_heads():
    """A small net of three outputs, compiled; its first kernel carries a penalty."""
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2", name="conv")(image)
    x = layers.GlobalAveragePooling2D()(x)
    heads = {name: layers.Dense(3, name=name)(x) for name in ("auxiliary1", "auxiliary2")}
    x = layers.Dropout(0.5)(x)
    model = WithAuxiliary(image, {"logits": layers.Dense(3, name="logits")(x)} | heads)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def cross_entropy(logits, weights=1.0):
    logits = keras.ops.convert_to_numpy(logits).astype("float64")
    right = logits[np.arange(4), LABELS]
    return np.mean(weights * (np.log(np.exp(logits).sum(1)) - right))


class TestWithAuxiliary:
    @pytest.mark.parametrize("weights", [None, np.array([1.0, 3.0, 0.0, 2.0])])
    def test_training_adds_three_tenths_of_each_heads_loss(self, weights):
        model = with_heads()
        next(layer for layer in model.layers if isinstance(layer, layers.Dropout)).rate = 0.0
        outputs = model(IMAGES, training=True)
        main, first, second = (
            cross_entropy(outputs[name], 1.0 if weights is None else weights)
            for name in ("logits", "auxiliary1", "auxiliary2")
        )
        penalty = 0.01 * np.square(keras.ops.convert_to_numpy(model.get_layer("conv").kernel)).sum()
        right = np.mean(keras.ops.convert_to_numpy(outputs["logits"]).argmax(1) == LABELS)
        expected = {"loss": main + penalty + 0.3 * (first + second), "accuracy": right}
        logs = model.train_on_batch(IMAGES, LABELS, sample_weight=weights, return_dict=True)
        assert logs.keys() == expected.keys()
        for name, value in expected.items():
            assert float(logs[name]) == pytest.approx(value, rel=1e-5)

    def test_validation_and_inference_know_only_the_logits(self):
        model = with_heads()
        logits = model.predict(IMAGES, verbose=0)
        assert logits.shape == (4, 3)
        np.testing.assert_allclose(keras.ops.convert_to_numpy(model(IMAGES)), logits, atol=1e-6)
        penalty = 0.01 * np.square(keras.ops.convert_to_numpy(model.get_layer("conv").kernel)).sum()
        logs = model.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)
        assert logs["loss"] == pytest.approx(cross_entropy(logits) + penalty, rel=1e-5)

    def test_fit_moves_every_weight_and_reports_one_accuracy(self):
        model = with_heads()
        before = model.get_weights()
        validation = (IMAGES, LABELS)
        history = model.fit(IMAGES, LABELS, epochs=2, validation_data=validation, verbose=0)
        assert history.history.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
        assert not any(map(np.array_equal, before, model.get_weights()))

    def test_survives_a_keras_file_and_trains_on(self, tmp_path):
        model = with_heads()
        model.fit(IMAGES, LABELS, verbose=0)
        model.save(tmp_path / "model.keras")
        restored = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
        assert isinstance(restored, WithAuxiliary)
        for net in (model, restored):
            next(layer for layer in net.layers if isinstance(layer, layers.Dropout)).rate = 0.0
        losses = [float(net.train_on_batch(IMAGES, LABELS)[0]) for net in (model, restored)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
        logits = [net.predict(IMAGES, verbose=0) for net in (model, restored)]
        np.testing.assert_allclose(*logits, atol=1e-5)

    def test_the_plain_net_has_the_same_weights_and_no_heads(self):
        model = with_heads()
        plain = model.without_auxiliary()
        assert type(plain) is not WithAuxiliary and plain.name == model.name
        assert not [layer for layer in plain.layers if "auxiliary" in layer.name]
        model.train_on_batch(IMAGES, LABELS)
        logits = [net.predict(IMAGES, verbose=0) for net in (model, plain)]
        np.testing.assert_array_equal(*logits)

    def test_is_no_part_of_another_model_but_without_its_heads(self):
        model = with_heads()
        image = keras.Input((8, 8, 3))
        with pytest.raises(ValueError, match=f"take {model.name}.without_auxiliary"):
            model(image)
        outer = keras.Model(image, model.without_auxiliary()(image))
        logits = [net.predict(IMAGES, verbose=0) for net in (model, outer)]
        np.testing.assert_allclose(*logits, atol=1e-6)

    def test_is_explained_as_the_plain_net_is(self):
        model = with_heads()
        nets = (model, model.without_auxiliary())
        heat = [zoo.explain.grad_cam(net, IMAGES, classes=1, layer="conv") for net in nets]
        np.testing.assert_allclose(*heat, atol=1e-6)
        assert "auxiliary2" in [row.name for row in zoo.summary(model).rows]
