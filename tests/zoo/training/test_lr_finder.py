"""The range test."""

import re

import keras
import numpy as np
import pytest

from zoo.training import LRFinder, OneCycle, find_lr


def weights(model):
    return [keras.ops.convert_to_numpy(v) for v in model.variables]


@pytest.mark.filterwarnings("ignore:(the loss still fell|no suggestion)")
class TestFindLR:
    def test_finds_where_the_loss_falls_and_leaves_the_model_as_it_was(self, tiny, tiny_model):
        tiny_model.fit(tiny.batches("train", 10), epochs=1, verbose=0)
        before, optimizer = weights(tiny_model), tiny_model.optimizer
        state = [keras.ops.convert_to_numpy(v) for v in optimizer.variables]
        found = find_lr(tiny_model, tiny.batches("train", 10), min_lr=1e-5, max_lr=10.0, steps=40)
        assert 1e-5 < found.suggestion <= 1.0
        assert found.losses.min() < found.losses[0]
        for old, new in zip(before, weights(tiny_model), strict=True):
            np.testing.assert_array_equal(old, new)
        assert tiny_model.optimizer is optimizer
        for old, new in zip(state, optimizer.variables, strict=True):
            np.testing.assert_array_equal(old, keras.ops.convert_to_numpy(new))

    def test_the_model_trains_on_with_its_own_schedule(self, tiny, tiny_model):
        tiny_model.compile(keras.optimizers.SGD(OneCycle(0.1, 30, 5)), tiny_model.loss)
        find_lr(tiny_model, tiny.batches("train", 10), steps=5)
        tiny_model.fit(tiny.batches("train", 10), epochs=1, verbose=0)
        assert int(tiny_model.optimizer.iterations) == 3

    def test_dropout_draws_afterwards_as_if_there_had_been_no_test(self, tiny, tiny_model):
        def losses(tested):
            keras.utils.set_random_seed(3)
            model = keras.models.clone_model(tiny_model)
            model.compile(keras.optimizers.SGD(0.1), tiny_model.loss)
            model.fit(tiny.batches("train", 10), verbose=0)  # a first one may draw more
            if tested:
                find_lr(model, tiny.batches("train", 10), steps=5)
            return model.fit(tiny.batches("train", 10), epochs=2, verbose=0).history["loss"]

        assert losses(tested=True) == losses(tested=False)

    def test_stops_when_the_loss_diverges(self, tiny, tiny_model):
        found = find_lr(tiny_model, tiny.batches("train", 10), min_lr=1.0, max_lr=1e6, steps=60)
        assert len(found.rates) < 60 and np.isfinite(found.losses).all()

    def test_an_interrupt_leaves_the_model_as_it_was(self, tiny, tiny_model):
        x, y = tiny.batches("train", 10)[0]

        class Interrupted:
            def __iter__(self):
                yield x, y
                raise KeyboardInterrupt

        before, optimizer = weights(tiny_model), tiny_model.optimizer
        with pytest.raises(KeyboardInterrupt):
            find_lr(tiny_model, Interrupted())
        assert tiny_model.optimizer is optimizer
        for old, new in zip(before, weights(tiny_model), strict=True):
            np.testing.assert_array_equal(old, new)

    @pytest.mark.once
    def test_the_batches_begin_with_the_epoch_that_they_had(self, tiny, tiny_model):
        train = tiny.batches("train", 10)
        train.epoch = 4
        find_lr(tiny_model, train, steps=8)
        assert train.epoch == 4

    @pytest.mark.once
    def test_refuses_what_is_no_model(self, tiny, tiny_model):
        bare = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()], name="bare")
        with pytest.raises(ValueError, match="bare is not compiled"):
            find_lr(bare, tiny.batches("train", 10))
        with pytest.raises(ValueError, match="model must be a keras.Model.* not None"):
            find_lr(None, tiny.batches("train", 10))

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"min_lr": 1.0, "max_lr": 0.1}, "max_lr=0.1 must be a finite number, above 1.0"),
            ({"min_lr": 1.0, "max_lr": 1.0}, "max_lr=1.0 must be a finite number, above 1.0"),
            ({"min_lr": 0.0}, "min_lr=0.0 must be a finite number, above 0"),
            ({"min_lr": "a"}, "min_lr='a' must be"),
            ({"max_lr": 1e300}, r"max_lr=1e\+300 must be"),
            ({"steps": 1.5}, "steps=1.5 must be a whole number, 2 or more"),
            ({"steps": 1}, "steps=1 must be a whole number, 2 or more"),
            ({"smoothing": 1.0}, "smoothing=1.0 must be a finite number, 0 or more and below 1"),
            ({"smoothing": None}, "smoothing=None must be"),
        ],
    )
    def test_refuses_what_makes_no_range(self, wrong, message, tiny, tiny_model):
        with pytest.raises(ValueError, match=message):
            find_lr(tiny_model, tiny.batches("train", 10), **wrong)

    @pytest.mark.once
    @pytest.mark.parametrize("batches", [None, 3])
    def test_refuses_what_has_no_batches(self, batches, tiny_model):
        with pytest.raises(ValueError, match=f"batches={batches} has no batches: data.batches"):
            find_lr(tiny_model, batches)

    @pytest.mark.once
    def test_refuses_a_dataset(self, tiny, tiny_model):
        with pytest.raises(ValueError, match=r"batches=Dataset\(tiny.* has no batches"):
            find_lr(tiny_model, tiny)

    def test_warns_where_it_suggests_nothing(self, tiny, tiny_model):
        x, y = tiny.batches("train", 10)[0]
        with pytest.warns(
            UserWarning, match="no suggestion: the loss diverged right after the first rate, 1e-06"
        ):
            found = find_lr(tiny_model, [(x, y), (x, y, np.full(10, np.nan))], steps=5)
        assert found.suggestion is None and found.diverged
        with pytest.warns(UserWarning, match="the loss still fell at the highest rate, 0.01; test"):
            find_lr(tiny_model, [(x, y)], min_lr=1e-3, max_lr=1e-2, steps=20)

    @pytest.mark.parametrize("kind", ["tensorflow", "torch"])
    def test_takes_the_batches_of_other_libraries(self, kind, tiny, tiny_model):
        library = pytest.importorskip(kind)
        x, y = tiny.batches("train", 10)[0]
        if kind == "tensorflow":
            batches = library.data.Dataset.from_tensors((x, y))
        else:
            batches = [(library.tensor(x), library.tensor(y), None)]
        tiny_model.layers[1].rate = 0.0  # no dropout: the losses of two tests are the same
        plain = find_lr(tiny_model, [(x, y)], steps=4)
        np.testing.assert_allclose(find_lr(tiny_model, batches, steps=4).losses, plain.losses, 1e-5)

    @pytest.mark.once
    def test_refuses_what_is_no_batch_and_a_model_without_weights(self, tiny, tiny_model):
        x, y = tiny.batches("train", 10)[0]
        with pytest.raises(ValueError, match=r"a batch is a ndarray, .* as \[\(x, y\)\]"):
            find_lr(tiny_model, (x, y))
        unbuilt = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)], name="later")
        unbuilt.compile("sgd", tiny_model.loss)
        with pytest.raises(ValueError, match="later has no weights yet"):
            find_lr(unbuilt, [(x, y)])

    def test_says_so_when_the_batches_run_out_or_are_poisoned(self, tiny, tiny_model):
        x, y = tiny.batches("train", 10)[0]
        with pytest.raises(ValueError, match="the batches ended"):
            find_lr(tiny_model, ((x, y) for _ in range(3)))
        tiny_model.get_layer("logits").bias.assign(np.full(3, np.nan))
        with pytest.raises(ValueError, match="not finite at the first rate"):
            find_lr(tiny_model, [(x, y)])


def fastais_valley(rates, losses):
    """fastai 2.7's `valley`, line by line."""
    n = len(losses)
    max_start, max_end = 0, 0
    lds = [1] * n
    for i in range(1, n):
        for j in range(0, i):
            if (losses[i] < losses[j]) and (lds[i] < lds[j] + 1):
                lds[i] = lds[j] + 1
            if lds[max_end] < lds[i]:
                max_end = i
                max_start = max_end - lds[max_end]
    sections = (max_end - max_start) / 3
    idx = max_start + int(sections) + int(sections / 2)
    return rates[idx]


def torch_lr_finders_steepest(rates, losses):
    """torch-lr-finder 0.2's suggestion: the rates of its exponential test are in equal ratios."""
    return rates[(np.gradient(np.array(losses))).argmin()]


RATES = np.geomspace(1e-5, 1.0, 6)  # 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1


@pytest.mark.once
class TestLRFinder:
    def test_suggests_a_tenth_of_the_best_rate(self):
        found = LRFinder(RATES, np.array([3.0, 2.95, 2.7, 1.0, 2.0, 8.0]))
        assert found.suggestion == found.lowest_tenth == pytest.approx(1e-3)
        assert found.steepest == pytest.approx(1e-3)  # from 2.95 to 1.0 in two rates
        assert found.note == ""

    @pytest.mark.parametrize("seed", range(5))
    def test_valley_is_fastais_and_steepest_torch_lr_finders(self, seed):
        rng = np.random.default_rng(seed)
        rates = np.geomspace(1e-6, 10.0, 90)
        x = np.log10(rates)
        losses = 2.3 - 1.5 / (1 + np.exp(-2 * (x + 2))) + np.exp(3 * (x - 0.5))
        losses += rng.normal(0, 0.005, len(rates))
        found = LRFinder(rates, losses)
        assert found.valley == fastais_valley(rates, losses)
        assert found.steepest == torch_lr_finders_steepest(rates, losses)
        assert 1e-6 < found.valley < found.steepest < rates[losses.argmin()]

    def test_a_cycle_goes_from_a_tenth_of_the_fall_to_its_end(self):
        found = LRFinder(RATES[1:], np.array([3.0, 2.95, 2.7, 1.0, 8.0]))
        assert found.bounds == pytest.approx((1e-2, 1e-1))

    @pytest.mark.parametrize(
        ("losses", "note"),
        [
            ([1.0, 2.0, 3.0], "the loss never fell below that of the first rate, 1e-05$"),
            ([1.0], "the loss diverged right after the first rate, 1e-05$"),
        ],
    )
    def test_a_loss_that_never_fell_suggests_nothing(self, losses, note):
        found = LRFinder(RATES[: len(losses)], np.array(losses))
        assert found.suggestion is found.lowest_tenth is found.steepest is found.valley is None
        assert re.search(f"^no suggestion: {note}", found.note)
        with pytest.raises(ValueError, match=f"^no rates for a cycle: {note[:-1]}. Test more"):
            found.bounds  # noqa: B018

    def test_no_suggestion_lies_below_every_rate(self):
        found = LRFinder(np.array([1e-4, 3e-4, 1e-3]), np.array([2.0, 1.0, 3.0]))
        assert found.suggestion is None and found.steepest and found.valley
        assert found.note.startswith("no suggestion: a tenth of 0.0003, where the loss was lowest,")

    def test_a_fall_at_one_rate_makes_no_cycle(self):
        with pytest.raises(ValueError, match="the loss fell at one rate alone, 0.001. Test more"):
            LRFinder(RATES[:4], np.array([2.0, 2.0, 1.0, 2.5])).bounds  # noqa: B018

    def test_a_loss_that_still_falls_asks_for_higher_rates(self):
        losses = np.array([3.0, 2.5, 2.0, 1.5, 1.0, 0.5])
        found = LRFinder(RATES, losses)
        assert found.note == "the loss still fell at the highest rate, 1; test higher ones"
        assert found.suggestion == pytest.approx(0.1)
        assert LRFinder(RATES, losses, diverged=True).note == ""  # the next loss was not finite

    @pytest.mark.parametrize("losses", [[3.0, 2.9, 2.0, 4.0], [1.0, 2.0, 3.0, 4.0], [2.0]])
    def test_is_drawn_with_and_without_a_suggestion(self, losses, tmp_path):
        found = LRFinder(RATES[: len(losses)], np.array(losses))
        assert found.plot(tmp_path / "range.png").stat().st_size > 5000

    @pytest.mark.parametrize(
        ("rates", "losses"),
        [
            ([1e-3, 1e-2], [1.0]),
            ([], []),
            ([1e-2, 1e-3], [1.0, 2.0]),
            ([0.0, 1e-3], [1.0, 2.0]),
            ([1e-3, 1e-2], [1.0, np.nan]),
        ],
    )
    def test_refuses_what_is_no_curve(self, rates, losses):
        with pytest.raises(ValueError, match="^(rates must rise|rates and losses must be as many)"):
            LRFinder(np.array(rates), np.array(losses))
