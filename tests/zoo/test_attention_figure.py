"""The figure of attention, head by head."""

import numpy as np
import pytest
from PIL import Image

from zoo.report.transformer import attention_heads

pytestmark = pytest.mark.once


def test_a_row_of_matrices_per_layer_dark_where_a_token_gathers(tmp_path):
    weights = np.zeros((1, 2, 4, 4))
    weights[0, 0, :, 0] = 1  # the left head gathers from the first token
    weights[0, 1, :, 3] = 1  # the right one from the last
    heights = []
    for layers in (1, 2):
        drawn = {f"block{i}": weights for i in range(layers)}
        path = attention_heads(tmp_path / "heads.png", drawn, ["[CLS]", "a", "b", "[SEP]"])
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
        heights.append(pixels.shape[0])
    assert 1.6 * heights[0] < heights[1]
    darkest = np.abs(pixels - (8, 48, 107)).sum(axis=-1) < 12  # the end of matplotlib's Blues
    columns = np.flatnonzero(darkest.sum(axis=0) > 50)  # wide areas, without the scale beside them
    left, right = np.split(columns, [np.argmax(np.diff(columns)) + 1])
    cell = len(left)
    assert abs(len(right) - cell) <= 2 and cell > 50
    # from the first cell of one matrix to the last of the next: its own three, and a gap
    assert right[0] - left[0] > 6 * cell
