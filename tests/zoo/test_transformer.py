"""The transformer of encoder and decoder, its cross attention and its positions."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo import inspect, layers
from zoo.datasets import dates
from zoo.fundamentals.positional import sinusoidal
from zoo.models.transformer import exact_match

SMALL = {"vocabulary": 30, "width": 16, "depth": 2, "heads": 4, "mlp_width": 24}


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def beside(name):
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def filled(model, seed=0):
    """The model with weights that no initialiser gives: nothing is zero, biases included."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        around = 1 if variable.name == "gamma" else 0
        variable.assign(rng.normal(around, 0.3, variable.shape))
    return model


@pytest.fixture
def model():
    return filled(zoo.get("transformer", **SMALL))


@pytest.fixture
def ids():
    rng = np.random.default_rng(1)
    source = rng.integers(1, 30, (3, 7))
    source[1, 5:] = source[2, 3:] = 0  # padding
    return {"source": source, "target": rng.integers(1, 30, (3, 5))}


class TestTransformer:
    def test_equals_pytorchs_with_the_same_weights(self, model, ids):
        torch = pytest.importorskip("torch")
        module = beside("torch_transformer")
        theirs = module.filled(module.TorchTransformer(**SMALL), model)
        with torch.no_grad():
            expected = theirs(*(torch.tensor(ids[name]) for name in ("source", "target")))
        np.testing.assert_allclose(model.predict(ids, verbose=0), expected.numpy(), atol=1e-4)

    @pytest.mark.once
    def test_has_as_many_parameters_as_pytorchs_base(self):
        """63.1 million at 37,000 tokens; the paper, whose vocabulary is near that, says 65."""
        torch = pytest.importorskip("torch")
        with torch.device("meta"):
            theirs = beside("torch_transformer").TorchTransformer(37_000, 512, 6, 8, 2048)
        assert sum(p.numel() for p in theirs.parameters()) == zoo.card("transformer").params

    def test_a_later_token_of_the_target_moves_no_earlier_logit(self, model, ids):
        changed = ids["target"].copy()
        changed[:, 3:] = changed[:, 3:] % 29 + 1
        before = model.predict(ids, verbose=0)
        after = model.predict(ids | {"target": changed}, verbose=0)
        np.testing.assert_allclose(after[:, :3], before[:, :3], rtol=0, atol=1e-6)
        assert np.abs(after[:, 3:] - before[:, 3:]).max(axis=(1, 2)).min() > 1e-3

    def test_padding_of_the_source_changes_nothing(self, model, ids):
        before = model.predict(ids, verbose=0)
        longer = np.pad(ids["source"], [(0, 0), (0, 4)])
        after = model.predict(ids | {"source": longer}, verbose=0)
        np.testing.assert_allclose(after, before, atol=1e-5)

    def test_padding_behind_a_target_changes_none_of_its_logits(self, model, ids):
        before = model.predict(ids, verbose=0)
        longer = np.pad(ids["target"], [(0, 0), (0, 2)])
        after = model.predict(ids | {"target": longer}, verbose=0)
        np.testing.assert_allclose(after[:, :5], before, atol=1e-5)

    def test_every_token_of_the_source_counts(self, model, ids):
        before = model.predict(ids, verbose=0)
        for position in range(3):  # none of the three rows has padding there
            source = ids["source"].copy()
            source[:, position] = source[:, position] % 29 + 1
            after = model.predict(ids | {"source": source}, verbose=0)
            assert np.abs(after - before).max(axis=(1, 2)).min() > 1e-3

    @pytest.mark.once
    def test_the_small_one_has_an_embedding_for_every_id_of_a_date(self):
        options = zoo.card("transformer_dates").options
        assert options["vocabulary"] == len(dates.NAMES)

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"heads": 3}, "encoder1_attention: 3 heads do not divide a width of 16"),
            ({"width": 15, "heads": 5}, "width=15 must be even"),
            ({"depth": 0}, "depth=0 must be a whole number, 1 or more"),
            ({"dropout": 2}, "dropout=2 must be a finite number from 0 to 1"),
        ],
    )
    def test_an_option_out_of_its_range_is_refused(self, options, message):
        with pytest.raises(ValueError, match=message):
            zoo.get("transformer", **SMALL | options)


class TestExactMatch:
    def test_is_1_where_every_token_is_right_padding_aside(self):
        true = np.array([[3, 1, 2], [3, 1, 2], [3, 2, 0], [3, 2, 0]])
        predicted = np.array([[3, 1, 2], [3, 1, 1], [3, 2, 1], [1, 2, 0]])
        logits = np.eye(4, dtype="float32")[predicted]
        np.testing.assert_array_equal(numpy(exact_match(true, logits)), [1, 0, 1, 0])


class TestCrossAttention:
    def layer(self):
        layer = layers.CrossAttention(2)
        layer.build((None, 4, 8), (None, 6, 10))
        return filled(layer)

    def inputs(self):
        rng = np.random.default_rng(0)
        return rng.normal(size=(2, 4, 8)).astype("f"), rng.normal(size=(2, 6, 10)).astype("f")

    def test_equals_keras_multi_head_attention(self):
        ours, theirs = self.layer(), keras.layers.MultiHeadAttention(2, 4)
        x, context = self.inputs()
        theirs.build(x.shape, context.shape)
        q, q_bias, kv, kv_bias, out, out_bias = [numpy(w) for w in ours.weights]
        (k, v), (k_bias, v_bias) = np.split(kv, 2, axis=1), np.split(kv_bias, 2)
        kernels = [w.reshape(-1, 2, 4) for w in (q, k, v)]
        biases = [b.reshape(2, 4) for b in (q_bias, k_bias, v_bias)]
        pairs = [w for pair in zip(kernels, biases, strict=True) for w in pair]
        theirs.set_weights([*pairs, out.reshape(2, 4, 8), out_bias])
        expected, scores = theirs(x, context, return_attention_scores=True)
        np.testing.assert_allclose(numpy(ours(x, context)), numpy(expected), atol=1e-5)
        np.testing.assert_allclose(numpy(ours.attention(x, context)), numpy(scores), atol=1e-6)

    def test_gathers_nothing_from_padding(self):
        layer, (x, context) = self.layer(), self.inputs()
        mask = np.arange(6) < np.array([[4], [6]])
        masked = numpy(layer(x, context, context_mask=mask))
        np.testing.assert_allclose(masked[0], numpy(layer(x, context[:, :4]))[0], atol=1e-5)
        np.testing.assert_allclose(masked[1], numpy(layer(x, context))[1], atol=1e-5)
        assert np.abs(masked[0] - numpy(layer(x, context))[0]).max() > 1e-3

    @pytest.mark.once
    def test_counts_its_parameters_and_products(self):
        layer = self.layer()
        assert layer.count_params() == 2 * 9 * 8 + 2 * 11 * 8
        projections = 4 * 8 * 8 + 6 * 10 * 16 + 4 * 8 * 8
        assert layer.multiply_adds() == projections + 2 * 4 * 6 * 8

    def test_is_among_the_attention_that_can_be_looked_at(self, model, ids):
        weights = inspect.attention_weights(model, ids)
        kinds = ["encoder1_attention", "encoder2_attention"]
        kinds += [f"decoder{i}_{kind}" for i in (1, 2) for kind in ("attention", "cross")]
        assert list(weights) == kinds
        assert weights["decoder2_cross"].shape == (3, 4, 5, 7)
        np.testing.assert_allclose(weights["decoder2_cross"].sum(axis=-1), 1, rtol=1e-5)
        assert not weights["decoder2_cross"][1, :, :, 5:].any()  # padding
        assert not np.triu(weights["decoder1_attention"], 1).any()


class TestSinusoidalPositions:
    def test_adds_the_waves_of_the_paper(self):
        x = np.random.default_rng(0).normal(size=(2, 300, 8)).astype("float32")
        expected = x + sinusoidal(300, 8)
        np.testing.assert_allclose(numpy(layers.SinusoidalPositions()(x)), expected, atol=1e-4)

    def test_far_positions_stay_apart_in_bfloat16(self):
        layer = layers.SinusoidalPositions(dtype="bfloat16")
        waves = numpy(keras.ops.cast(layer(np.zeros((1, 400, 8))), "float32"))[0]
        assert len(np.unique(waves, axis=0)) == 400
