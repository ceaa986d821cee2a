"""Positional encodings against numbers by hand, complex exponentials and turning hands."""

import numpy as np
import pytest

from zoo.fundamentals import positional
from zoo.fundamentals.positional import frequencies, sinusoidal, sinusoidal_2d

pytestmark = pytest.mark.once


class TestSinusoidal:
    def test_has_the_numbers_of_the_paper(self):
        sine, cosine = 0.8414710, 0.5403023  # of 1 radian
        expected = [[0, 1, 0, 1], [sine, cosine, 0.0099998, 0.9999500]]
        np.testing.assert_allclose(sinusoidal(2, 4), expected, atol=1e-7)

    @pytest.mark.parametrize(("positions", "width"), [(1, 2), (50, 128), (300, 6)])
    def test_is_a_complex_exponential_taken_apart(self, positions, width):
        encoding = sinusoidal(positions, width)
        for position in range(positions):
            for i in range(width // 2):
                turned = np.exp(1j * position * np.exp(-np.log(1e4) * 2 * i / width))
                pair = encoding[position, 2 * i : 2 * i + 2]
                np.testing.assert_allclose(pair, [turned.imag, turned.real], atol=1e-9)

    @pytest.mark.parametrize("k", [1, 7, 30])
    def test_going_k_on_turns_every_pair_by_an_angle_of_k_alone(self, k):
        encoding = sinusoidal(80, 16)
        for i, frequency in enumerate(frequencies(16)):
            pair = encoding[:, 2 * i : 2 * i + 2]
            sine, cosine = np.sin(k * frequency), np.cos(k * frequency)
            turn = np.array([[cosine, -sine], [sine, cosine]])
            np.testing.assert_allclose(pair[k:], pair[:-k] @ turn, atol=1e-12)

    def test_similarity_depends_on_the_distance_and_is_highest_at_none(self):
        encoding = sinusoidal(60, 32)
        similarity = encoding @ encoding.T
        for distance in (0, 3, 41):
            assert np.ptp(np.diagonal(similarity, distance)) < 1e-9
        np.testing.assert_allclose(np.diagonal(similarity), 16)
        assert (similarity - 16 * np.eye(60) < 15.9).all()

    def test_similarity_falls_with_the_distance_on_the_whole(self):
        encoding = sinusoidal(64, 64)
        near, middle, far = np.split(encoding @ encoding[0], [8, 32])
        assert near.min() > middle.mean() > far.mean()

    @pytest.mark.parametrize("positions", [0, -3, 2.0, True, "5"])
    def test_refuses_positions_that_are_no_count(self, positions):
        with pytest.raises(
            ValueError, match=f"positions={positions!r} must be a whole number, 1 or more"
        ):
            sinusoidal(positions, 4)

    @pytest.mark.parametrize("width", [0, -2, 7, 4.0, True])
    def test_refuses_a_width_that_makes_no_pairs(self, width):
        message = f"width={width!r} must be (even|a whole number, 2 or more)"
        with pytest.raises(ValueError, match=message):
            sinusoidal(3, width)


class TestSinusoidal2D:
    def test_half_of_a_place_is_its_row_and_half_its_column(self):
        encoding = sinusoidal_2d(3, 5, 8)
        assert encoding.shape == (3, 5, 8)
        for row in range(3):
            for column in range(5):
                # Four numbers: two hands, turning once per 2 pi and per 200 pi.
                expected = [
                    f(place / speed)
                    for place in (row, column)
                    for speed in (1, 100)
                    for f in (np.sin, np.cos)
                ]
                np.testing.assert_allclose(encoding[row, column], expected, atol=1e-12)

    def test_similarity_is_that_of_the_rows_and_that_of_the_columns_together(self):
        encoding = sinusoidal_2d(6, 7, 32)
        rows, columns = sinusoidal(6, 16), sinusoidal(7, 16)
        expected = (rows @ rows.T)[:, None, :, None] + (columns @ columns.T)[None, :, None, :]
        # Every encoding of 32 numbers has the length 4: sixteen times sine and cosine squared.
        np.testing.assert_allclose(positional.similarity(encoding), expected / 16, atol=1e-9)

    @pytest.mark.parametrize("width", [2, 6, 4.0, "8"])
    def test_refuses_a_width_that_cannot_be_halved_into_pairs(self, width):
        with pytest.raises(ValueError, match=f"width={width!r} must be a (multiple|whole)"):
            sinusoidal_2d(2, 2, width)
