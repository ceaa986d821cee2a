"""Checkpoints: what they hold, what survives a kill and a full disk."""

import resource

import keras
import numpy as np
import pytest

from zoo.training import callbacks
from zoo.training.callbacks import checkpoint


def numbers(variables):
    return [keras.ops.convert_to_numpy(v).copy() for v in variables]


def unbuilt_layers():
    return keras.layers.Flatten(), keras.layers.Dense(3)


class TestCheckpoint:
    def test_a_model_without_weights_begins_anew_or_is_refused(self, tiny, tmp_path):
        models = [keras.Sequential(unbuilt_layers()) for _ in range(2)]
        for model in models:
            model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        assert callbacks.restore(models[0], tmp_path) == 0
        saver = callbacks.Checkpoint(tmp_path)
        models[0].fit(tiny.batches("train", 30), verbose=0, callbacks=[saver])
        with pytest.raises(ValueError, match="no weights yet for .*epoch-0001.npz"):
            callbacks.restore(models[1], tmp_path)
        assert callbacks.restore(models[0], tmp_path) == 1

    def test_half_precision_comes_back(self, tiny, tmp_path):
        keras.config.set_dtype_policy("bfloat16")
        model = keras.Sequential([keras.Input((8, 8, 3)), *unbuilt_layers()])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        saver = callbacks.Checkpoint(tmp_path)
        model.fit(tiny.batches("train", 30), verbose=0, callbacks=[saver])
        trained = numbers(model.weights)
        model.set_weights([0 * value for value in trained])
        assert callbacks.restore(model, tmp_path) == 1
        for value, restored in zip(trained, numbers(model.weights), strict=True):
            assert value.dtype.name == "bfloat16"
            np.testing.assert_array_equal(value, restored)

    def test_training_goes_on_as_if_it_had_not_stopped(self, tiny, tiny_model, tmp_path):
        config, start = tiny_model.get_config(), numbers(tiny_model.variables)

        def fresh(seed):
            keras.utils.set_random_seed(seed)
            model = keras.Sequential.from_config(config)
            model.compile(keras.optimizers.Adam(0.01), tiny_model.loss, metrics=["accuracy"])
            for variable, value in zip(model.variables, start, strict=True):
                variable.assign(value)
            return model

        def fit(model, epochs, folder, initial_epoch=0):
            train = tiny.batches("train", 10, seed=3)
            train.epoch = initial_epoch
            saver = callbacks.Checkpoint(folder)
            return model.fit(
                train, epochs=epochs, initial_epoch=initial_epoch, verbose=0, callbacks=[saver]
            ).history["loss"]

        whole = fit(fresh(1), 4, tmp_path / "whole")
        first = fit(fresh(1), 2, tmp_path / "cut")
        resumed = fresh(2)
        assert checkpoint.restore(resumed, tmp_path / "cut") == 2
        # Dropout's seeds are part of the state, or the losses would differ in the second digit.
        np.testing.assert_allclose(first + fit(resumed, 4, tmp_path / "cut", 2), whole, rtol=1e-5)

    def test_no_two_epochs_of_two_seeds_draw_alike(self, tmp_path):
        drawn = set()
        for seed in range(3):
            saver = callbacks.Checkpoint(tmp_path, seed)
            for epoch in range(3):
                saver.on_epoch_begin(epoch)
                drawn.add(float(np.random.rand()))
        assert len(drawn) == 9

    def test_keeps_two_files(self, tiny, tiny_model, tmp_path):
        saver = callbacks.Checkpoint(tmp_path)
        tiny_model.fit(tiny.batches("train", 30), epochs=4, verbose=0, callbacks=[saver])
        assert [p.name for p in checkpoint.checkpoints(tmp_path)] == [
            "epoch-0003.npz",
            "epoch-0004.npz",
        ]

    def test_a_full_disk_leaves_the_previous_one_whole(self, tiny, tiny_model, tmp_path):
        saver = callbacks.Checkpoint(tmp_path)
        tiny_model.fit(tiny.batches("train", 30), epochs=1, verbose=0, callbacks=[saver])
        before = checkpoint.latest(tmp_path).read_bytes()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))  # writes fail after 2000 bytes
        try:
            with pytest.raises(
                OSError, match="epoch 2 could not be written.*epoch-0001.npz is whole"
            ):
                saver.on_epoch_end(1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [p.name for p in tmp_path.iterdir()] == ["epoch-0001.npz"]
        assert checkpoint.latest(tmp_path).read_bytes() == before

    def test_a_damaged_file_sends_it_back_to_the_one_before(
        self, tiny, tiny_model, tmp_path, capsys
    ):
        saver = callbacks.Checkpoint(tmp_path)
        tiny_model.fit(tiny.batches("train", 30), epochs=2, verbose=0, callbacks=[saver])
        newest = checkpoint.latest(tmp_path)
        newest.write_bytes(newest.read_bytes()[:500])
        assert checkpoint.restore(tiny_model, tmp_path) == 1
        assert "epoch-0002.npz cannot be read" in capsys.readouterr().out

    def test_another_model_is_refused(self, tiny, tiny_model, tmp_path):
        saver = callbacks.Checkpoint(tmp_path)
        tiny_model.fit(tiny.batches("train", 30), epochs=1, verbose=0, callbacks=[saver])
        other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        other.compile("adam", "mse")
        with pytest.raises(ValueError, match="of another model or optimizer"):
            checkpoint.restore(other, tmp_path)
