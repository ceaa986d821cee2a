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

spec = importlib.util.spec_from_file_location("golden", Path(__file__).with_name("golden.py"))
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

LABELS = np.arange(4)
COUNTS = {  # published, or of the lesson
    "custom_resnet": 6_573_130,
    "dilated_net": 194_858,
    "dilated_net_nostride": 194_858,
    "googlenet": 6_998_552,
    "googlenet_bn": 6_624_904,
    "inception_v3": 23_817_352,
    "mnist_sum": 17_617,
    "mnist_8k": 5_150,
    "mnist_8k_step1": 6_628,
    "mnist_8k_step2": 6_784,
    "mnist_20k": 19_530,
    "mnist_step1": 6_379_786,
    "mnist_step2": 194_884,
    "mnist_step3": 10_790,
    "mnist_step4": 10_970,
    "mnist_step5": 10_970,
    "mnist_step6": 6_070,
    "mnist_step7": 11_994,
    "mnist_step8": 13_808,
    "mnist_step9": 13_808,
    "mnist_step10": 13_808,
    "resnet18": 11_173_962,
    "resnet20": 269_722,
    "resnet18_imagenet": 11_689_512,
    "resnet34": 21_282_122,
    "resnet34_imagenet": 21_797_672,
    "resnet50": 25_557_032,
    "resnet56": 853_018,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnext50_32x4d": 25_028_904,
    "squeeze_expand": 3_188_234,
    "vgg16": 138_357_544,
    "ultimus": 25_978,
    "ultimus_residual": 25_978,
}
# Their relations stand for them where minutes count; `make test-all` takes them too.
LARGE = ("googlenet", "googlenet_bn", "inception_v3", "resnet18_imagenet", "resnet34",
         "resnet34_imagenet", "resnet50", "resnet56", "resnet101", "resnet152", "resnext50_32x4d",
         "vgg16")  # fmt: skip
MODELS = [
    pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])
    for name in zoo.list_models()
]


def outputs_of(model, inputs):
    """Predictions in one array, whatever the number of outputs."""
    predicted = model.predict(inputs, verbose=0)
    parts = predicted.values() if isinstance(predicted, dict) else [predicted]
    return np.concatenate(list(parts), axis=-1)


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    keras.utils.set_random_seed(0)
    name = request.param
    options = dict(golden.SMALLER.get(name, {}))
    if "num_classes" in zoo.card(name).options:
        options["num_classes"] = 7
    model = zoo.get(name, **options)
    # Adam's first step does not depend on the gradient's scale, so even a tiny one shows.
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    heads = model.output if isinstance(model.output, dict) else None
    model.compile("adam", loss={key: loss for key in heads} if heads else loss)
    return model


@pytest.fixture
def inputs(model):
    return golden.examples(model, 4, np.random.default_rng(0))


class TestModel:
    def test_gives_finite_logits_one_per_class(self, model, inputs):
        logits = outputs_of(model, inputs)
        expected = 7 if zoo.card(model.name).task == "classification" else logits.shape[1]
        assert logits.shape == (4, expected) and np.isfinite(logits).all()

    def test_one_step_moves_every_trainable_weight(self, model, inputs):
        before = {v.path: keras.ops.convert_to_numpy(v).copy() for v in model.trainable_variables}
        heads = model.output if isinstance(model.output, dict) else None
        model.train_on_batch(inputs, {key: LABELS for key in heads} if heads else LABELS)
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
            assert len(model.get_layer(card.cam_layer).output.shape) == 4
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
        np.testing.assert_allclose(value, stored[name][key], atol=tolerance)


@pytest.mark.parametrize(("name", "tag"), golden.TRAINED)
def test_weights_that_ship_say_the_same_on_every_backend(name, tag):
    stored = json.loads(golden.PATH.read_text())["trained"][f"{name} {tag}"]
    for key, value in golden.compute_trained(name, tag).items():
        np.testing.assert_allclose(value, stored[key], rtol=1e-3, atol=1e-3)


@pytest.mark.once
@pytest.mark.parametrize("name", [f"mnist_step{step}" for step in range(1, 11)])
def test_a_step_takes_images_of_another_size(name):
    assert zoo.get(name, input_shape=(32, 36, 1)).output_shape == (None, 10)


@pytest.mark.once
@pytest.mark.parametrize("name", COUNTS)
def test_parameter_counts_are_the_published_ones(name):
    model = zoo.get(name)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == COUNTS[name]


@pytest.mark.once
class TestUltimusBlock:
    def test_has_the_lessons_1608_parameters(self):
        assert zoo.get("ultimus").get_layer("ultimus1").count_params() == 1608

    @pytest.mark.parametrize("scale", ["after", "before"])
    def test_computes_the_lessons_formula(self, scale):
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

    def test_refuses_another_scale(self):
        with pytest.raises(ValueError, match="'sideways'"):
            zoo.get("ultimus", scale="sideways")
