"""Images mixed as their papers say, and labels with them."""

import keras
import numpy as np
import pytest

from zoo.datasets import transforms
from zoo.datasets.image_batches import ImageBatches

pytestmark = pytest.mark.once
COUNT, HEIGHT, WIDTH = 200, 12, 10
MIXING = {
    "mixup": transforms.mixup(),
    "cutmix": transforms.cutmix(),
    "ricap": transforms.ricap(),
}


def numbered(count=COUNT):
    """Images of which every pixel is the image's number, and as labels the identity."""
    images = np.ones((count, HEIGHT, WIDTH, 1), "float32") * np.arange(count)[:, None, None, None]
    return images, np.eye(count, dtype="float32")


def mixed(name, count=COUNT, seed=0, **settings):
    mix = getattr(transforms, name)(**settings)
    return mix(*numbered(count), np.random.default_rng(seed))


def pixel_shares(images, count=COUNT):
    """(n, count): the share of each image's pixels that have each number."""
    return np.stack([np.bincount(i.astype(int).ravel(), minlength=count) for i in images]) / (
        HEIGHT * WIDTH
    )


class Fixed:
    """A generator whose draws are written down."""

    def __init__(self, betas, orders, integers=()):
        self.betas, self.orders, self.drawn = iter(betas), iter(orders), iter(integers)

    def beta(self, a, b, size):
        return np.array(next(self.betas), float)

    def permutation(self, count):
        return np.array(next(self.orders))

    def integers(self, high, size=None):
        return np.array(next(self.drawn))


@pytest.mark.parametrize("name", MIXING)
class TestMixing:
    def test_mean_label_mass_stays_one(self, name):
        images, labels = mixed(name)
        assert images.shape == (COUNT, HEIGHT, WIDTH, 1) and images.dtype == np.float32
        assert labels.shape == (COUNT, COUNT) and labels.dtype == np.float32
        np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
        assert (labels > 0).sum(axis=1).max() > 1

    def test_the_same_generator_gives_the_same_batch(self, name):
        for one, two in zip(mixed(name, seed=3), mixed(name, seed=3), strict=True):
            np.testing.assert_array_equal(one, two)
        assert not np.array_equal(mixed(name, seed=3)[0], mixed(name, seed=4)[0])

    def test_leaves_what_it_was_given_as_it_was(self, name):
        images, labels = numbered()
        MIXING[name](images, labels, np.random.default_rng(0))
        for now, before in zip((images, labels), numbered(), strict=True):
            np.testing.assert_array_equal(now, before)

    def test_p_is_the_share_of_images_that_are_mixed(self, name):
        untouched = mixed(name, p=0.3)[1].max(axis=1) == 1
        assert 0.55 < untouched.mean() < 0.95  # some are mixed with so little that nothing shows
        for one, two in zip(mixed(name, p=0), numbered(), strict=True):
            np.testing.assert_array_equal(one, two)

    def test_a_batch_of_one_stays_what_it_is(self, name):
        images, labels = mixed(name, count=1)
        np.testing.assert_array_equal(images, numbered(1)[0])
        np.testing.assert_allclose(labels, [[1]])

    def test_refuses_settings_without_a_meaning(self, name):
        for strength in (0, -1, np.inf, np.nan, "1", None):
            with pytest.raises(ValueError, match="(alpha|beta)=.* must be a finite number"):
                getattr(transforms, name)(strength)

    @pytest.mark.parametrize("strength", [1e-300, 1e-3, 1e3, 1e6])
    def test_stays_finite_at_the_ends_of_its_settings(self, name, strength):
        images, labels = getattr(transforms, name)(strength)(
            *numbered(50), np.random.default_rng(0)
        )
        assert np.isfinite(images).all() and images.min() >= 0 and images.max() <= 49
        np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)

    @pytest.mark.parametrize(
        "labels", [np.arange(COUNT), np.ones((COUNT, 1, 1)), np.eye(COUNT)[:-1], None]
    )
    def test_refuses_labels_that_have_no_mean(self, name, labels):
        with pytest.raises(ValueError, match=rf"{name} mixes .*one-hot labels \(n, classes\), not"):
            MIXING[name](numbered()[0], labels, np.random.default_rng(0))


class TestMixUp:
    def test_by_hand(self):
        images = np.array([10, 20, 30], "float32").reshape(3, 1, 1, 1)
        rng = Fixed([[0.75, 0.5, 1.0]], [[1, 2, 0]])
        blended, labels = transforms.mixup()(images, np.eye(3), rng)
        np.testing.assert_allclose(blended.ravel(), [12.5, 25, 30])
        np.testing.assert_allclose(labels, [[0.75, 0.25, 0], [0, 0.5, 0.5], [0, 0, 1]])

    @pytest.mark.filterwarnings("ignore:.*requested dtype int64")  # Keras's layer on jax
    def test_pixels_and_labels_have_the_same_weights_as_in_keras(self):
        images, labels = mixed("mixup")
        layer = keras.layers.MixUp(alpha=1.0, seed=0)
        theirs = layer(dict(zip(("images", "labels"), numbered(), strict=True)), training=True)
        theirs = [keras.ops.convert_to_numpy(theirs[key]) for key in ("images", "labels")]
        for pictures, shares in ((images, labels), theirs):
            np.testing.assert_allclose(pictures[:, 0, 0, 0], shares @ np.arange(COUNT), rtol=1e-4)
            assert shares.max(axis=1).mean() == pytest.approx(0.75, abs=0.05)  # Beta(1, 1)


class TestCutMix:
    def test_by_hand(self):
        images = np.arange(3, dtype="float32").reshape(3, 1, 1, 1) * np.ones((1, 4, 4, 1))
        # boxes of side 3, 0 and 2 about (1, 3)
        rng = Fixed([[1 - 0.75**2, 1.0, 0.75]], [[1, 2, 0]], [[1, 1, 1], [3, 3, 3]])
        pasted, labels = transforms.cutmix()(images, np.eye(3), rng)
        expected = np.zeros((3, 4, 4))
        expected[1:] += np.array([1, 2])[:, None, None]
        expected[0, 0:3, 2:4] = 1  # cut off on the right
        expected[2, 0:2, 2:4] = 0
        np.testing.assert_array_equal(pasted[..., 0], expected)
        np.testing.assert_allclose(labels, [[10 / 16, 6 / 16, 0], [0, 1, 0], [4 / 16, 0, 12 / 16]])

    def test_labels_are_shares_of_pixels(self):
        images, labels = mixed("cutmix")
        np.testing.assert_allclose(labels, pixel_shares(images), atol=1e-6)

    @pytest.mark.filterwarnings("ignore:.*requested dtype int64")  # Keras's layer on jax
    def test_labels_are_keras_s_but_for_the_border_of_the_box(self):
        images, labels = numbered()
        batch = {"images": images.repeat(3, axis=-1), "labels": labels}
        theirs = keras.layers.CutMix(factor=1.0, seed=0)(batch, training=True)
        theirs = [keras.ops.convert_to_numpy(theirs[key]) for key in ("images", "labels")]
        shares = pixel_shares(theirs[0][..., :1])  # its boxes have sides of parts of pixels
        border = (HEIGHT + WIDTH + 1) / (HEIGHT * WIDTH)
        np.testing.assert_allclose(theirs[1], shares, atol=border)

    def test_the_box_is_one_rectangle(self):
        for number, image in enumerate(mixed("cutmix")[0][..., 0]):
            box = image != number
            assert box.sum() == box.any(axis=0).sum() * box.any(axis=1).sum()

    def test_keeps_as_much_as_it_should(self):
        _, labels = transforms.cutmix()(
            np.zeros((2000, 64, 64, 1)), np.eye(2000), np.random.default_rng(0)
        )
        # Beta(1, 1), a box about any pixel: 1 - the integral of 2s (s - s^2 / 4)^2 from 0 to 1
        assert np.diag(labels).mean() == pytest.approx(0.679, abs=0.02)


class TestRICAP:
    def test_by_hand(self):
        images = np.arange(16).reshape(1, 4, 4, 1) + 100 * np.arange(2).reshape(2, 1, 1, 1)
        # the four meet at (1, 2); each piece's image, then the row and the column it begins at
        orders = [[0, 1], [1, 0], [0, 1], [0, 1]]
        corners = [[3, 0], [2, 0], [1, 0], [0, 0], [1, 0], [1, 0], [0, 0], [2, 0]]
        rng = Fixed([[0.25, 0.25], [0.5, 0.5]], orders, corners)
        patched, labels = transforms.ricap()(images, np.eye(2), rng)
        np.testing.assert_array_equal(
            patched[0, ..., 0],
            [[14, 15, 104, 105], [5, 6, 2, 3], [9, 10, 6, 7], [13, 14, 10, 11]],
        )
        np.testing.assert_allclose(labels, [[14 / 16, 2 / 16], [2 / 16, 14 / 16]])

    def test_labels_are_shares_of_pixels(self):
        images, labels = mixed("ricap")
        np.testing.assert_allclose(labels, pixel_shares(images), atol=1e-6)
        assert (labels > 0).sum(axis=1).max() == 4

    def test_every_piece_lies_in_its_image_as_it_did(self):
        position = np.arange(HEIGHT * WIDTH, dtype="float32").reshape(HEIGHT, WIDTH, 1)
        images = position + 1000 * np.arange(20, dtype="float32").reshape(20, 1, 1, 1)
        patched, labels = transforms.ricap(1.0)(images, np.eye(20), np.random.default_rng(0))
        for image, label in zip(patched[..., 0], labels, strict=True):
            # within a piece a step to the right is one pixel; it fails only at the seam
            assert (np.diff(image, axis=1) != 1).any(axis=0).sum() <= 1
            assert (np.diff(image, axis=0) != WIDTH).any(axis=1).sum() <= 1
            assert set(np.unique(image // 1000)) == set(np.nonzero(label)[0])


class TestBatches:
    def test_mix_a_dataset_from_its_seed_whatever_the_workers(self, tiny):
        steps = [transforms.cutmix(), transforms.flip(), transforms.mixup()]  # flip acts first

        def epoch(workers, number=0):
            batches = tiny.batches("train", 7, steps, seed=1, workers=workers)
            batches.epoch = number
            return [np.concatenate(part) for part in zip(*batches, strict=True)]

        for one, many in zip(epoch(0), epoch(4), strict=True):
            np.testing.assert_array_equal(one, many)
        images, labels = epoch(1)
        assert images.shape == (30, 8, 8, 3) and labels.shape == (30, 3)
        np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
        assert not np.array_equal(labels, epoch(0, 1)[1])

    def test_validation_labels_can_be_one_hot_too(self, tiny):
        labels = tiny.batches("val", 10, one_hot=True)[0][1]
        np.testing.assert_array_equal(labels, np.eye(3, dtype="float32")[tiny.y_val])
        np.testing.assert_array_equal(tiny.batches("val", 10)[0][1], tiny.y_val)

    def test_take_labels_that_are_shares_already(self):
        x, shares = np.zeros((4, 2, 2, 1), "uint8"), np.full((4, 2), 0.5)
        batches = ImageBatches(x, shares, 4, [transforms.mixup()], mean=(0.0,), std=(1.0,))
        np.testing.assert_allclose(batches[0][1], shares)
