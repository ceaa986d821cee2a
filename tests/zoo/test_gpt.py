"""What is special of the GPTs: the past is not told the future, and keras-hub computes the same."""

import keras
import numpy as np
import pytest

import zoo


def filled(model, seed=0):
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(rng.normal(size=variable.shape, scale=0.2))
    return model


def small(**options):
    return filled(zoo.get("gpt2_small", **{"vocabulary": 50, "length": 12, "depth": 2} | options))


def tokens(count=3, length=12):
    return np.random.default_rng(1).integers(0, 50, (count, length))


class TestPast:
    def test_no_logit_moves_when_later_tokens_change(self):
        model, before = filled(zoo.get("gpt_chars")), tokens()
        after = before.copy()
        after[:, 7:] = (after[:, 7:] + 1) % 50
        before, after = (model.predict(x, verbose=0) for x in (before, after))
        np.testing.assert_array_equal(before[:, :7], after[:, :7])
        assert np.all(np.abs(before[:, 7:] - after[:, 7:]).max(axis=-1) > 1e-3)

    def test_every_logit_moves_when_the_first_token_changes(self):
        model, before = filled(zoo.get("gpt_chars")), tokens()
        after = before.copy()
        after[:, 0] = (after[:, 0] + 1) % 50
        before, after = (model.predict(x, verbose=0) for x in (before, after))
        assert np.all(np.abs(before - after).max(axis=-1) > 1e-4)


OF_KERAS_HUB = {  # layer of ours: keras-hub's, whose Q, K and V are apart
    "embedding": "token_embedding",
    "positions": "position_embedding",
    "norm": "layer_norm",
    "norm1": "self_attention_layer_norm",
    "attention/qkv": "self_attention/query self_attention/key self_attention/value",
    "attention/out": "self_attention/attention_output",
    "norm2": "feedforward_layer_norm",
    "mlp1": "feedforward_intermediate_dense",
    "mlp2": "feedforward_output_dense",
}


def fill_keras_hub(backbone, model):
    """Give keras-hub's GPT-2 the weights of ours."""
    theirs = {variable.path: variable for variable in backbone.weights}
    for variable in model.weights:
        layer, name = variable.path.rsplit("/", 1)
        name = "embeddings" if name == "table" else name
        block, _, part = layer.removeprefix("block").partition("_")
        prefix = f"transformer_layer_{int(block) - 1}/" if part else ""
        targets = OF_KERAS_HUB[part or layer].split()
        parts = np.split(keras.ops.convert_to_numpy(variable), len(targets), axis=-1)
        for path, value in zip(targets, parts, strict=True):
            target = theirs.pop(f"{prefix}{path}/{name}")
            target.assign(value.reshape(target.shape))
    assert not theirs


def test_logits_are_those_of_keras_hub():
    keras_hub = pytest.importorskip("keras_hub")
    ours = small(width=48, heads=3)
    theirs = keras_hub.models.GPT2Backbone(
        vocabulary_size=50,
        num_layers=2,
        num_heads=3,
        hidden_dim=48,
        intermediate_dim=192,
        max_sequence_length=12,
    )
    fill_keras_hub(theirs, ours)
    inputs = {"token_ids": tokens(), "padding_mask": np.ones((3, 12), "int32")}
    hidden = theirs.predict(inputs, verbose=0)
    expected = hidden @ keras.ops.convert_to_numpy(theirs.token_embedding.embeddings).T
    np.testing.assert_allclose(ours.predict(tokens(), verbose=0), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.once
class TestFreshNet:
    def test_kernels_start_as_nanogpts(self):
        model = zoo.get("gpt_chars")
        deviation = {w.path: np.std(keras.ops.convert_to_numpy(w)) for w in model.weights}
        ends = ("attention/out/kernel", "mlp2/kernel")
        for path, value in deviation.items():
            expected = 0.02 / 8**0.5 if path.endswith(ends) else 0.0 if "gamma" in path else 0.02
            assert value == pytest.approx(expected, rel=0.05), path

    def test_no_two_kernels_of_a_shape_start_alike(self):
        model = zoo.get("gpt_chars")
        kernels = [np.array(w) for w in model.weights if "mlp1" in w.path]
        assert len(kernels) == 4
        for i, kernel in enumerate(kernels):
            assert not any(np.array_equal(kernel, other) for other in kernels[:i])

    def test_begins_near_the_loss_of_a_guess(self):
        model = zoo.get("gpt_chars")
        logits = model.predict(np.random.default_rng(0).integers(0, 65, (8, 64)), verbose=0)
        spread = np.log(np.exp(logits).sum(axis=-1)) - logits.mean(axis=-1)
        assert spread.mean() == pytest.approx(np.log(65), abs=0.1)


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocabulary": 0}, "vocabulary=0 must be a whole number, 1 or more"),
        ({"length": 2.5}, "length=2.5 must be a whole number"),
        ({"heads": 5}, "5 heads do not divide a width of 128"),
        ({"activation": "gelu_tan"}, "must be one of .*; did you mean 'gelu_tanh'"),
        ({"norm": "batch"}, "norm='batch' must be one of layer, rms"),
        ({"positions": "sine"}, "positions='sine' must be one of learned, rotary"),
        ({"positions": "rotary", "width": 12}, "turn pairs of numbers, and 4 heads of a width of"),
        ({"use_bias": "no"}, "use_bias='no' must be True or False"),
        ({"dropout": -1}, "dropout=-1 must be a finite number from 0 to 1"),
        ({"mlp_ratio": 0}, "mlp_ratio=0 must be a finite number, above 0"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        zoo.get("gpt_chars", **options)
