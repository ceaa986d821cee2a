"""The range test."""

import keras
import numpy as np
import pytest

from zoo.training import LRFinder, OneCycle, find_lr


def weights(model):
    return [keras.ops.convert_to_numpy(v) for v in model.variables]


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

    def test_refuses_a_model_that_is_not_compiled_and_an_empty_range(self, tiny, tiny_model):
        bare = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])
        with pytest.raises(ValueError, match="not compiled"):
            find_lr(bare, tiny.batches("train", 10))
        with pytest.raises(ValueError, match="min_lr=1.0, max_lr=0.1"):
            find_lr(tiny_model, tiny.batches("train", 10), min_lr=1.0, max_lr=0.1)

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


@pytest.mark.once
class TestLRFinder:
    def test_suggests_a_tenth_of_the_best_rate_and_draws_it(self, tmp_path):
        found = LRFinder(np.array([1e-3, 1e-2, 1e-1]), np.array([2.0, 1.0, 3.0]))
        assert found.suggestion == pytest.approx(1e-3)
        assert found.bounds == (1e-2, 1e-2)
        assert found.plot(tmp_path / "range.png").stat().st_size > 5000

    def test_a_cycle_goes_from_a_tenth_of_the_fall_to_its_end(self):
        rates = np.array([1e-4, 1e-3, 1e-2, 1e-1, 1.0])
        found = LRFinder(rates, np.array([3.0, 2.95, 2.7, 1.0, 8.0]))
        assert found.bounds == (1e-2, 1e-1)

    def test_a_loss_that_only_rises_gives_its_first_rate(self):
        found = LRFinder(np.array([1e-3, 1e-2]), np.array([1.0, 2.0]))
        assert found.bounds == (1e-3, 1e-3)
