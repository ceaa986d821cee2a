"""A digit in an image plus a number."""

import dataclasses
import subprocess
import sys

import keras
import numpy as np
import pytest

import zoo
from zoo.datasets.mnist_sum import SumBatches, bits, inputs, one_hot
from zoo.models.mnist_sum import all_bits

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def digits():
    return zoo.datasets.load("digits", image_shape=(28, 28, 1), limit=50)


class TestBatches:
    def test_the_sum_is_that_of_the_digit_and_the_number(self, digits):
        for x, y in (SumBatches(digits, "train", 20)[i] for i in range(3)):
            np.testing.assert_array_equal(x["number"].argmax(axis=1) + y["digit"], y["sum"])
            np.testing.assert_array_equal(x["number"].sum(axis=1), 1)

    def test_images_get_other_numbers_in_the_next_epoch_and_the_same_ones_again(self, digits):
        def numbers(epoch):
            batches = SumBatches(digits, "train", 50, seed=3)
            batches.epoch = epoch
            added = np.empty(50, int)
            added[batches.order(epoch)] = batches[0][0]["number"].argmax(axis=1)
            return added

        assert (numbers(0) != numbers(1)).mean() > 0.5
        np.testing.assert_array_equal(numbers(1), numbers(1))

    def test_validation_keeps_its_numbers(self, digits):
        batches = SumBatches(digits, "val", 50)
        first = batches[0][0]["number"]
        batches.epoch = 4
        np.testing.assert_array_equal(batches[0][0]["number"], first)

    def test_every_number_is_added(self, digits):
        batches = SumBatches(digits, "train", 500)
        assert set(batches.numbers(0, 0, 500)) == set(range(10))

    def test_bits_are_the_binary_sum(self, digits):
        _, y = SumBatches(digits, "train", 20, binary=True)[0]
        assert y["sum"].shape == (20, 5)
        for total in range(19):
            assert "".join(str(int(bit)) for bit in bits([total])[0][::-1]) == f"{total:05b}"

    def test_a_padded_last_batch_leaves_the_losses_as_they_are(self, digits):
        net = zoo.get("mnist_sum")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        accuracy = {"digit": ["accuracy"], "sum": ["accuracy"]}
        net.compile(loss={"digit": loss, "sum": loss}, weighted_metrics=accuracy)
        kept, padded = (
            net.evaluate(SumBatches(digits, "val", 20, last=last), return_dict=True, verbose=0)
            for last in ("keep", "pad")
        )
        # On tensorflow Keras 3.15.1 averages the loss of an output over batches of any size.
        assert padded["digit_loss"] + padded["sum_loss"] == pytest.approx(padded["loss"], rel=1e-4)
        for metric in ("loss", "digit_accuracy", "sum_accuracy"):
            assert padded[metric] == pytest.approx(kept[metric], rel=1e-4)

    def test_sums_have_no_class_weight_and_cannot_be_mixed(self, digits):
        net = zoo.get("mnist_sum")
        net.compile(loss={"digit": "mse", "sum": "mse"})
        with pytest.raises(ValueError, match="class_weight is for one array of labels, not for se"):
            net.fit(SumBatches(digits, "train", 20), class_weight={0: 1}, verbose=0)
        with pytest.raises(ValueError, match="cannot be mixed: leave out MixUp"):
            SumBatches(digits, "train", 20, [zoo.datasets.transforms.mixup()])

    @pytest.mark.parametrize("names", ["abcdefghijkl", "abcdefghij", "1234567890"])
    def test_a_dataset_whose_classes_are_not_the_digits_is_refused(self, names, digits):
        letters = dataclasses.replace(digits, class_names=tuple(names))
        with pytest.raises(ValueError, match=f"classes {', '.join(names[:3])}, .*the digits"):
            SumBatches(letters, "train", 20)


class TestBinary:
    def test_all_five_bits_must_be_right(self):
        true = bits([5, 5, 18])
        logits = 2 * true - 1.0
        logits[1, 4] = 0.1  # 21 in place of 5
        right = keras.ops.convert_to_numpy(all_bits(true, keras.ops.convert_to_tensor(logits)))
        assert right.tolist() == [1, 0, 1]

    def test_a_trained_net_opens_in_another_process(self, digits, tmp_path):
        net = zoo.get("mnist_sum", binary=True)
        exact = keras.metrics.MeanMetricWrapper(all_bits, name="accuracy")
        losses = {"digit": "sparse_categorical_crossentropy", "sum": "mse"}
        net.compile("sgd", losses, metrics={"sum": [exact]})
        net.train_on_batch(*SumBatches(digits, "train", 20, binary=True)[0])
        net.save(tmp_path / "model.keras")
        code = "import zoo, sys, keras; print(keras.models.load_model(sys.argv[1]).output)"
        command = [sys.executable, "-c", code, str(tmp_path / "model.keras")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert "(None, 5)" in done.stdout, done.stderr


class TestInputs:
    def test_are_what_the_model_takes(self, digits):
        asked = inputs(digits, digits.x_val[:2], [9, 0])
        assert zoo.get("mnist_sum").predict(asked, verbose=0)["sum"].shape == (2, 19)

    @pytest.mark.parametrize("number", [-1, 10])
    def test_a_number_that_is_no_digit_is_refused(self, digits, number):
        with pytest.raises(ValueError, match=f"numbers must be from 0 to 9, not {number}"):
            inputs(digits, digits.x_val[:2], [3, number])

    @pytest.mark.parametrize("numbers", [[1.5], ["3"], [[1]], 3, None])
    def test_numbers_that_are_no_integers_are_refused(self, numbers):
        with pytest.raises(ValueError, match="numbers must be (integers|numbers)"):
            one_hot(numbers)
        with pytest.raises(ValueError, match="sums must be (integers|numbers)"):
            bits(numbers)

    @pytest.mark.parametrize("total", [-1, 19])
    def test_sums_that_two_digits_cannot_have_are_refused(self, total):
        with pytest.raises(ValueError, match=f"sums must be from 0 to 18, not {total}"):
            bits([3, total])

    def test_what_is_no_dataset_or_flag_is_refused(self, digits):
        for make in (lambda: SumBatches("mnist", "val", 1), lambda: inputs("mnist", [], [])):
            with pytest.raises(ValueError, match="data must be a zoo.datasets.Dataset, not a str"):
                make()
        with pytest.raises(ValueError, match="binary='yes' must be True or False"):
            SumBatches(digits, "val", 1, binary="yes")

    def test_images_of_another_size_or_range_are_refused(self, digits):
        with pytest.raises(ValueError, match=r"must be \(n, 28, 28, 1\), not \(2, 32, 32, 1\)"):
            inputs(digits, np.zeros((2, 32, 32, 1), "uint8"), [1, 2])
        with pytest.raises(ValueError, match="must be uint8, pixels 0 to 255.* not float32"):
            inputs(digits, np.zeros((2, 28, 28, 1), "float32"), [1, 2])

    def test_as_many_numbers_as_images_are_needed(self, digits):
        with pytest.raises(ValueError, match="2 images need as many numbers, not 1"):
            inputs(digits, digits.x_val[:2], 1)
