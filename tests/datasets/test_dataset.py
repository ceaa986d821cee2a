"""A dataset of one's own arrays: its description, and what it refuses."""

import shutil

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import Dataset

pytestmark = pytest.mark.once


class TestDataset:
    def make(self, **changes):
        arrays = {
            "x_train": np.zeros((4, 8, 8, 3), "uint8"),
            "y_train": np.array([0, 1, 0, 1]),
            "x_val": np.zeros((2, 8, 8, 3), "uint8"),
            "y_val": np.array([0, 1]),
        }
        rest = {"class_names": ("a", "b"), "mean": (0.5,) * 3, "std": (0.2,) * 3}
        return Dataset("mine", **(arrays | rest | changes))

    def test_is_described_in_a_line(self):
        assert repr(self.make()) == "Dataset(mine: 4 train and 2 val images, 8x8x3, 2 classes)"

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            (
                {"x_train": np.zeros((4, 8, 8, 2), "uint8")},
                "1 or 3.*not uint8 of shape .4, 8, 8, 2",
            ),
            ({"x_val": np.zeros((2, 8, 8, 3))}, "mine, val: images must be uint8.*float64"),
            ({"y_train": np.array([0, 1, 2, 1])}, "labels run from 0 to 2, but the 2 class names"),
            ({"y_train": np.array([0, 1, -1, 1])}, "labels run from -1 to 1"),
            ({"y_val": np.array([0])}, "2 images need as many integer labels"),
            ({"y_val": np.array([0.0, 1.0])}, "not float64"),
            ({"mean": (0.5,)}, "mean=.0.5,. must be 3 values, one per channel"),
            ({"mean": 0.5}, "mean=0.5 must be 3 values"),
            ({"mean": (0.5, np.nan, 0.5)}, "mean=nan must be a finite number"),
            ({"std": (0.2, 0.0, 0.2)}, "std=0.0 must be a finite number, above 0"),
            ({"std": (0.2, np.inf, 0.2)}, "std=inf must be a finite number, above 0"),
            ({"x_train": [[0]]}, "mine, train: images and labels must be numpy arrays, not list"),
            ({"y_val": [0, 1]}, "mine, val: images and labels must be .* not ndarray and list"),
            ({"x_val": np.zeros((2, 9, 9, 3), "uint8")}, "must be of one size"),
            (
                {"x_val": np.zeros((0, 8, 8, 3), "uint8"), "y_val": np.zeros(0, int)},
                "val: there is not one image",
            ),
        ],
    )
    def test_refuses_what_no_model_could_train_on(self, changes, message):
        with pytest.raises(ValueError, match=message):
            self.make(**changes)

    def test_an_unknown_split_is_refused(self):
        with pytest.raises(ValueError, match="no split named 'test'; there are train and val"):
            self.make().batches("test", 2)


class TestHeldOut:
    def test_validates_on_training_images_that_are_then_not_trained_on(self):
        data = datasets.load("digits")
        held = data.held_out(100)
        assert len(held.x_train) == len(data.x_train) - 100 and len(held.x_val) == 100
        assert np.bincount(held.y_val).tolist() == [10] * 10
        together = np.concatenate([held.x_train, held.x_val])
        order = np.lexsort(together.reshape(len(together), -1).T)
        expected = data.x_train[np.lexsort(data.x_train.reshape(len(data.x_train), -1).T)]
        np.testing.assert_array_equal(together[order], expected)

    def test_is_the_same_for_a_seed_and_differs_between_seeds(self):
        data = datasets.load("digits")
        first, again, other = (data.held_out(50, seed=seed) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first.x_val, again.x_val)
        assert not np.array_equal(first.x_val, other.x_val)

    @pytest.mark.parametrize("count", [0, 1437, 2.5, "10"])
    def test_a_number_that_leaves_nothing_is_refused(self, count):
        with pytest.raises(ValueError, match=f"count={count!r} must be a whole number"):
            datasets.load("digits").held_out(count)


def all_images(data):
    """Every image with its label as bytes, sorted: what splitting must not change."""
    pairs = [data.split(split) for split in ("train", "val")]
    return sorted(
        image.tobytes() + bytes([label])
        for images, labels in pairs
        for image, label in zip(np.asarray(images), labels.tolist(), strict=True)
    )


@pytest.mark.once
class TestResplit:
    def test_divides_all_images_by_class(self):
        data = datasets.load("digits")
        again = data.resplit(0.3, seed=1)
        assert all_images(again) == all_images(data)
        totals = np.bincount(np.concatenate([data.y_train, data.y_val]))
        assert np.bincount(again.y_val).tolist() == [round(0.3 * total) for total in totals]
        assert not np.array_equal(data.resplit(0.3, seed=2).x_val, again.x_val)
        np.testing.assert_array_equal(data.resplit(0.3, seed=1).x_val, again.x_val)

    def test_images_that_stay_in_their_files_are_divided_alike(self, folder):
        in_memory, in_files = (datasets.load(folder, in_memory=held) for held in (True, False))
        expected, found = in_memory.resplit(0.4), in_files.resplit(0.4)
        np.testing.assert_array_equal(found.x_val[:], expected.x_val)
        np.testing.assert_array_equal(np.asarray(found.x_train), expected.x_train)
        assert found.y_train.tolist() == expected.y_train.tolist()

    def test_a_class_keeps_images_on_both_sides(self, folder):
        for share in (0.01, 0.99):
            data = datasets.load(folder).resplit(share)
            assert all(np.bincount(y, minlength=2).min() >= 1 for y in (data.y_train, data.y_val))

    @pytest.mark.parametrize("share", [0, 1, -0.1, "half"])
    def test_a_share_that_leaves_nothing_is_refused(self, share):
        with pytest.raises(ValueError, match=f"val_share={share!r} must be"):
            datasets.load("digits").resplit(share)

    def test_a_class_of_one_image_is_refused(self):
        labels = np.array([0, 0, 1])
        data = Dataset(
            "odd", np.zeros((3, 2, 2, 1), "uint8"), labels, np.zeros((1, 2, 2, 1), "uint8"),
            labels[:1], ("cat", "dog"), (0.5,), (0.5,),
        )  # fmt: skip
        with pytest.raises(ValueError, match="the class 'dog' has one image only"):
            data.resplit(0.5)


@pytest.mark.once
@pytest.mark.parametrize("in_memory", [True, False])
def test_pictures_that_occur_twice_are_found_with_their_places(folder, in_memory):
    shutil.copy(folder / "train" / "cat" / "3.png", folder / "val" / "dog" / "9.png")
    shutil.copy(folder / "train" / "cat" / "3.png", folder / "train" / "dog" / "0.png")
    data = datasets.load(folder, in_memory=in_memory)
    assert data.duplicates() == [[("train", 3), ("train", 6), ("val", 5)]]
    assert [data.class_names[data.split(s)[1][row]] for s, row in data.duplicates()[0]] == [
        "cat", "dog", "dog"
    ]  # fmt: skip
