"""Figures: what a reader has to be able to tell."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from zoo.report import figures

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("wrong", "red"), [(None, True), ([False, True], True), ([False] * 2, False)]
)
def test_a_gallery_has_red_captions_where_something_is_wrong(wrong, red, tmp_path):
    images, captions = np.zeros((2, 8, 8, 1), "uint8"), [("7", "said 1"), ("3", "said 3")]
    path = figures.gallery(tmp_path / "gallery.png", images, captions, wrong=wrong)
    pixels = np.array(Image.open(path).convert("RGB")) / 255
    assert (np.abs(pixels - to_rgb(figures.ACCENT)).max(axis=-1) < 0.02).any() == red
