"""Attention by hand against Keras, PyTorch, loops, and values worked out on paper."""

import shutil
import subprocess

import keras
import numpy as np
import pytest
from openpyxl import load_workbook

from zoo.fundamentals import attention as by_hand
from zoo.fundamentals import attention_masks as masks
from zoo.fundamentals import attention_sheet


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture
def projections():
    matrices = normal(4, 512, 512, seed=1) / 512**0.5
    return by_hand.Projections(*matrices, normal(4, 512, seed=2))


def keras_twin(projections, heads, width=512):
    layer = keras.layers.MultiHeadAttention(heads, width // heads)
    layer.build((None, None, width), (None, None, width))
    shape = (width, heads, width // heads)
    weights = []
    for matrix, bias in zip(
        (projections.query, projections.key, projections.value), projections.biases, strict=False
    ):
        weights += [matrix.reshape(shape), bias.reshape(heads, -1)]
    out = projections.output.reshape(heads, width // heads, width)
    layer.set_weights([*weights, out, projections.biases[3]])
    return layer


class TestMultiHeadAttention:
    @pytest.mark.parametrize("causal", [False, True])
    def test_equals_keras(self, projections, causal):
        x = normal(9, 512, seed=3)
        allowed = masks.causal(9) if causal else None
        output, weights = by_hand.multi_head_attention(x, projections, 8, allowed=allowed)
        expected, scores = keras_twin(projections, 8)(
            x[None], x[None], use_causal_mask=causal, return_attention_scores=True
        )
        np.testing.assert_allclose(output, keras.ops.convert_to_numpy(expected)[0], atol=1e-5)
        np.testing.assert_allclose(weights, keras.ops.convert_to_numpy(scores)[0], atol=1e-5)

    def test_of_two_sequences_equals_keras(self, projections):
        x, context = normal(4, 512, seed=3), normal(9, 512, seed=4)
        output, weights = by_hand.multi_head_attention(x, projections, 8, context)
        expected = keras_twin(projections, 8)(x[None], context[None])
        assert weights.shape == (8, 4, 9)
        np.testing.assert_allclose(output, keras.ops.convert_to_numpy(expected)[0], atol=1e-5)

    @pytest.mark.once
    def test_equals_pytorch(self):
        torch = pytest.importorskip("torch")
        q, k, v = normal(2, 5, 8), normal(2, 7, 8, seed=1), normal(2, 7, 3, seed=2)
        allowed = normal(2, 5, 7, seed=3) > -0.5
        output, _ = by_hand.attention(q, k, v, allowed)
        expected = torch.nn.functional.scaled_dot_product_attention(
            *map(torch.tensor, (q, k, v)), attn_mask=torch.tensor(allowed)
        )
        np.testing.assert_allclose(output, expected.numpy(), atol=1e-12)


@pytest.mark.once
class TestAttention:
    def test_of_a_query_that_one_key_answers_takes_its_value(self):
        # Scores 0, 0 and ln 2 * 2 / sqrt(4): weights 1/4, 1/4, 1/2.
        query, keys = [[2.0, 0, 0, 0]], [[0.0, 0, 0, 0], [0, 1, 0, 0], [np.log(2), 0, 0, 0]]
        output, weights = by_hand.attention(query, keys, [[4.0], [8.0], [2.0]])
        np.testing.assert_allclose(weights, [[0.25, 0.25, 0.5]])
        np.testing.assert_allclose(output, [[4.0]])

    def test_of_windows_is_that_of_all_with_a_mask(self):
        x = normal(12, 5)
        windows = np.arange(12) // 4
        expected, _ = by_hand.attention(x, x, x, windows[:, None] == windows)
        np.testing.assert_allclose(by_hand.window_attention(x, 4), expected, atol=1e-12)

    def test_along_the_axes_is_that_of_columns_then_rows_with_masks(self):
        x = normal(12, 5)
        row, column = np.divmod(np.arange(12), 4)
        down, _ = by_hand.attention(x, x, x, column[:, None] == column)
        expected, _ = by_hand.attention(down, down, down, row[:, None] == row)
        np.testing.assert_allclose(by_hand.axial_attention(x, 4), expected, atol=1e-12)

    def test_heads_split_the_numbers_of_each_token_and_merge_again(self):
        x = np.arange(12).reshape(3, 4)
        heads = by_hand.split_heads(x, 2)
        assert heads[1].tolist() == [[2, 3], [6, 7], [10, 11]]
        np.testing.assert_array_equal(by_hand.merge_heads(heads), x)

    def test_a_query_without_a_key_is_named(self):
        allowed = masks.causal(4)
        allowed[2] = False
        with pytest.raises(ValueError, match="query 2 may not ask any key"):
            by_hand.attention(normal(4, 2), normal(4, 2), normal(4, 2), allowed)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda x: by_hand.attention(x, x[:, :1], x), "do not fit together"),
            (lambda x: by_hand.attention(x, x, x[:2]), "do not fit together"),
            (lambda x: by_hand.attention(x[0], x, x), r"must be \(\.\.\., how many, width\)"),
            (
                lambda x: by_hand.attention(x, x, x, np.ones((3, 3))),
                "allowed must be True or False",
            ),
            (lambda x: by_hand.attention(x, x, x, masks.full(4)), r"allowed \(4, 4\) does not fit"),
            (lambda x: by_hand.attention("a", x, x), "queries must be numbers"),
            (lambda x: by_hand.window_attention(x, 2), r"x \(3, 2\) must be \(tokens, width\)"),
            (lambda x: by_hand.axial_attention(x, 0), "side=0 must be a whole number"),
            (lambda x: by_hand.split_heads(x, 3), "3 heads do not divide a width of 2"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, call, message):
        with pytest.raises(ValueError, match=message):
            call(normal(3, 2))


@pytest.mark.once
class TestMasks:
    def test_windowed_is_a_band(self):
        expected = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
        assert masks.windowed(4, 1).astype(int).tolist() == expected

    def test_strided_is_the_row_so_far_and_the_column_above(self):
        # An image of 3x3: position 7 is in row 2, column 1.
        assert np.flatnonzero(masks.strided(9, 3)[7]).tolist() == [1, 4, 5, 6, 7]

    def test_fixed_is_the_block_so_far_and_the_ends_of_the_blocks_before(self):
        assert np.flatnonzero(masks.fixed(9, 3)[7]).tolist() == [2, 5, 6, 7]
        assert np.flatnonzero(masks.fixed(9, 3, summary=2)[6]).tolist() == [1, 2, 4, 5, 6]

    @pytest.mark.parametrize("mask", [masks.strided(16, 4), masks.fixed(16, 4)])
    def test_two_sparse_layers_reach_what_a_causal_one_does(self, mask):
        twice = (mask.astype(int) @ mask.astype(int)) > 0
        reached = twice[15]  # the last position, whose row of the strided mask is a whole one
        assert not np.triu(twice, 1).any()
        assert reached.all()

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: masks.full(0), "length=0 must be a whole number, 1 or more"),
            (lambda: masks.windowed(4, -1), "reach=-1 must be"),
            (lambda: masks.strided(4, 1.5), "stride=1.5 must be a whole number"),
            (lambda: masks.fixed(4, 2, 3), "summary=3 must be a whole number from 1 to 2"),
        ],
    )
    def test_what_makes_no_mask_is_refused(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.once
class TestSpreadsheet:
    @pytest.fixture
    def workbook(self, tmp_path):
        return attention_sheet.write(tmp_path / "attention.xlsx")

    def test_gives_numbers_and_computes_all_else(self, workbook):
        sheet = load_workbook(workbook)["attention"]
        cells = [c.value for row in sheet.iter_rows() for c in row if c.value is not None]
        formulas = [value for value in cells if isinstance(value, str) and value.startswith("=")]
        numbers = [value for value in cells if isinstance(value, int | float)]
        assert len(numbers) == 3 * 4 + 4 * 16  # the patches and four matrices
        # Q, K, V; scores, their exponentials, attention; what each head gathers; the output.
        assert len(formulas) == 3 * 12 + 3 * 18 + 12 + 12

    @pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
    def test_libreoffice_computes_the_numbers_of_numpy(self, workbook, tmp_path):
        profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
        out = tmp_path / "out"
        command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", out]
        subprocess.run([*command, workbook], check=True, capture_output=True, timeout=120)
        sheet = load_workbook(out / "attention.xlsx", data_only=True)["attention"]
        expected, weights = by_hand.multi_head_attention(
            attention_sheet.PATCHES, attention_sheet.PROJECTIONS, heads=2
        )
        found = attention_sheet.values(sheet)
        np.testing.assert_allclose(found["output"], expected, atol=1e-12)
        np.testing.assert_allclose(found["attention of head 1"], weights[0], atol=1e-12)
        np.testing.assert_allclose(found["attention of head 2"], weights[1], atol=1e-12)
