"""A digit seen plus a digit told."""

import numpy as np
import pytest

import zoo
from zoo.datasets.mnist_sum import SumBatches, bits, inputs, one_hot

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def digits():
    return zoo.datasets.load("digits", image_shape=(28, 28, 1), limit=50)


class TestBatches:
    def test_the_sum_is_that_of_the_digit_and_the_number(self, digits):
        for x, y in (SumBatches(digits, "train", 20)[i] for i in range(3)):
            np.testing.assert_array_equal(x["number"].argmax(axis=1) + y["digit"], y["sum"])
            np.testing.assert_array_equal(x["number"].sum(axis=1), 1)

    def test_images_meet_other_numbers_in_the_next_epoch_and_the_same_ones_again(self, digits):
        def numbers(epoch):
            batches = SumBatches(digits, "train", 50, seed=3)
            batches.epoch = epoch
            told = np.empty(50, int)
            told[batches.order(epoch)] = batches[0][0]["number"].argmax(axis=1)
            return told

        assert (numbers(0) != numbers(1)).mean() > 0.5
        np.testing.assert_array_equal(numbers(1), numbers(1))

    def test_validation_keeps_its_numbers(self, digits):
        batches = SumBatches(digits, "val", 50)
        first = batches[0][0]["number"]
        batches.epoch = 4
        np.testing.assert_array_equal(batches[0][0]["number"], first)

    def test_every_number_is_told(self, digits):
        batches = SumBatches(digits, "train", 500)
        assert set(batches.numbers(0, 0, 500)) == set(range(10))

    def test_bits_are_the_binary_sum(self, digits):
        _, y = SumBatches(digits, "train", 20, binary=True)[0]
        assert y["sum"].shape == (20, 5)
        for total in range(19):
            assert "".join(str(int(bit)) for bit in bits([total])[0][::-1]) == f"{total:05b}"


class TestInputs:
    def test_are_what_the_model_takes(self, digits):
        asked = inputs(digits, digits.x_val[:2], [9, 0])
        assert zoo.get("mnist_sum").predict(asked, verbose=0)["sum"].shape == (2, 19)

    @pytest.mark.parametrize("number", [-1, 10])
    def test_a_number_that_is_no_digit_is_refused(self, digits, number):
        with pytest.raises(ValueError, match=f"a digit from 0 to 9, not {number}"):
            inputs(digits, digits.x_val[:2], [3, number])

    def test_numbers_that_are_no_integers_are_refused(self):
        with pytest.raises(ValueError, match="must be integers"):
            one_hot([1.5])

    def test_images_of_another_size_or_range_are_refused(self, digits):
        for images in (np.zeros((2, 32, 32, 1), "uint8"), np.zeros((2, 28, 28, 1), "float32")):
            with pytest.raises(ValueError, match="images must be uint8.*28, 28, 1"):
                inputs(digits, images, [1, 2])

    def test_as_many_numbers_as_images_are_needed(self, digits):
        with pytest.raises(ValueError, match="2 images need as many numbers, not 1"):
            inputs(digits, digits.x_val[:2], [1])
