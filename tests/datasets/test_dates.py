"""Dates in many written forms, their ids and their batches."""

import datetime
import re

import numpy as np
import pytest
from dateutil import parser

from zoo import datasets
from zoo.datasets import dates
from zoo.datasets.dates import END, FORMS, START, decode, encode, encode_targets, written

pytestmark = pytest.mark.once
CENTURY = [dates.FIRST + datetime.timedelta(i) for i in range(0, 36_525, 11)]


@pytest.fixture(scope="module")
def data():
    return datasets.load("dates")


class TestForms:
    @pytest.mark.parametrize("form", [form for form in FORMS if "{word}" not in form])
    def test_dateutil_reads_the_same_date(self, form):
        pivot = parser.parserinfo()
        pivot._century, pivot._year = 2000, 2000  # two digits mean 1950 to 2049
        day_first = "." in form and "{m" in form
        for date in CENTURY:
            text = re.sub("'|the |of ", "", written(date, form))
            assert parser.parser(pivot).parse(text, dayfirst=day_first).date() == date, text

    def test_words_are_the_ordinal_numbers(self):
        first, *_ = (form for form in FORMS if "{word}" in form)
        texts = [written(datetime.date(2019, 5, day), first) for day in (1, 2, 12, 20, 21, 30, 31)]
        words = [text.split()[1] for text in texts]
        assert words == "first second twelfth twentieth twenty-first thirtieth thirty-first".split()

    def test_characters_and_the_longest_text_are_as_said(self):
        days = [datetime.date(2000, 1, 1) + datetime.timedelta(i) for i in range(7 * 366)]
        texts = [written(day, form) for day in days for form in FORMS]
        used = {*"0123456789-", *"".join(texts), *"".join(texts).lower()}
        assert "".join(sorted(used)) == dates.CHARACTERS
        assert max(map(len, texts)) == dates.SOURCE_LENGTH


class TestIds:
    def test_a_text_comes_back(self):
        texts = ["the 3rd of May 2019", "12/31/99"]
        ids = encode(texts)
        assert ids.shape == (2, dates.SOURCE_LENGTH) and ids.dtype == "int32"
        assert decode(ids) == texts

    def test_a_target_ends(self):
        ids = encode_targets([datetime.date(2019, 5, 3)])
        assert decode(ids) == ["2019-05-03"] and ids[0, -1] == END

    def test_what_stands_behind_the_end_is_not_read(self):
        (ids,) = encode(["1999"])
        assert decode([[*ids[:2], END, *ids[2:4]]]) == ["19"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "'' has 0 characters; a date has 1 to 37"),
            ("1" * 38, "has 38 characters; a date has 1 to 37"),
            ("3 März 2019", "no date is written with 'z', 'ä'; the characters are"),
        ],
    )
    def test_a_text_of_no_date_is_refused(self, text, message):
        with pytest.raises(ValueError, match=message):
            encode([text])


class TestDates:
    def test_none_to_validate_on_is_trained_on(self, data):
        assert len(data.train) == 33_525 and len(data.val) == 3000
        assert len({*data.train, *data.val}) == 36_525
        assert min(data.dates("train")) >= dates.FIRST and max(data.dates("train")) <= dates.LAST

    def test_the_texts_to_validate_on_are_those_of_the_dates(self, data):
        for date, text in zip(data.dates("val"), data.val_texts, strict=True):
            forms = {written(date, form) for form in FORMS}
            assert text in forms | {form.lower() for form in forms}

    def test_another_seed_sets_others_aside(self, data):
        other = datasets.load("dates", seed=1)
        assert {*other.val} != {*data.val}
        np.testing.assert_array_equal(datasets.load("dates").val, data.val)

    def test_a_limit_keeps_so_many(self):
        data = datasets.load("dates", limit=50)
        assert (len(data.train), len(data.val), len(data.val_texts)) == (50, 50, 50)
        with pytest.raises(ValueError, match="limit=40000 must be a whole number from 1 to 33525"):
            datasets.load("dates", limit=40_000)

    def test_images_and_other_splits_are_refused(self, data):
        with pytest.raises(ValueError, match="dates are text"):
            datasets.load("dates", image_shape=(8, 8, 3))
        with pytest.raises(ValueError, match="split='test' must be one of train, val"):
            data.batches("test", 8)


class TestBatches:
    def test_the_target_lags_behind_by_one(self, data):
        x, y = data.batches("val", 8)[0]
        assert x["source"].shape == (8, 37) and x["target"].shape == y.shape == (8, 11)
        np.testing.assert_array_equal(x["target"][:, 1:], y[:, :-1])
        assert (x["target"][:, 0] == START).all()
        assert decode(x["source"]) == list(data.val_texts[:8])
        assert decode(y) == [date.isoformat() for date in data.dates("val")[:8]]

    def test_each_epoch_writes_a_date_in_another_form(self, data):
        batches = data.batches("train", 1000, workers=0)
        texts = []
        for _ in range(2):
            x, y = next(iter(batches))
            texts += zip(decode(y), decode(x["source"]), strict=True)
        assert len({*texts}) > 1900

    def test_are_a_pure_function_of_seed_epoch_and_index(self, data):
        first, again, other = (data.batches("train", 8, seed=seed) for seed in (3, 3, 4))
        first.epoch = again.epoch = other.epoch = 5
        np.testing.assert_array_equal(first[2][0]["source"], again[2][0]["source"])
        assert (first[2][0]["source"] != other[2][0]["source"]).any()
