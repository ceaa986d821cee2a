"""Text: where it comes from, how it is divided, windows of its tokens."""

import hashlib
import zipfile

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import TextDataset
from zoo.datasets.token_windows import TokenWindows
from zoo.language import CharacterTokenizer

pytestmark = pytest.mark.once


def windows(count=101, **options):
    return TokenWindows(np.arange(count), 2, **{"length": 10} | options)


def passed(batches):
    """(inputs, targets) of the next pass, (rows, length) each."""
    pairs = list(batches)
    return [np.concatenate([pair[i] for pair in pairs]) for i in range(2)]


class TestWindows:
    def test_the_target_of_each_token_is_the_next(self):
        for options in ({}, {"shuffle": False}, {"windows": 7}):
            x, y = passed(windows(**options))
            assert x.dtype == y.dtype == np.int32
            np.testing.assert_array_equal(y, x + 1)  # the tokens are 0, 1, 2, ...

    def test_validation_covers_the_text_and_is_the_same_on_each_pass(self):
        batches = windows(101, shuffle=False)
        for _ in range(2):
            x, y = passed(batches)
            assert x.ravel().tolist() == [*range(100)] and y[-1, -1] == 100

    def test_what_fills_no_window_is_left_out_of_validation(self):
        assert passed(windows(110, shuffle=False))[0].ravel().tolist() == [*range(100)]

    def test_training_windows_follow_each_other_from_another_start_in_each_epoch(self):
        batches, starts = windows(205), set()
        for _ in range(20):
            x = passed(batches)[0]
            first = np.sort(x[:, 0])
            assert len(x) == 19 and set(np.diff(first)) == {10}
            starts.add(int(first[0]))
        assert starts <= set(range(10)) and len(starts) > 5

    def test_one_window_is_enough(self):
        x, y = passed(windows(11))
        assert x.tolist() == [[*range(10)]] and y[0, -1] == 10

    def test_random_windows_are_as_many_as_asked_for_and_reach_both_ends(self):
        batches = windows(12, windows=30)
        assert len(batches) == 15
        assert set(passed(batches)[0][:, 0]) == {0, 1}  # the last token is a target

    @pytest.mark.parametrize("options", [{}, {"windows": 9}], ids=str)
    def test_are_a_function_of_seed_epoch_and_index(self, options):
        first, again, other = (windows(301, seed=s, **options) for s in (0, 0, 1))
        for _ in range(3):
            np.testing.assert_array_equal(passed(first), passed(again))
        again.epoch = 1
        resumed = passed(again)
        assert not np.array_equal(resumed, passed(other))
        first.epoch = 1
        np.testing.assert_array_equal(first[2][0], resumed[0][4:6])

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"length": 101}, "the text has 101 tokens, too few for a window of 101 and its next"),
            ({"length": 0}, "length=0 must be a whole number, 1 or more"),
            ({"windows": 0}, "windows=0 must be a whole number, 1 or more"),
            ({"windows": 5, "shuffle": False}, "windows draws random windows"),
        ],
        ids=str,
    )
    def test_refuse_what_makes_no_window(self, options, message):
        with pytest.raises(ValueError, match=message):
            windows(**options)

    def test_refuse_tokens_that_are_none(self):
        for tokens in (np.zeros((4, 4), int), np.zeros(40)):
            with pytest.raises(ValueError, match=r"tokens must be integers of shape \(n,\), not"):
                TokenWindows(tokens, 2, length=3)


class TestDataset:
    data = TextDataset("mine", ("one two", "three"), ("four", "five"))

    def test_is_described_in_a_line(self):
        assert repr(self.data) == "TextDataset(mine: 12 train and 8 val characters)"

    def test_makes_windows_of_what_the_tokenizer_makes_of_its_text(self):
        tokenizer = CharacterTokenizer.train(map(self.data.text, ("train", "val")))
        x, y = passed(self.data.batches("val", 2, length=3, tokenizer=tokenizer))
        assert [tokenizer.decode(row) for row in x] == ["fou", "r\nf"]
        assert [tokenizer.decode(row) for row in y] == ["our", "\nfi"]

    def test_limited_keeps_the_beginning_of_both(self):
        limited = self.data.limited(9)
        assert limited.train == ("one two", "th") and limited.val == ("four", "five")
        assert self.data.limited(5).val == ("four", "f")
        with pytest.raises(ValueError, match="limit=13 must be a whole number from 1 to 12"):
            self.data.limited(13)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"split": "test"}, "split='test' must be one of train, val"),
            ({"tokenizer": len}, "tokenizer=.* must have a method encode"),
            ({"length": 40}, "mine, train has 13 tokens, too few for a window of 40"),
            ({"split": "val", "windows": 3}, "windows is for train"),
        ],
        ids=str,
    )
    def test_refuses_what_makes_no_batches(self, change, message):
        tokenizer = CharacterTokenizer.train([self.data.text("train")])
        options = {"split": "train", "length": 3, "tokenizer": tokenizer} | change
        with pytest.raises(ValueError, match=message):
            self.data.batches(batch_size=2, **options)

    def test_refuses_documents_without_text(self):
        for documents in ((), ("",), (" \n",), (b"bytes",)):
            with pytest.raises(ValueError, match="mine, val: there must be text"):
                TextDataset("mine", ("text",), documents)


class TestFiles:
    def test_the_first_nine_tenths_of_a_file_are_trained_on(self, nowhere):
        (nowhere / "book.txt").write_bytes(b"\xef\xbb\xbf" + b"0123456789\r\nabcdefgh")
        data = datasets.load(nowhere / "book.txt")
        assert (data.name, data.train, data.val) == ("book", ("0123456789\nabcdef",), ("gh",))

    def test_files_of_a_folder_are_documents_of_which_one_may_be_halved(self, nowhere, zipped):
        (nowhere / "books" / "more").mkdir(parents=True)
        (nowhere / "books" / "a.txt").write_text("a" * 8)
        (nowhere / "books" / "more" / "b.md").write_text("b" * 8)
        (nowhere / "books" / "c.bin").write_bytes(b"\0")
        for path in (nowhere / "books", zipped(nowhere / "books")):
            data = datasets.load(path)
            assert data.train == ("a" * 8, "b" * 6) and data.val == ("bb",)

    @pytest.mark.parametrize(
        "files",
        [
            ("train/a.txt", "train/b.txt", "val/c.txt", "test/d.txt"),
            ("wiki.train.tokens", "train-2.txt", "wiki.valid.tokens", "wiki.test.tokens"),
        ],
    )
    def test_splits_are_those_of_the_names(self, nowhere, files):
        for file, content in zip(files, "abcd", strict=True):
            path = nowhere / "texts" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        data = datasets.load(nowhere / "texts")
        assert sorted(data.train) == ["a", "b"] and data.val == ("c",)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "bad.txt is empty; name a file that holds text"),
            (b" \n", "bad.txt is empty"),
            (b"abc\xff", "bad.txt is no UTF-8 text .byte 0xff at 3.; name a text file"),
            (b"abc\0def", "bad.txt is no text: it holds zero bytes"),
            (b"a", "bad has 1 characters; that is no text to train on"),
        ],
    )
    def test_a_file_that_is_no_text_is_refused(self, nowhere, content, message):
        (nowhere / "bad.txt").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            datasets.load(nowhere / "bad.txt")

    def test_one_of_a_folder_is_named(self, nowhere):
        (nowhere / "texts").mkdir()
        (nowhere / "texts" / "good.txt").write_text("good")
        (nowhere / "texts" / "bad.txt").write_bytes(b"\x80")
        with pytest.raises(ValueError, match="texts/bad.txt is no UTF-8 text"):
            datasets.load(nowhere / "texts")

    def test_text_has_no_image_shape(self):
        with pytest.raises(ValueError, match="python_help is text; image_shape"):
            datasets.load("python_help", image_shape=(32, 32, 3))

    def test_wikitext_is_divided_at_headings_of_the_first_level(self, nowhere):
        text = " \n = One = \n \n Text . \n = 8 = \n \n = = Part = = \n \n More . \n"
        with zipfile.ZipFile(nowhere / "wikitext2.zip", "w") as archive:
            archive.writestr("wiki.train.tokens", text + " \n = Two = \n \n Text . \n")
            archive.writestr("wiki.valid.tokens", text)
        data = datasets.load("wikitext2", data_dir=nowhere)
        assert data.name == "wikitext2" and len(data.val) == 1
        assert data.train[1] == " = Two = \n \n Text . \n"

    def test_missing_text_names_the_one_that_is_embedded(self, nowhere, monkeypatch):
        monkeypatch.setattr("zoo.datasets.text_files.SHAKESPEARE_URL", "http://127.0.0.1:9/s.txt")
        with pytest.raises(FileNotFoundError, match="--dataset=python_help"):
            datasets.load("shakespeare")
        with pytest.raises(FileNotFoundError, match="wikitext2.zip or .*WikiText-2"):
            datasets.load("wikitext2")


def test_what_must_be_text_is_refused_if_it_is_none():
    assert datasets.load_text("python_help", limit=2000).train[0] in datasets.load(
        "python_help"
    ).text("train")
    with pytest.raises(ValueError, match="digits is no text; give a text file, .* shakespeare"):
        datasets.load_text("digits")


class TestPythonHelp:
    def test_trains_on_no_paragraph_that_it_validates_on(self):
        data = datasets.load("python_help")
        train, val = ({p for d in part for p in d.split("\n\n")} for part in (data.train, data.val))
        assert not train & val and len(data.val) >= 5
        assert len(data.text("train")) > 200_000 and len(data.text("val")) > 10_000


class TestRealFiles:
    def test_shakespeare_is_divided_as_in_nanogpt(self, real_data):
        data = datasets.load("shakespeare", data_dir=real_data)
        assert len(data.text("train")) == 1_003_854 and len(data.text("val")) == 111_540
        whole = (data.text("train") + data.text("val")).encode()
        assert hashlib.sha256(whole).hexdigest().startswith("86c4e6aa9db7c042")
        assert CharacterTokenizer.train([whole.decode()]).vocabulary_size == 65

    def test_wikitext2_has_sixty_articles_each(self, real_data):
        data = datasets.load("wikitext2", data_dir=real_data)
        assert len(data.train) == len(data.val) == 60  # of the published test and validation part
        assert len(data.text("val").split()) == 213_886
