"""Checkpoints: what they hold, what survives a kill and a full disk."""

import os
import resource
import subprocess
import sys

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
    def test_a_model_without_weights_starts_from_the_beginning_or_is_refused(self, tiny, tmp_path):
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

    @pytest.mark.parametrize("settings", [{}, {"use_ema": True, "ema_momentum": 0.7}])
    def test_training_goes_on_as_if_it_had_not_stopped(self, settings, tiny, tiny_model, tmp_path):
        """Also with averaged weights: a `fit` ends with them, the next begins with the raw ones."""
        config, start = tiny_model.get_config(), numbers(tiny_model.variables)

        def fresh(seed):
            keras.utils.set_random_seed(seed)
            model = keras.Sequential.from_config(config)
            model.compile(
                keras.optimizers.Adam(0.01, **settings), tiny_model.loss, metrics=["accuracy"]
            )
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

        uninterrupted = fresh(1)
        whole = fit(uninterrupted, 4, tmp_path / "whole")
        first = fit(fresh(1), 2, tmp_path / "cut")
        resumed = fresh(2)
        assert checkpoint.restore(resumed, tmp_path / "cut") == 2
        # Dropout's seeds are part of the state, or the losses would differ in the second digit.
        np.testing.assert_allclose(first + fit(resumed, 4, tmp_path / "cut", 2), whole, rtol=1e-5)
        for got, expected in zip(resumed.get_weights(), uninterrupted.get_weights(), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)

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

    @pytest.mark.once
    def test_what_a_killed_process_left_behind_goes_when_the_training_resumes(
        self, tiny, tiny_model, tmp_path
    ):
        dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                              capture_output=True, text=True).stdout.strip()  # fmt: skip
        for process in (dead, os.getpid()):
            (tmp_path / f".epoch-0001.npz-{process}.tmp").write_bytes(b"half of it")
        assert checkpoint.restore(tiny_model, tmp_path) == 0
        assert [p.name for p in tmp_path.iterdir()] == [f".epoch-0001.npz-{os.getpid()}.tmp"]

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"folder": None}, "folder=None must be the path"),
            ({"seed": 1.5}, "seed=1.5 must be a whole number, 0 or more"),
            ({"seed": -1}, "seed=-1 must be a whole number, 0 or more"),
        ],
    )
    def test_refuses_other_settings(self, wrong, message, tmp_path):
        with pytest.raises(ValueError, match=message):
            callbacks.Checkpoint(**({"folder": tmp_path} | wrong))

    @pytest.mark.once
    def test_there_is_nothing_to_restore_without_a_compiled_model(self, tiny_model, tmp_path):
        with pytest.raises(ValueError, match="must be a keras.Model"):
            callbacks.restore(None, tmp_path)
        bare = keras.Sequential(tiny_model.layers, name="bare")
        with pytest.raises(ValueError, match="bare is not compiled"):
            callbacks.restore(bare, tmp_path)
        with pytest.raises(ValueError, match="folder=None must be the path"):
            callbacks.restore(tiny_model, None)
