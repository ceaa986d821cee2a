"""Targets written one token after the other."""

import keras
import numpy as np
import pytest

import zoo
from zoo.language.translation import translate
from zoo.models.transformer import exact_match

SMALL = {"vocabulary": 9, "width": 16, "depth": 1, "heads": 2, "mlp_width": 24}


@pytest.fixture
def model():
    """A model whose logits depend on every token."""
    model = zoo.get("transformer", **SMALL)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(rng.normal(variable.name == "gamma", 0.5, variable.shape))
    return model


@pytest.fixture
def source():
    return np.random.default_rng(1).integers(1, 9, (6, 4))


def by_hand(model, row, start, end, length):
    """One target, as long as it has come."""
    target = [start]
    while len(target) <= length and (len(target) == 1 or target[-1] != end):
        inputs = {"source": row[None], "target": np.array([[*target, 0]])}  # 0 is not looked at
        target.append(int(model.predict_on_batch(inputs)[0, -2].argmax()))
    return target[1:]


class TestTranslate:
    def test_takes_the_most_likely_token_until_the_end(self, model, source):
        every = [by_hand(model, row, 1, 0, 5) for row in source]
        end = every[0][2]  # one that a target reaches
        written = translate(model, source, start=1, end=end, length=5, batch_size=4)
        assert written.shape == (6, 5)
        for row, ids in zip(source, written, strict=True):
            expected = by_hand(model, row, 1, end, 5)
            assert ids.tolist() == expected + [0] * (5 - len(expected))
        assert (written == end).any() and (written[:, -1] != 0).any()

    def test_matches_exactly_where_training_says_so(self, model, source):
        """What a model errs in with the true tokens given, it errs in without them, and first."""
        written = translate(model, source, start=1, end=2, length=5)
        true = written.copy()
        true[::2, 3] = (true[::2, 3] % 8) + 1  # every other target is another
        target = np.roll(true, 1, axis=1)
        target[:, 0] = 1
        logits = model.predict({"source": source, "target": target}, verbose=0)
        taught = keras.ops.convert_to_numpy(exact_match(true, logits))
        np.testing.assert_array_equal(taught, (written == true).all(axis=1))

    @pytest.mark.once
    def test_no_source_no_target(self, model):
        assert translate(model, np.zeros((0, 4), int), start=1, end=2, length=5).shape == (0, 5)

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("source", "options", "message"),
        [
            (np.zeros((2, 3), int), {}, "source 0 is all padding"),
            (np.ones((2, 3)), {}, r"source must be ids \(n, s\), not float64 of shape \(2, 3\)"),
            (np.ones(3, int), {}, r"source must be ids \(n, s\), not int64 of shape \(3,\)"),
            (np.ones((2, 3), int), {"length": 0}, "length=0 must be a whole number, 1 or more"),
            (np.ones((2, 3), int), {"end": 0}, "end=0 must be a whole number, 1 or more"),
        ],
    )
    def test_what_cannot_be_written_out_is_refused(self, model, source, options, message):
        with pytest.raises(ValueError, match=message):
            translate(model, source, **{"start": 1, "end": 2, "length": 5} | options)
