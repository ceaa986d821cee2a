"""The contract every registered model keeps: registering a model is enough to test it.

Just one: KERAS_BACKEND=jax pytest tests/zoo/test_models.py -k custom_resnet
"""

import importlib.util
import json
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo


def beside(name):
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


golden, contract = beside("golden"), beside("contract")
# Smaller nets of the same families stand for these in `make test`; `make test-all` tests them too.
LARGE = (
    "bert_base",
    "clip_base_16",
    "clip_base_32",
    "convmixer_1536_20",
    "googlenet",
    "googlenet_bn",
    "gpt2_small",
    "inception_v3",
    "resnet18_imagenet",
    "resnet34",
    "resnet34_imagenet",
    "resnet50",
    "resnet56",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "transformer",
    "vgg16",
    "vit_base_16",
    "vit_small_16",
    "vit_tiny_16",
    "yolo_v2",
    "yolo_v2_resnet18",
    "yolo_v2_tiny",
)
MODELS = [
    pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])
    for name in zoo.list_models()
]


def outputs_of(model, inputs):
    """Predictions in one array, whatever the number of outputs."""
    parts = keras.tree.flatten(model.predict(inputs, verbose=0))
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=-1)


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    keras.utils.set_random_seed(0)
    name = request.param
    options = dict(golden.SMALLER.get(name, {}))
    if "num_classes" in zoo.card(name).options:
        options["num_classes"] = 7
    model = zoo.get(name, **options)
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:  # no gradient passes a head that starts at zero
        if variable.name == "kernel" and not np.any(keras.ops.convert_to_numpy(variable)):
            variable.assign(rng.normal(size=variable.shape, scale=0.1))
    # Adam's first step does not depend on the gradient's scale, so even a tiny one shows.
    model.compile("adam", loss="mse")
    model.optimizer.build(model.trainable_variables)  # whichever test comes first
    return model


@pytest.fixture
def inputs(model):
    return contract.examples(model, 4, np.random.default_rng(0))


class TestModel:
    def test_gives_what_its_task_promises(self, model, inputs):
        outputs = model.predict(inputs, verbose=0)
        contract.require(zoo.card(model.name).task, outputs, inputs, classes=7)

    def test_one_step_moves_every_trainable_weight(self, model, inputs):
        before = {v.path: keras.ops.convert_to_numpy(v).copy() for v in model.trainable_variables}
        rng = np.random.default_rng(1)
        outputs = model.predict(inputs, verbose=0)
        targets = contract.random_targets(zoo.card(model.name).task, outputs, rng)
        model.train_on_batch(inputs, targets)
        after = {v.path: keras.ops.convert_to_numpy(v) for v in model.trainable_variables}
        assert [path for path in before if np.array_equal(before[path], after[path])] == []

    def test_survives_a_keras_file_in_safe_mode(self, model, inputs, tmp_path):
        model.save(tmp_path / "model.keras")
        restored = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
        logits = [outputs_of(m, inputs) for m in (model, restored)]
        np.testing.assert_allclose(*logits, rtol=1e-5, atol=1e-5)

    def test_is_rebuilt_from_its_config(self, model, inputs):
        copy = type(model).from_config(model.get_config())
        copy.set_weights(model.get_weights())
        logits = [outputs_of(m, inputs) for m in (model, copy)]
        np.testing.assert_allclose(*logits, rtol=1e-5, atol=1e-5)

    def test_has_the_layer_that_its_card_names_for_grad_cam(self, model, inputs):
        card = zoo.card(model.name)
        if card.cam_layer:
            axes = 4 if card.patch is None else 3  # maps, or tokens
            assert len(model.get_layer(card.cam_layer).output.shape) == axes
        if card.task == "classification":
            assert zoo.explain.grad_cam(model, inputs[:1]).shape == (1, *model.input_shape[1:3])


@pytest.mark.parametrize("name", MODELS)
def test_logits_and_heat_maps_are_the_same_on_every_backend(name):
    stored = json.loads(golden.PATH.read_text())
    assert name in stored, "run tests/zoo/golden.py once for the new model"
    now = golden.compute(name, stored[name].get("classes"))
    assert now.keys() == stored[name].keys()
    assert all(np.any(heat) for heat in stored[name].get("heat", ()))
    for key, value in now.items():
        tolerance = 1e-3 if key == "heat" else 1e-4
        np.testing.assert_allclose(value, stored[name][key], rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize(("name", "tag"), golden.TRAINED)
def test_weights_that_ship_predict_the_same_on_every_backend(name, tag):
    stored = json.loads(golden.PATH.read_text())["trained"][f"{name} {tag}"]
    for key, value in golden.compute_trained(name, tag).items():
        np.testing.assert_allclose(value, stored[key], rtol=1e-3, atol=1e-3)


@pytest.mark.once
@pytest.mark.parametrize("name", [f"mnist_step{step}" for step in range(1, 11)])
def test_a_step_takes_images_of_another_size(name):
    assert zoo.get(name, input_shape=(32, 36, 1)).output_shape == (None, 10)


@pytest.mark.once
@pytest.mark.parametrize("name", zoo.list_models())
def test_has_as_many_parameters_as_its_card_says(name):
    model = zoo.get(name)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == zoo.card(name).params


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ultimus", {"scale": "sideways"}, "scale='sideways' must be one of after, before"),
        ("ultimus", {"gain": 0}, "gain=0 must be a finite number, above 0"),
        ("ultimus", {"spread": "2"}, "spread='2' must be a finite number"),
        ("ultimus", {"residual": "no"}, "residual='no' must be True or False"),
        ("ultimus", {"batch_norm": None}, "batch_norm=None must be True or False"),
        ("mnist_sum", {"binary": "yes"}, "binary='yes' must be True or False"),
        ("mnist_8k", {"channels": (8, 14)}, r"channels=\(8, 14\) must be six numbers"),
        ("mnist_8k", {"channels": 8}, "channels=8 must be six numbers"),
        ("mnist_8k", {"channels": (8, 14, 8.5, 12, 12, 14)}, "channels=8.5 must be a whole number"),
        ("mnist_8k", {"norm": "group", "groups": 3}, "3 groups do not divide 8 channels"),
        ("mnist_8k", {"dropout": 2}, "dropout=2 must be a finite number from 0 to 1"),
        ("mnist_20k", {"dropout": "0.1"}, "dropout='0.1' must be a finite number from 0 to 1"),
        ("mnist_step5", {"dropout": -1}, "dropout=-1 must be a finite number from 0 to 1"),
        ("mnist_step7", {"dropout": -1}, "dropout=-1 must be a finite number from 0 to 1"),
        ("mnist_step9", {"dropout": -1}, "dropout=-1 must be a finite number from 0 to 1"),
        ("vgg16", {"dropout": 1.5}, "dropout=1.5 must be a finite number from 0 to 1"),
        ("inception_v3", {"dropout": None}, "dropout=None must be a finite number from 0 to 1"),
        ("googlenet", {"dropout": 7}, "dropout=7 must be a finite number from 0 to 1"),
        ("googlenet", {"auxiliary": "no"}, "auxiliary='no' must be True or False"),
        ("googlenet", {"block": ["naive"]}, r"block=\['naive'\] must be one of naive, reduced"),
    ],
)
def test_an_option_out_of_its_range_is_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        zoo.get(name, **options)


@pytest.mark.once
class TestUltimusBlock:
    def test_has_the_lessons_1608_parameters(self):
        assert zoo.get("ultimus").get_layer("ultimus1").count_params() == 1608

    @pytest.mark.parametrize("scale", ["after", "before"])
    def test_computes_the_formula_of_the_lesson(self, scale):
        from zoo.models.ultimus import Ultimus

        block = Ultimus(scale=scale)
        x = np.random.default_rng(1).normal(size=(3, 48)).astype("float32")
        got = keras.ops.convert_to_numpy(block(x))
        for vector, result in zip(x, got, strict=True):
            qkv = vector @ np.array(block.qkv.kernel) + np.array(block.qkv.bias)
            q, k, v = np.split(qkv, 3)
            scores = np.outer(q, k) / (8**0.5 if scale == "before" else 1)
            attention = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            z = v @ (attention / (8**0.5 if scale == "after" else 1))
            expected = z @ np.array(block.out.kernel) + np.array(block.out.bias)
            np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)

    def test_starts_with_the_biases_of_q_and_k_spread(self):
        block = zoo.get("ultimus").get_layer("ultimus1")
        q, k, _ = np.split(np.array(block.qkv.bias), 3)
        np.testing.assert_allclose(q, np.linspace(-2, 2, 8), rtol=1e-6)
        np.testing.assert_array_equal(q, k)
        usual = zoo.get("ultimus", spread=0.0).get_layer("ultimus1")
        assert not np.array(usual.qkv.bias).any()
