"""Self-attention, positions and pooling of tokens against Keras, PyTorch and values by hand."""

import keras
import numpy as np
import pytest

from zoo import layers
from zoo.layers.tokens import resized_positions


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def filled(layer, shape):
    """The layer with weights that no initialiser gives, biases included."""
    layer.build(shape)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape, scale=0.3) for w in layer.get_weights()])
    return layer


def keras_twin(ours, width):
    """Keras's own attention with the same weights."""
    heads = ours.heads
    theirs = keras.layers.MultiHeadAttention(heads, width // heads)
    theirs.build((None, 7, width), (None, 7, width))
    kernel, bias, out_kernel, out_bias = [numpy(w) for w in ours.weights]
    parts = []
    for i in range(3):  # Keras has the order query, key, value too
        part = slice(i * width, (i + 1) * width)
        parts.append(kernel[:, part].reshape(width, heads, -1))
        parts.append(bias[part].reshape(heads, -1))
    query_and_key, value = parts[:4], parts[4:]
    out = [out_kernel.reshape(heads, -1, width), out_bias]
    theirs.set_weights([*query_and_key, *value, *out])
    return theirs


class TestSelfAttention:
    @pytest.mark.parametrize("heads", [1, 3])
    @pytest.mark.parametrize("causal", [False, True])
    def test_equals_keras_multi_head_attention(self, heads, causal):
        ours = filled(layers.SelfAttention(heads, causal=causal), (None, 7, 12))
        theirs = keras_twin(ours, 12)
        x = normal(2, 7, 12)
        expected, scores = theirs(x, x, use_causal_mask=causal, return_attention_scores=True)
        np.testing.assert_allclose(numpy(ours(x)), numpy(expected), atol=1e-5)
        np.testing.assert_allclose(numpy(ours.attention(x)), numpy(scores), atol=1e-6)

    def test_gathers_nothing_from_padding(self):
        layer = filled(layers.SelfAttention(2), (None, 6, 8))
        x = normal(1, 6, 8)
        changed = x.copy()
        changed[:, 4:] = 100.0
        mask = np.array([[True] * 4 + [False] * 2])
        short = numpy(layer(x[:, :4]))
        for padded in (x, changed):
            outputs = numpy(layer(padded, mask=mask))[:, :4]
            np.testing.assert_allclose(outputs, short, atol=1e-5)

    def test_a_causal_token_does_not_see_the_future(self):
        layer = filled(layers.SelfAttention(2, causal=True), (None, 6, 8))
        x = normal(1, 6, 8)
        changed = x.copy()
        changed[:, 4:] += 1
        before, after = numpy(layer(x)), numpy(layer(changed))
        np.testing.assert_array_equal(before[:, :4], after[:, :4])
        assert np.abs(before[:, 4:] - after[:, 4:]).min() > 0

    @pytest.mark.parametrize("lengths", [(5, 5), (5, 3)])
    @pytest.mark.parametrize("rotary_length", [None, 9])
    def test_extends_a_sequence_without_computing_the_past_again(self, lengths, rotary_length):
        options = {"causal": True, "rotary_length": rotary_length}
        layer = filled(layers.SelfAttention(2, **options), (None, 6, 8))
        x = normal(2, 7, 8)
        first = 5 - np.array(lengths)  # slots before it are padding
        keys = values = np.zeros((2, 9, 2, 4), "float32")
        outputs, keys, values = layer.extend(x[:, :5], keys, values, 0, first)
        for slot in (5, 6):
            last, keys, values = layer.extend(x[:, slot : slot + 1], keys, values, slot, first)
            outputs = np.concatenate([numpy(outputs), numpy(last)], axis=1)
        for row, begin in enumerate(first):
            alone = numpy(layer(x[row : row + 1, begin:]))[0]
            np.testing.assert_allclose(outputs[row, begin:], alone, atol=1e-5)
        assert np.isfinite(outputs).all()

    def test_has_four_square_matrices_and_their_biases(self):
        layer = filled(layers.SelfAttention(4), (None, 9, 512))
        assert layer.count_params() == 4 * 512 * 513
        assert layer.multiply_adds() == 9 * 4 * 512**2 + 2 * 9**2 * 512

    def test_heads_that_do_not_divide_the_width_are_refused(self):
        with pytest.raises(ValueError, match="5 heads do not divide a width of 12; 1, 2, 3, 4, 6"):
            layers.SelfAttention(5)(normal(1, 2, 12))


class TestRotary:
    def test_turns_pairs_of_numbers_as_complex_numbers_turn(self):
        x, start = normal(2, 5, 3, 8), 4
        pairs = x[..., :4] + 1j * x[..., 4:]
        angle = (np.arange(5) + start)[:, None] * 10_000.0 ** (-np.arange(4) / 4)
        expected = pairs * np.exp(1j * angle)[:, None]
        turned = numpy(layers.rotated(x, start))
        np.testing.assert_allclose(turned[..., :4], expected.real, atol=1e-5)
        np.testing.assert_allclose(turned[..., 4:], expected.imag, atol=1e-5)

    def test_attention_depends_on_how_far_apart_tokens_are_alone(self):
        layer = filled(layers.SelfAttention(2, rotary_length=9), (None, 5, 8))
        x = normal(1, 5, 8)
        q, k, _ = (numpy(part) for part in layer.queries_keys_values(x))
        q3, k3, _ = (numpy(part) for part in layer.queries_keys_values(x, start=3))
        products = [np.einsum("bqhd,bkhd->bhqk", *pair) for pair in ((q, k), (q3, k3))]
        np.testing.assert_allclose(*products, atol=1e-5)

    def test_attention_tells_the_order_of_tokens(self):
        x = normal(1, 5, 8)
        for rotary_length, alike in ((None, True), (5, False)):
            layer = filled(layers.SelfAttention(2, rotary_length=rotary_length), (None, 5, 8))
            last, moved = numpy(layer(x))[0, 4], numpy(layer(x[:, [1, 0, 3, 2, 4]]))[0, 4]
            assert np.allclose(last, moved, atol=1e-5) == alike

    def test_heads_of_an_odd_width_are_refused(self):
        with pytest.raises(ValueError, match="4 heads of a width of 12 have 3; give an even num"):
            layers.SelfAttention(4, rotary_length=5)(normal(1, 5, 12))


class TestPositions:
    def test_adds_one_vector_per_token(self):
        layer = filled(layers.Positions((2, 3), prefix_tokens=1), (None, 7, 4))
        x = normal(2, 7, 4)
        np.testing.assert_allclose(numpy(layer(x)), x + numpy(layer.table), atol=1e-6)

    @pytest.mark.parametrize(
        ("grid", "new"), [((4, 4), (7, 5)), ((9, 8), (4, 3)), ((5, 5), (5, 5))]
    )
    def test_interpolates_as_pillow_does(self, grid, new):
        from PIL import Image

        table = normal(2 + grid[0] * grid[1], 3)
        resized = numpy(resized_positions(table, grid, new, prefix_tokens=2))
        np.testing.assert_array_equal(resized[:2], table[:2])
        for channel in range(3):
            image = Image.fromarray(table[2:, channel].reshape(grid), mode="F")
            expected = np.asarray(image.resize(new[::-1], Image.BICUBIC))
            np.testing.assert_allclose(resized[2:, channel].reshape(new), expected, atol=1e-5)

    def test_interpolates_as_pytorch_does_with_antialiasing(self):
        torch = pytest.importorskip("torch")
        table = normal(14 * 14, 5)
        maps = torch.from_numpy(table.reshape(1, 14, 14, 5)).permute(0, 3, 1, 2)
        expected = torch.nn.functional.interpolate(maps, (14, 10), mode="bicubic", antialias=True)
        expected = expected[0].permute(1, 2, 0).reshape(-1, 5).numpy()
        resized = numpy(resized_positions(table, (14, 14), (14, 10)))
        np.testing.assert_allclose(resized, expected, atol=1e-5)

    def test_learned_for_another_grid_are_interpolated(self):
        layer = filled(layers.Positions((2, 3), 1, learned_grid=(4, 4)), (None, 7, 4))
        assert layer.table.shape == (17, 4)
        expected = resized_positions(numpy(layer.table), (4, 4), (2, 3), 1)
        np.testing.assert_allclose(numpy(layer(np.zeros((1, 7, 4)))[0]), numpy(expected), atol=1e-6)

    def test_another_number_of_tokens_is_refused(self):
        with pytest.raises(ValueError, match="8 tokens are not 1 and a grid of 2x3"):
            layers.Positions((2, 3), 1)(normal(1, 8, 4))


class TestSequencePositions:
    @pytest.fixture
    def layer(self):
        return filled(layers.SequencePositions(6), (None, None, 4))

    def test_adds_one_vector_per_place(self, layer):
        x = normal(2, 5, 4)
        np.testing.assert_allclose(numpy(layer(x)), x + numpy(layer.table)[:5], atol=1e-6)

    @pytest.mark.parametrize("start", [0, 2, np.array(2), np.array([2, 2])])
    def test_begins_at_the_place_that_is_named(self, layer, start):
        x, first = normal(2, 3, 4), 2 * bool(np.any(start))
        expected = x + numpy(layer.table)[first : first + 3]
        np.testing.assert_allclose(numpy(layer(x, start=start)), expected, atol=1e-6)

    def test_each_sequence_may_begin_elsewhere_and_padding_has_the_first_place(self, layer):
        x, table = normal(2, 3, 4), numpy(layer.table)
        outputs = numpy(layer(x, start=np.array([-2, 3])))
        np.testing.assert_allclose(outputs[0], x[0] + table[[0, 0, 0]], atol=1e-6)
        np.testing.assert_allclose(outputs[1], x[1] + table[3:6], atol=1e-6)

    @pytest.mark.parametrize(("tokens", "start"), [(7, 0), (3, 4)])
    def test_more_tokens_than_places_are_refused(self, layer, tokens, start):
        with pytest.raises(ValueError, match=f"there are 6 positions, not enough for {tokens} tok"):
            layer(normal(1, tokens, 4), start=start)

    def test_opens_from_a_file(self, layer, tmp_path):
        tokens = keras.Input((None, 4))
        model = keras.Model(tokens, layer(tokens))
        model.save(tmp_path / "model.keras")
        opened = keras.saving.load_model(tmp_path / "model.keras")
        x = normal(2, 5, 4)
        np.testing.assert_array_equal(numpy(opened(x)), numpy(model(x)))
        with pytest.raises(ValueError, match="there are 6 positions"):
            opened(normal(1, 7, 4))


def test_prefix_tokens_come_first_and_start_at_zero():
    x = normal(2, 3, 4)
    outputs = numpy(layers.PrefixTokens(2)(x))
    np.testing.assert_array_equal(outputs[:, :2], np.zeros((2, 2, 4)))
    np.testing.assert_array_equal(outputs[:, 2:], x)


def test_sequence_pooling_is_a_weighted_mean():
    layer = filled(layers.SequencePooling(), (None, 5, 4))
    kernel, bias = layer.get_weights()
    x = normal(2, 5, 4)
    weights = np.exp(x @ kernel + bias)
    expected = (weights / weights.sum(axis=1, keepdims=True) * x).sum(axis=1)
    np.testing.assert_allclose(numpy(layer(x)), expected, atol=1e-5)
