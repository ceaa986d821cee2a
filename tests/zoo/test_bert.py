"""What is special of BERT."""

import math

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from zoo.models import bert
from zoo.weights import from_keras_hub, to_keras_hub

SMALL = {"vocabulary": 40, "length": 12, "depth": 2, "dropout": 0.0}


def filled(model, seed=0):
    """The model with weights that no initialiser gives: nothing is zero, biases included."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(rng.normal(size=variable.shape, scale=0.2))
    return model


def sequences(lengths=(10, 6, 3), length=10, places=4):
    """Token sequences of these lengths, their padding filled with random tokens."""
    rng, shape = np.random.default_rng(1), (len(lengths), length)
    return {
        "token_ids": rng.integers(0, 40, shape),
        "segment_ids": rng.integers(0, 2, shape),
        "padding_mask": (np.arange(length) < np.array(lengths)[:, None]).astype("int32"),
        "mask_positions": rng.integers(0, min(lengths), (len(lengths), places)),
    }


def predict(model, inputs):
    return model.predict(inputs, verbose=0)


def norm(x, gamma, beta):
    deviation = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-12)
    return (x - x.mean(axis=-1, keepdims=True)) / deviation * gamma + beta


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


def by_hand(model, token_ids, segment_ids, heads, depth):
    """The paper's formulas in numpy, for one sequence (t,) without padding: (t, d)."""
    weight = {v.path: ops.convert_to_numpy(v).astype("float64") for v in model.weights}

    def dense(x, name):
        return x @ weight[f"{name}/kernel"] + weight[f"{name}/bias"]

    def normed(x, name):
        return norm(x, weight[f"{name}/gamma"], weight[f"{name}/beta"])

    x = weight["token_embedding/embeddings"][token_ids]
    x = x + weight["segment_embedding/embeddings"][segment_ids]
    x = normed(x + weight["positions/table"][: len(x)], "embeddings_norm")
    for block in (f"block{i}" for i in range(1, depth + 1)):
        q, k, v = np.split(dense(x, f"{block}_attention/qkv"), 3, axis=-1)
        z = []
        for i in np.split(np.arange(x.shape[-1]), heads):
            scores = np.exp(q[:, i] @ k[:, i].T / np.sqrt(len(i)))
            z.append(scores / scores.sum(axis=-1, keepdims=True) @ v[:, i])
        y = dense(np.concatenate(z, axis=-1), f"{block}_attention/out")
        x = normed(x + y, f"{block}_norm1")
        y = dense(gelu(dense(x, f"{block}_mlp1")), f"{block}_mlp2")
        x = normed(x + y, f"{block}_norm2")
    return x, dense, normed, weight


@pytest.mark.once
def test_is_the_formulas_of_the_paper():
    model = filled(zoo.get("bert_tiny", **SMALL))
    inputs = {name: array[:1] for name, array in sequences((10,)).items()}
    x, dense, normed, weight = by_hand(
        model, inputs["token_ids"][0], inputs["segment_ids"][0], heads=2, depth=2
    )
    y = x[inputs["mask_positions"][0]]
    y = normed(gelu(dense(y, "masked_dense")), "masked_norm")
    masked = y @ weight["token_embedding/embeddings"].T + weight["masked/bias"]
    is_next = dense(np.tanh(dense(x[0], "pooler")), "is_next")
    outputs = predict(model, inputs)
    np.testing.assert_allclose(outputs["masked"][0], masked, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(outputs["is_next"][0], is_next, rtol=1e-4, atol=1e-4)


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "expected"), [("bert_base", 109_482_240), ("bert_tiny", 4_385_920)]
)
def test_its_body_has_the_published_number_of_parameters(name, expected):
    assert bert.body(zoo.get(name)).count_params() == expected


class TestPadding:
    model = filled(zoo.get("bert_tiny", **SMALL))

    def test_what_stands_there_and_how_much_of_it_changes_nothing(self):
        inputs, other = sequences(), sequences()
        hidden = inputs["padding_mask"] == 0
        other["token_ids"][hidden] = (other["token_ids"][hidden] + 7) % 40
        other["segment_ids"][hidden] = 1 - other["segment_ids"][hidden]
        longer = {
            name: array if name == "mask_positions" else np.pad(array, ((0, 0), (0, 2)))
            for name, array in inputs.items()
        }
        expected = predict(self.model, inputs)
        for changed in (other, longer):
            outputs = predict(self.model, changed)
            for name, values in expected.items():
                np.testing.assert_allclose(outputs[name], values, rtol=1e-4, atol=1e-5)

    def test_a_sequence_alone_is_as_in_a_batch_of_longer_ones(self):
        inputs = sequences()
        together = predict(self.model, inputs)
        alone = {
            name: array[2:, :3] if name != "mask_positions" else array[2:]
            for name, array in inputs.items()
        }
        for name, values in predict(self.model, alone).items():
            np.testing.assert_allclose(values, together[name][2:], rtol=1e-4, atol=1e-5)

    def test_a_token_that_is_not_hidden_does_change_the_outputs(self):
        inputs, other = sequences(), sequences()
        other["token_ids"][:, 1] = (other["token_ids"][:, 1] + 7) % 40
        before, after = predict(self.model, inputs), predict(self.model, other)
        for name in before:
            assert (np.abs(before[name] - after[name]).max(axis=-1) > 1e-3).all()


def test_a_longer_sequence_than_there_are_positions_is_refused():
    model = zoo.get("bert_tiny", **SMALL)
    inputs = sequences((13,), 13)
    with pytest.raises(Exception, match="positions"):
        model(inputs)


class TestKerasHub:
    def backbone(self, **options):
        keras_hub = pytest.importorskip("keras_hub")
        size = {"vocabulary_size": 40, "num_layers": 2, "num_heads": 2, "hidden_dim": 128}
        size |= {"intermediate_dim": 512, "max_sequence_length": 12, "dropout": 0.0}
        return filled(keras_hub.models.BertBackbone(**size | options))

    def test_outputs_are_those_of_its_backbone_and_weights_go_back(self):
        theirs = self.backbone()
        model = filled(zoo.get("bert_tiny", activation="gelu_tanh", **SMALL), seed=2)
        heads = [model.get_layer(name).get_weights() for name in ("masked_dense", "is_next")]
        assert from_keras_hub(model, theirs) is model
        inputs = sequences()
        del inputs["mask_positions"]
        expected = predict(theirs, inputs)
        outputs = predict(bert.body(model), inputs)
        real = inputs["padding_mask"] == 1
        sequence = expected["sequence_output"][real]
        np.testing.assert_allclose(outputs["sequence"][real], sequence, atol=1e-4)
        np.testing.assert_allclose(outputs["pooled"], expected["pooled_output"], atol=1e-4)
        after = [model.get_layer(name).get_weights() for name in ("masked_dense", "is_next")]
        assert keras.tree.map_structure(np.array_equal, heads, after) == [[True, True]] * 2
        other = filled(self.backbone(), seed=3)
        to_keras_hub(model, other)
        for there, here in zip(theirs.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(there, here)

    def test_its_head_of_masked_words_agrees(self):
        keras_hub = pytest.importorskip("keras_hub")
        theirs = self.backbone()
        model = filled(zoo.get("bert_tiny", activation="gelu_tanh", **SMALL), seed=2)
        from_keras_hub(model, theirs)
        head = keras_hub.layers.MaskedLMHead(
            token_embedding=theirs.token_embedding,
            intermediate_activation=lambda x: ops.gelu(x, approximate=True),
            layer_norm_epsilon=1e-12,
        )
        inputs = sequences()
        places = inputs.pop("mask_positions")
        sequence = theirs(inputs)["sequence_output"]
        head(sequence, mask_positions=places)
        counterparts = {"output_bias": "masked/bias"}
        for name in ("intermediate_dense/kernel", "intermediate_dense/bias"):
            counterparts[name] = name.replace("intermediate", "masked")
        for name in ("gamma", "beta"):
            counterparts[f"intermediate_layer_norm/{name}"] = f"masked_norm/{name}"
        own = {variable.path: variable for variable in model.weights}
        for variable in head.trainable_variables:
            if variable is not theirs.token_embedding.embeddings:
                variable.assign(own[counterparts.pop(variable.path.partition("/")[2])])
        assert not counterparts
        expected = ops.convert_to_numpy(head(sequence, mask_positions=places))
        outputs = predict(model, inputs | {"mask_positions": places})
        np.testing.assert_allclose(outputs["masked"], expected, atol=1e-4)

    @pytest.mark.once
    def test_another_form_is_refused(self):
        model = zoo.get("bert_tiny", **SMALL)
        for options, message in (
            ({"num_layers": 3}, "bert_tiny has nothing for transformer_layer_2/"),
            ({"num_layers": 1}, "block2_.* no counterpart"),
            ({"vocabulary_size": 41}, r"token_embedding/embeddings \(40, 128\) of bert_tiny has"),
        ):
            with pytest.raises(ValueError, match=message):
                from_keras_hub(model, self.backbone(**options))


class TestClassifier:
    def test_shares_the_body_and_has_a_head_of_its_own(self):
        model = filled(zoo.get("bert_tiny", **SMALL))
        net = bert.classifier(model, 3)
        inputs = sequences()
        del inputs["mask_positions"]
        assert predict(net, inputs).shape == (3, 3)
        net.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        before = ops.convert_to_numpy(model.get_layer("pooler").kernel).copy()
        net.train_on_batch(inputs, np.array([0, 1, 2]))
        assert not np.array_equal(before, ops.convert_to_numpy(model.get_layer("pooler").kernel))
        names = {v.path.split("/")[0] for v in net.weights}
        assert "logits" in names and not names & {"masked", "masked_dense", "is_next"}


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 3}, "3 heads do not divide a width of 128"),
        ({"activation": "relu"}, "activation='relu' must be one of gelu, gelu_tanh"),
        ({"vocabulary": 0}, "vocabulary=0 must be a whole number, 1 or more"),
        ({"dropout": 2}, "dropout=2 must be a finite number from 0 to 1"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        zoo.get("bert_tiny", **options)
