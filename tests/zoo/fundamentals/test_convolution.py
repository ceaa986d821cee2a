import cv2
import keras
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from zoo.fundamentals.convolution import (
    HORIZONTAL,
    VERTICAL,
    convolve,
    equalize,
    normalize,
    paths,
    separate,
)

# Dumoulin and Visin (2016), figure 1.1
INPUT = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
OUTPUT = [[12, 12, 17], [10, 17, 19], [9, 6, 14]]


@pytest.fixture
def gray():
    return cv2.cvtColor(load_sample_image("china.jpg"), cv2.COLOR_RGB2GRAY)


class TestConvolve:
    def test_gives_the_worked_example(self):
        assert convolve(INPUT, HORIZONTAL).tolist() == OUTPUT
        assert convolve(INPUT, HORIZONTAL, stride=2).tolist() == [[12, 17], [9, 14]]

    def test_answers_to_a_line_of_the_kernels_direction_alone(self):
        line = np.zeros((5, 5), int)
        line[:, 2] = 1
        assert convolve(line, VERTICAL).tolist() == [[-3, 6, -3]] * 3
        assert not convolve(line, VERTICAL.T).any()

    def test_does_not_turn_the_kernel(self):
        dot = np.zeros((3, 3), int)
        dot[0, 2] = 1
        assert convolve(dot, HORIZONTAL).item() == 2  # turned it would be 0

    def test_does_not_run_over_in_uint8(self):
        white = np.full((3, 3), 255, "uint8")
        assert convolve(white, HORIZONTAL.astype("uint8")).item() == 2550

    @pytest.mark.parametrize("padding", ["valid", "same"])
    @pytest.mark.parametrize("stride, dilation", [(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)])
    @pytest.mark.parametrize("kernel", [(3, 3), (2, 4), (1, 1)])
    def test_equals_keras(self, kernel, stride, dilation, padding):
        rng = np.random.default_rng(0)
        image = rng.normal(size=(11, 14, 3)).astype("float32")
        kernels = rng.normal(size=(*kernel, 3, 5)).astype("float32")
        expected = keras.ops.conv(
            image[None], kernels, stride, padding, "channels_last", dilation_rate=dilation
        )
        np.testing.assert_allclose(
            convolve(image, kernels, stride, dilation, padding),
            keras.ops.convert_to_numpy(expected)[0],
            atol=1e-5,
        )


@pytest.mark.once
class TestPaths:
    @pytest.mark.parametrize("dilations", [(1, 1, 1), (1, 2, 4), (2, 2, 2), (3, 1)])
    def test_counts_what_kernels_of_ones_make_of_a_dot(self, dilations):
        counts = paths(dilations)
        dot = np.zeros(counts.shape, int)
        dot[len(dot) // 2, len(dot) // 2] = 1
        for dilation in dilations:
            dot = convolve(dot, np.ones((3, 3), int), dilation=dilation, padding="same")
        assert (counts == dot).all()

    @pytest.mark.parametrize(
        "dilations, field, reached", [((1, 1, 1), 7, 49), ((1, 2, 4), 15, 225), ((2, 2, 2), 13, 49)]
    )
    def test_equal_dilations_leave_holes_doubled_ones_none(self, dilations, field, reached):
        counts = paths(dilations)
        assert counts.shape == (field, field) and (counts > 0).sum() == reached
        assert counts.sum() == 9 ** len(dilations)


@pytest.mark.once
class TestSeparate:
    def test_takes_sobel_apart(self):
        column, row, missed = separate([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        np.testing.assert_allclose(column, [0.5, 1, 0.5])
        np.testing.assert_allclose(row, [-2, 0, 2], atol=1e-12)
        assert missed == pytest.approx(0)

    def test_the_two_one_after_the_other_do_what_the_kernel_does(self, gray):
        column, row, missed = separate(VERTICAL)
        gray = gray.astype("float64")
        twice = convolve(convolve(gray, column[:, None]), row[None])
        np.testing.assert_allclose(twice, convolve(gray, VERTICAL), atol=1e-9)
        assert missed == pytest.approx(0)

    def test_a_diagonal_is_missed_by_two_thirds(self):
        column, row, missed = separate(np.eye(3))
        assert missed == pytest.approx(2 / 3)
        assert np.square(np.eye(3) - np.outer(column, row)).sum() == pytest.approx(2)


@pytest.mark.once
class TestNormalize:
    def test_spreads_from_0_to_1_in_proportion(self):
        assert normalize([[50, 60], [75, 100]]).tolist() == [[0, 0.2], [0.5, 1]]

    def test_leaves_one_intensity_at_0(self):
        assert normalize(np.full((2, 2), 7)).tolist() == [[0, 0], [0, 0]]

    def test_equals_opencv(self, gray):
        expected = cv2.normalize(gray.astype("float64"), None, 0, 1, cv2.NORM_MINMAX)
        np.testing.assert_allclose(normalize(gray), expected, atol=1e-12)


@pytest.mark.once
class TestEqualize:
    def test_gives_the_shares_counted_by_hand(self):
        # of the 5 pixels not darkest 2, then 4, then 5 lie up to each intensity
        channel = np.array([[10, 11, 11], [12, 12, 90]], "uint8")
        assert equalize(channel).tolist() == [[0, 102, 102], [204, 204, 255]]

    @pytest.mark.parametrize("darken", [1, 3, 60])
    def test_equals_opencv_within_rounding(self, gray, darken):
        channel = gray // darken + 20 // darken
        difference = equalize(channel).astype(int) - cv2.equalizeHist(channel)
        assert abs(difference).max() <= 1

    def test_leaves_one_intensity_as_it_is(self):
        channel = np.full((3, 3), 9, "uint8")
        assert (equalize(channel) == channel).all()


@pytest.mark.once
class TestBadInput:
    @pytest.mark.parametrize("depth", [2, 4])
    def test_a_kernel_of_another_depth_is_named(self, depth):
        with pytest.raises(ValueError, match=f"are {depth} deep, the image .* 3"):
            convolve(np.ones((8, 8, 3)), np.ones((3, 3, depth, 2)))

    @pytest.mark.parametrize("image, kernel", [((2, 9), 3), ((9, 2), 3), ((9, 4), 5)])
    def test_a_kernel_larger_than_the_image_is_named(self, image, kernel):
        with pytest.raises(ValueError, match=f"{min(image)}.*take a smaller"):
            convolve(np.ones(image), np.ones((kernel, kernel)))

    @pytest.mark.parametrize(
        "image, kernels",
        [((9,), (3,)), ((9, 9), (3, 3, 1, 1)), ((9, 9, 1), (3, 3)), ((1, 9, 9, 1), (3, 3, 1, 1))],
    )
    def test_wrong_ranks_are_named(self, image, kernels):
        with pytest.raises(ValueError, match="do not fit together"):
            convolve(np.ones(image), np.ones(kernels))

    @pytest.mark.parametrize(
        "setting",
        [
            {"stride": 0},
            {"stride": -1},
            {"stride": 1.5},
            {"dilation": 0},
            {"dilation": "2"},
            {"padding": "full"},
            {"padding": None},
        ],
    )
    def test_a_wrong_setting_is_named(self, setting):
        ((name, value),) = setting.items()
        with pytest.raises(ValueError, match=f"{name}={value!r} must be"):
            convolve(INPUT, HORIZONTAL, **setting)

    @pytest.mark.parametrize("image", [None, "image", [[1, 2], [3]]])
    @pytest.mark.parametrize(
        "function",
        [
            lambda x: convolve(x, HORIZONTAL),
            lambda x: convolve(INPUT, x),
            separate,
            normalize,
            equalize,
        ],
    )
    def test_what_is_no_array_of_numbers_is_named(self, function, image):
        with pytest.raises(ValueError, match="must be numbers, not|must be one array"):
            function(image)

    def test_equalize_counts_uint8_only(self):
        with pytest.raises(ValueError, match="float64"):
            equalize(np.ones((2, 2)))

    @pytest.mark.parametrize("level", [normalize, equalize])
    @pytest.mark.parametrize("shape", [(0, 3), (4, 4, 3)])
    def test_no_pixels_are_no_channel_nor_are_three_channels(self, level, shape):
        with pytest.raises(ValueError, match=rf"of shape \({shape[0]}, .*must be \(H, W\)"):
            level(np.ones(shape, "uint8"))

    @pytest.mark.parametrize("stray", [np.nan, np.inf])
    def test_what_is_no_number_cannot_be_stretched(self, stray):
        with pytest.raises(ValueError, match="NaN or an infinity"):
            normalize([[0, 1], [stray, 2]])

    def test_a_dilation_of_0_leads_nowhere(self):
        with pytest.raises(ValueError, match="dilations=0 must be a whole number, 1 or more"):
            paths((1, 0))
        with pytest.raises(ValueError, match="dilations=1.5 must be a whole number"):
            paths((1, 1.5))
        with pytest.raises(ValueError, match="kernel=0 must be a whole number"):
            paths((1, 1), kernel=0)

    def test_ways_that_are_too_many_to_count_are_refused(self):
        assert paths(19 * [1]).sum() == 9**19
        with pytest.raises(ValueError, match="20 kernels of 3 are too many"):
            paths(20 * [1])

    @pytest.mark.parametrize("kernel", [np.zeros((3, 3)), np.ones(3)])
    def test_nothing_cannot_be_separated(self, kernel):
        with pytest.raises(ValueError, match=r"\(3.* matrix of finite numbers that is not all 0"):
            separate(kernel)
