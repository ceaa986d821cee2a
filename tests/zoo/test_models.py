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

IMAGES = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype("float32")
LABELS = np.arange(4)


@pytest.fixture(scope="module", params=zoo.list_models())
def model(request):
    keras.utils.set_random_seed(0)
    model = zoo.get(request.param, num_classes=7)
    # Adam's first step does not depend on the gradient's scale, so even a tiny one shows.
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


class TestModel:
    def test_gives_one_finite_logit_per_class(self, model):
        logits = model.predict(IMAGES, verbose=0)
        assert logits.shape == (4, 7) and np.isfinite(logits).all()

    def test_one_step_moves_every_trainable_weight(self, model):
        before = {v.path: keras.ops.convert_to_numpy(v).copy() for v in model.trainable_variables}
        model.train_on_batch(IMAGES, LABELS)
        after = {v.path: keras.ops.convert_to_numpy(v) for v in model.trainable_variables}
        assert [path for path in before if np.array_equal(before[path], after[path])] == []

    def test_survives_a_keras_file_in_safe_mode(self, model, tmp_path):
        model.save(tmp_path / "model.keras")
        restored = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
        logits = [m.predict(IMAGES, verbose=0) for m in (model, restored)]
        np.testing.assert_allclose(*logits, rtol=1e-5, atol=1e-5)

    def test_is_rebuilt_from_its_config(self, model):
        copy = type(model).from_config(model.get_config())
        copy.set_weights(model.get_weights())
        logits = [m.predict(IMAGES, verbose=0) for m in (model, copy)]
        np.testing.assert_allclose(*logits, rtol=1e-5, atol=1e-5)

    def test_has_the_layer_that_its_card_names_for_grad_cam(self, model):
        card = zoo.card(model.name)
        if card.cam_layer:
            assert len(model.get_layer(card.cam_layer).output.shape) == 4
        assert zoo.explain.grad_cam(model, IMAGES[:1]).shape == (1, 32, 32)


@pytest.mark.parametrize("name", zoo.list_models())
def test_logits_and_heat_maps_are_the_same_on_every_backend(name):
    stored = json.loads(golden.PATH.read_text())
    assert name in stored, "run tests/zoo/golden.py once for the new model"
    now = golden.compute(name)
    np.testing.assert_allclose(now["logits"], stored[name]["logits"], atol=1e-4)
    np.testing.assert_allclose(now["heat"], stored[name]["heat"], atol=1e-3)


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "trainable"),
    [("custom_resnet", 6_573_130), ("ultimus", 25_978), ("ultimus_residual", 25_978)],
)
def test_parameter_counts_are_the_published_ones(name, trainable):
    model = zoo.get(name)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == trainable


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
