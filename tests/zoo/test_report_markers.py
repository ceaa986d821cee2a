"""Images as markers of a map, and the frame that a spatial transformer looked at."""

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from zoo.report import embeddings, sampling
from zoo.report.canvas import ACCENT, COLORS

pytestmark = pytest.mark.once


def share_of(path, color):
    """The share of a picture's pixels that have a colour."""
    pixels = matplotlib.image.imread(path)[..., :3]
    return np.isclose(pixels, to_rgb(color), atol=0.02).all(axis=-1).mean()


def test_every_image_stands_at_its_point_in_the_colour_of_its_class():
    points = np.array([[0.0, 0.0], [2.0, 1.0]])  # left below, right above
    images = np.full((2, 8, 8, 1), 255, "uint8")
    canvas = embeddings._markers(points, images, np.array([3, 1]))
    size, marker = embeddings.CANVAS, embeddings.MARKER
    np.testing.assert_allclose(
        canvas[size - marker :, :marker].reshape(-1, 3), [to_rgb(COLORS[3])] * marker**2
    )
    np.testing.assert_allclose(
        canvas[:marker, size - marker :].reshape(-1, 3), [to_rgb(COLORS[1])] * marker**2
    )
    assert (canvas == 1).all(axis=-1).sum() == size**2 - 2 * marker**2


def test_a_map_is_drawn_of_any_number_of_classes(tmp_path):
    rng = np.random.default_rng(0)
    images = np.full((30, 8, 8, 1), 255, "uint8")
    path = tmp_path / "maps.png"
    embeddings.maps(path, {"one": rng.normal(size=(30, 2))}, images, np.arange(30))
    assert all(share_of(path, color) > 0 for color in COLORS)


def test_the_upper_edge_of_the_frame_is_red_and_outside_the_image_is_not_drawn(tmp_path):
    grey = np.full((2, 8, 8, 1), 128, "uint8")
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    shares = []
    for name, scale in (("inside", 0.5), ("outside", 3)):
        frames = np.stack([scale * square] * 2)
        path = sampling.looked_at(
            tmp_path / f"{name}.png", grey, ["7", "7"], frames, grey, ["1", "1"], columns=2
        )
        shares.append(share_of(path, ACCENT))
    assert shares[0] > 0 and shares[1] == 0
