"""Sparse attention against dense attention under the same mask, and the sizes of GPTs."""

import keras
import numpy as np
import pytest

import zoo
from zoo import layers
from zoo.fundamentals import attention_masks as masks
from zoo.fundamentals.attention import attention, column_attention
from zoo.fundamentals.gpt_sizes import SIZES
from zoo.layers.sparse_attention import with_sparse_attention

KINDS = [
    {"pattern": "strided", "stride": 4},
    {"pattern": "strided", "stride": 12},
    {"pattern": "fixed", "stride": 4},
    {"pattern": "fixed", "stride": 6, "summary": 3},
    {"pattern": "fixed", "stride": 3, "summary": 3},
    {"pattern": "strided", "stride": 1},
]


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def filled(layer, shape=(None, 12, 8)):
    """The layer with weights that no initialiser gives, biases included."""
    layer.build(shape)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def mask_of(kind):
    options = {key: value for key, value in kind.items() if key != "pattern"}
    return getattr(masks, kind["pattern"])(12, **options)


@pytest.mark.parametrize("kind", KINDS, ids=str)
class TestSparseAttention:
    def test_equals_keras_attention_under_the_mask(self, kind):
        ours, theirs = (
            filled(layers.SparseAttention(2, **kind)),
            keras.layers.MultiHeadAttention(2, 4),
        )
        x = np.random.default_rng(0).normal(size=(3, 12, 8)).astype("float32")
        theirs.build(x.shape, x.shape)
        kernel, bias, out, out_bias = [numpy(w) for w in ours.weights]
        pairs = zip(np.split(kernel, 3, axis=1), np.split(bias, 3), strict=True)
        projections = [w for k, b in pairs for w in (k.reshape(8, 2, 4), b.reshape(2, 4))]
        theirs.set_weights([*projections, out.reshape(2, 4, 8), out_bias])
        mask = mask_of(kind)[None]
        expected, scores = theirs(x, x, attention_mask=mask, return_attention_scores=True)
        np.testing.assert_allclose(numpy(ours(x)), numpy(expected), atol=1e-4)
        np.testing.assert_allclose(numpy(ours.attention(x)), numpy(scores), atol=1e-5)

    @pytest.mark.once
    def test_every_score_of_the_mask_is_computed_once(self, kind):
        layer = filled(layers.SparseAttention(2, **kind))
        assert layer.computed().sum() == mask_of(kind).sum()


@pytest.mark.once
class TestSparseAttentionsArguments:
    def test_products_grow_more_slowly_than_the_square(self):
        layer = filled(layers.SparseAttention(2, stride=32), (None, 1024, 8))
        assert layer.multiply_adds() == 1024 * 4 * 8**2 + 2 * 1024 * (2 * 32 + 32) * 8

    @pytest.mark.parametrize("length", [10, None])
    def test_tokens_that_are_no_multiple_of_the_stride_are_refused(self, length):
        tokens = length or "an unknown number of"
        with pytest.raises(ValueError, match=f"{tokens} tokens are no multiple of a stride of 4"):
            layers.SparseAttention(2, stride=4).build((None, length, 8))

    def test_more_summary_than_a_row_is_refused(self):
        with pytest.raises(ValueError, match="summary=5 must be a whole number from 1 to 4"):
            layers.SparseAttention(2, "fixed", stride=4, summary=5)

    def test_padding_is_refused(self):
        x = np.zeros((1, 4, 8))
        with pytest.raises(ValueError, match="knows no padding"):
            layers.SparseAttention(2, stride=2)(x, mask=np.ones((1, 4), bool))

    def test_survives_a_keras_file(self, tmp_path):
        tokens = keras.Input((12, 8))
        model = keras.Model(tokens, layers.SparseAttention(2, "fixed", 4, 2)(tokens))
        model.save(tmp_path / "model.keras")
        restored = keras.saving.load_model(tmp_path / "model.keras")
        x = np.random.default_rng(0).normal(size=(3, 12, 8))
        np.testing.assert_allclose(restored.predict(x), model.predict(x), atol=1e-6)

    def test_a_copy_whose_rows_are_the_whole_sequence_is_the_dense_model(self):
        model = zoo.get("gpt_chars", vocabulary=9, length=12, width=8, depth=2, heads=2)
        tokens = np.random.default_rng(0).integers(0, 9, (3, 12))
        dense = model.predict(tokens)
        whole = with_sparse_attention(model, 12, "strided", 12)
        np.testing.assert_allclose(whole.predict(tokens), dense, atol=1e-5)
        narrow = with_sparse_attention(model, 12, "fixed", 3)
        assert np.abs(narrow.predict(tokens) - dense).max() > 1e-3
        assert narrow.predict(tokens).shape == (3, 12, 9)

    def test_a_model_without_causal_attention_is_refused(self):
        tokens = keras.Input((None,))
        with pytest.raises(ValueError, match="has no causal SelfAttention"):
            with_sparse_attention(keras.Model(tokens, tokens + 1), 12, "fixed", 3)


@pytest.mark.once
class TestSizesOfGPT:
    def test_gpt2_small_is_the_zoos(self):
        by_name = {size.name: size.parameters for size in SIZES}
        assert by_name["GPT-2 small"] == zoo.card("gpt2_small").params

    @pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
    def test_are_what_was_published(self, size):
        """The last name is the right one; GPT-3 medium was rounded down by 6 million."""
        text = size.published.split()[-1]
        published = float(text[:-1]) * {"M": 1e6, "B": 1e9}[text[-1]]
        assert size.parameters == pytest.approx(published, rel=0.02)


@pytest.mark.once
class TestByHand:
    def test_column_attention_is_attention_under_the_mask_of_columns(self):
        x = np.random.default_rng(0).normal(size=(12, 5))
        gathered = column_attention(x, 4)
        for token, expected in enumerate(gathered):
            above = x[token % 4 : token + 1 : 4]  # its column so far
            weights = np.exp(above @ x[token] / 5**0.5)
            np.testing.assert_allclose(weights @ above / weights.sum(), expected)
        mask = masks.column(12, 4)
        np.testing.assert_allclose(attention(x, x, x, mask)[0], gathered)

    def test_rows_that_do_not_divide_the_tokens_are_refused(self):
        with pytest.raises(ValueError, match="its tokens a multiple of 5"):
            column_attention(np.zeros((12, 2)), 5)

    def test_a_drawn_mask_tells_near_from_far(self):
        """The last of six tokens in rows of three."""
        drawn = {kind: masks.shaded(kind, 6, 3)[-1].tolist() for kind in ("strided", "fixed")}
        assert drawn == {"strided": [0, 0, 1, 2, 2, 3], "fixed": [0, 0, 1, 2, 2, 3]}
        drawn = {kind: masks.shaded(kind, 6, 3)[-2].tolist() for kind in ("strided", "fixed")}
        assert drawn == {"strided": [0, 1, 2, 2, 3, 0], "fixed": [0, 0, 1, 2, 3, 0]}
        assert masks.shaded("causal", 4, 2)[-1].tolist() == [1, 1, 2, 3]

    @pytest.mark.parametrize("kind", ["strided", "fixed"])
    def test_a_drawn_mask_is_the_mask(self, kind):
        drawn = masks.shaded(kind, 20, 4) > 0
        np.testing.assert_array_equal(drawn, getattr(masks, kind)(20, 4))
