"""Texts with classes: from a folder, and the ones that are embedded."""

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import LabelledTexts, TextDataset

pytestmark = pytest.mark.once


@pytest.fixture
def write_texts(nowhere):
    """write_texts("reviews", "train/good/1.txt", ...): files whose text is their name."""

    def write(folder, *files):
        for file in files:
            path = nowhere / folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"this is {file}")
        return nowhere / folder

    return write


class TestFolder:
    def test_splits_and_classes_are_folders(self, write_texts, zipped):
        files = ("train/bad/1.txt", "train/good/2.txt", "train/good/3.md", "test/bad/4.txt")
        folder = write_texts("reviews", *files, "test/good/5.txt")
        for path in (folder, zipped(folder)):
            data = datasets.load(path)
            assert repr(data) == "LabelledTexts(reviews: 3 train and 2 val texts, 2 classes)"
            assert data.class_names == ("bad", "good") and data.y_train.tolist() == [0, 1, 1]
            assert data.split("val")[0] == ("this is test/bad/4.txt", "this is test/good/5.txt")

    def test_val_is_validated_on_where_there_is_a_test_set_too(self, write_texts):
        files = [f"{split}/{c}/1.txt" for split in ("train", "val", "test") for c in "ab"]
        assert datasets.load(write_texts("texts", *files)).val[0] == "this is val/a/1.txt"

    def test_without_splits_a_fifth_of_each_class_is_held_out_by_the_seed(self, write_texts):
        counts = {"spam": 10, "ham": 5}
        files = [f"all/{label}/{i}.txt" for label in counts for i in range(counts[label])]
        folder = write_texts("mail", *files)
        data, again, other = (datasets.load(folder, seed=seed) for seed in (0, 0, 1))
        assert np.bincount(data.y_train).tolist() == [4, 8]
        assert np.bincount(data.y_val).tolist() == [1, 2]
        assert len({*data.train, *data.val}) == 15
        assert data.val == again.val != other.val

    def test_files_beside_the_classes_make_it_text_without_labels(self, write_texts):
        data = datasets.load(write_texts("books", "a.txt", "more/b.txt", "most/c.txt"))
        assert type(data) is TextDataset

    def test_one_class_is_text_without_labels(self, write_texts):
        assert type(datasets.load(write_texts("books", "all/a.txt", "all/b.txt"))) is TextDataset

    def test_a_class_that_one_split_lacks_is_named(self, write_texts):
        folder = write_texts("texts", "train/a/1.txt", "train/b/1.txt", "val/a/2.txt")
        with pytest.raises(ValueError, match="texts: the class b has no text in val"):
            datasets.load(folder)

    def test_a_class_of_one_text_that_would_be_held_out(self, write_texts):
        folder = write_texts("texts", "a/1.txt", "a/2.txt", "b/1.txt")
        with pytest.raises(ValueError, match="each class needs two; 'b' has 1"):
            datasets.load(folder)


class TestLabelledTexts:
    def make(self, **changes):
        parts = {"train": ("one", "two", "six"), "val": ("ten", "nine")}
        parts |= {"y_train": np.array([0, 1, 1]), "y_val": np.array([1, 0])}
        return LabelledTexts("mine", class_names=("a", "b"), **parts | changes)

    def test_limited_keeps_the_classes_in_equal_shares(self):
        data = self.make().limited(2)
        assert sorted(data.y_train) == [0, 1] and len(data.val) == 2 and data.train[0] == "one"
        with pytest.raises(ValueError, match="limit=4 must be a whole number from 1 to 3"):
            self.make().limited(4)

    def test_without_labels_it_is_text(self):
        assert self.make().text("val") == "ten\nnine"

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"train": ()}, "mine, train: there must be text"),
            ({"y_val": np.array([0])}, "mine, val: labels must be 2 integers"),
            ({"y_val": np.array([0, 2])}, "mine, val: labels run from 0 to 2; the 2 classes"),
        ],
    )
    def test_refuses_what_cannot_be_trained_on(self, changes, message):
        with pytest.raises(ValueError, match=message):
            self.make(**changes)


def test_docstrings_are_of_six_packages_and_none_is_in_both_splits():
    import asyncio
    import inspect

    data = datasets.load("python_docstrings")
    assert data.num_classes == 6 and len(data.train) > 500 and np.bincount(data.y_val).min() >= 10
    assert not set(data.train) & set(data.val)
    texts = [text for text, y in zip(data.train + data.val, np.r_[data.y_train, data.y_val],
                                     strict=True) if data.class_names[y] == "asyncio"]  # fmt: skip
    assert inspect.getdoc(asyncio.Lock) in texts
