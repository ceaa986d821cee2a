"""Order, augmentation and speed-up threads: what a seed fixes, on every backend."""

import albumentations as A
import keras
import numpy as np
import pytest

from zoo.datasets import transforms
from zoo.datasets.batches import Batches, normalize


def numbered(count=12, batch_size=1, **kwargs):
    """Batches of images whose label is their number."""
    x = np.zeros((count, 4, 4, 1), "uint8")
    return Batches(x, np.arange(count), batch_size, mean=(0.0,), std=(1.0,), **kwargs)


def seen_in_fit(batches, epochs):
    """The mean label of each batch in the order in which `fit` trains on them, epoch by epoch."""
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])  # built by fit
    ops = keras.ops

    class Log(keras.callbacks.Callback):
        seen = []

        def on_epoch_begin(self, epoch, logs=None):
            self.total = 0.0
            self.seen.append([])

        def on_train_batch_end(self, batch, logs=None):
            total = logs["loss"] * (batch + 1)  # Keras gives the mean so far
            self.seen[-1].append(round(float(total - self.total), 2))
            self.total = total

    model.compile(
        keras.optimizers.SGD(0.0), lambda y, out: ops.mean(ops.cast(y, "float32") + 0 * out)
    )
    log = Log()
    model.fit(batches, epochs=epochs, verbose=0, callbacks=[log])
    return log.seen


class TestOrder:
    @pytest.mark.parametrize("workers", [0, 1, 3])
    def test_fit_sees_each_epochs_permutation_in_order(self, workers):
        batches = numbered(seed=5, workers=workers)
        expected = []
        for epoch in range(3):
            order = np.arange(12)
            np.random.default_rng((5, epoch)).shuffle(order)
            expected.append(order.tolist())
        assert seen_in_fit(batches, 3) == expected

    def test_a_later_fit_goes_on_with_the_next_epoch(self):
        batches = numbered(seed=5)
        together = seen_in_fit(numbered(seed=5), 3)
        assert seen_in_fit(batches, 2) + seen_in_fit(batches, 1) == together

    def test_setting_the_epoch_jumps_there(self):
        batches = numbered(seed=5)
        batches.epoch = 2
        assert seen_in_fit(batches, 1) == seen_in_fit(numbered(seed=5), 3)[2:]

    def test_one_batch_an_epoch_counts_its_epochs_too(self):
        batches = numbered(batch_size=12)
        seen_in_fit(batches, 3)
        assert batches.epoch == 3

    def test_an_interrupted_fit_can_be_followed_by_another(self):
        class Stop(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                raise KeyboardInterrupt

        batches = numbered()
        model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with pytest.raises(KeyboardInterrupt):
            model.fit(batches, verbose=0, callbacks=[Stop()])
        assert len(seen_in_fit(batches, 1)[0]) == 12

    def test_validation_batches_keep_their_order_and_the_smaller_last_one(self):
        batches = numbered(count=5, batch_size=2, shuffle=False)
        assert [batches[i][1].tolist() for i in range(len(batches))] == [[0, 1], [2, 3], [4]]

    def test_a_batch_that_is_not_there_and_an_empty_size_are_refused(self):
        with pytest.raises(IndexError, match="batch 3 of 3"):
            numbered(count=3)[3]
        with pytest.raises(ValueError, match="at least 1, not 0"):
            numbered(batch_size=0)
        with pytest.raises(ValueError, match="2 images need as many labels, not 1"):
            Batches(np.zeros((2, 4, 4, 1), "uint8"), np.zeros(1), 1, mean=(0.0,), std=(1.0,))


@pytest.mark.once
class TestPixels:
    def test_are_normalised_as_torchvision_does(self, tiny):
        x, y = tiny.batches("val", 4)[0]
        expected = (tiny.x_val[:4] / 255 - np.array(tiny.mean)) / np.array(tiny.std)
        np.testing.assert_allclose(x, expected, atol=1e-5)
        np.testing.assert_array_equal(y, tiny.y_val[:4])

    @pytest.mark.parametrize(
        "images", [np.full((2, 4, 4, 3), 0.5, "float32"), np.zeros((2, 4, 4, 1), "uint8")]
    )
    def test_of_another_range_or_number_of_channels_are_refused(self, images):
        with pytest.raises(ValueError, match=r"images must be uint8, pixels 0 to 255.*\(2, 4, 4,"):
            normalize(images, (0.5,) * 3, (0.2,) * 3)
        with pytest.raises(ValueError, match="images must be uint8"):
            Batches(images, np.zeros(2), 1, mean=(0.5,) * 3, std=(0.2,) * 3)

    def test_a_transform_may_make_the_channels(self):
        grey = np.full((2, 4, 4, 1), 51, "uint8")
        batches = Batches(grey, np.zeros(2), 2, [A.ToRGB(p=1)], mean=(0.5,) * 3, std=(0.2,) * 3)
        np.testing.assert_allclose(batches[0][0], np.full((2, 4, 4, 3), -1.5), atol=1e-6)
        np.testing.assert_allclose(
            normalize(grey, 0.5, 0.2), np.full((2, 4, 4, 1), -1.5), atol=1e-6
        )

    def test_augmentation_is_the_same_whatever_the_number_of_workers(self, tiny):
        steps = [
            transforms.crop(8, pad=2),
            transforms.flip(),
            transforms.shift_scale_rotate(),
            transforms.rotate(20),
            transforms.coarse_dropout(3, tiny.mean),
            transforms.cutout(3, tiny.mean),
        ]

        def epoch(workers):
            batches = tiny.batches("train", 7, steps, seed=1, workers=workers)
            return np.concatenate([x for x, _ in batches._get_iterator()])

        one, many = epoch(0), epoch(4)
        np.testing.assert_array_equal(one, many)
        plain = np.concatenate([x for x, _ in tiny.batches("train", 7, seed=1)._get_iterator()])
        assert (one != plain).any(axis=(1, 2, 3)).all()

    def test_augmentation_differs_between_epochs_and_seeds(self, tiny):
        def first(seed, epoch):
            batches = tiny.batches("train", 30, [transforms.crop(8, pad=3)], seed=seed)
            batches.epoch = epoch
            x, y = batches[0]
            return x[np.lexsort((batches.order(epoch),))]

        assert not np.array_equal(first(0, 0), first(0, 1))
        assert not np.array_equal(first(0, 0), first(1, 0))
        np.testing.assert_array_equal(first(3, 2), first(3, 2))
