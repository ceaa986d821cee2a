"""Attacks against closed forms of a linear net and PyTorch's gradients; hits counted by hand."""

import math

import keras
import numpy as np
import pytest
import torch
from keras import layers
from scipy.special import softmax
from torch.nn import functional as F

import zoo
from zoo.explain import fgsm, iterated_fgsm, pgd, success_rate

ATTACKS = [fgsm, iterated_fgsm, pgd]
LABELS, TARGETS = [0, 2, 3], [1, 0, 2]
EPSILON = 8 / 255
STATISTICS = {"mean": (0.2, 0.5, 0.7), "std": (0.3, 0.2, 0.1)}


@pytest.fixture
def pixels():
    """Far enough from 0 and 1 that no attack here is clipped there."""
    return np.random.default_rng(0).uniform(0.2, 0.8, (3, 32, 32, 3)).astype("float32")


@pytest.fixture
def linear():
    """(net, W): the logits of five classes are x W of the 48 values of an image."""
    net = keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), layers.Dense(5)])
    return net, net.get_weights()[0].astype("float64")


@pytest.fixture
def brightest():
    """A net whose classes are which of three channels is the brightest."""
    return keras.Sequential([keras.Input((4, 4, 3)), layers.GlobalAveragePooling2D()])


def of_color(*channels):
    """Images (n, 4, 4, 3), each 0.6 in its channel and 0.5 in the others."""
    return np.full((len(channels), 4, 4, 3), 0.5) + 0.1 * np.eye(3)[[*channels], None, None]


def cross_entropy(net, images, classes):
    logits = net.predict(np.asarray(images, "float32"), verbose=0)
    return -np.log(softmax(logits, axis=-1)[np.arange(len(images)), classes])


class TestAgainstClosedForms:
    """Of the logits x W the cross-entropy of a class y has the gradient W (softmax(x W) - e_y)."""

    def gradient(self, weights, x, classes):
        flat = x.reshape(len(x), -1).astype("float64")
        return ((softmax(flat @ weights, axis=-1) - np.eye(5)[classes]) @ weights.T).reshape(
            x.shape
        )

    @pytest.mark.parametrize(
        ("targets", "uphill"), [(None, 1), ([2, 3, 4, 0], -1)], ids=["untargeted", "targeted"]
    )
    @pytest.mark.parametrize("statistics", [{}, STATISTICS], ids=["as it is", "normalised"])
    def test_fgsm_is_one_step_along_the_sign_of_the_gradient(
        self, targets, uphill, statistics, linear
    ):
        net, weights = linear
        x = np.random.default_rng(1).uniform(size=(4, 4, 4, 3))
        mean, std = np.array(statistics.get("mean", 0)), np.array(statistics.get("std", 1))
        classes = [0, 1, 2, 3] if targets is None else targets
        gradient = self.gradient(weights, (x - mean) / std, classes)
        expected = np.clip(x + uphill * 0.1 * np.sign(gradient), 0, 1)
        attacked = fgsm(net, x, [0, 1, 2, 3], 0.1, targets=targets, **statistics)
        assert attacked.dtype == np.float32
        np.testing.assert_allclose(attacked, expected, atol=1e-6)

    def test_iterated_steps_on_from_where_it_is_and_stays_within_epsilon(self, linear):
        net, weights = linear
        x = np.random.default_rng(2).uniform(size=(4, 4, 4, 3))
        classes, expected = [0, 1, 2, 3], x
        for _ in range(5):
            expected = expected + 0.04 * np.sign(self.gradient(weights, expected, classes))
            expected = np.clip(np.clip(expected, x - 0.1, x + 0.1), 0, 1)
        attacked = iterated_fgsm(net, x, classes, 0.1, steps=5, step=0.04)
        np.testing.assert_allclose(attacked, expected, atol=1e-6)

    def test_a_target_of_next_to_no_probability_pulls_as_well(self, linear):
        """Its probability is 0 in float32, its logarithm still has a gradient."""
        net, weights = linear
        net.set_weights([1000 * weights, np.zeros(5)])
        x = np.random.default_rng(1).uniform(0.2, 0.8, (4, 4, 4, 3))
        targets = net.predict(x, verbose=0).argmin(axis=-1)
        gradient = self.gradient(1000 * weights, x, targets)
        attacked = fgsm(net, x, None, 0.1, targets=targets)
        np.testing.assert_allclose(attacked, x - 0.1 * np.sign(gradient), atol=1e-6)

    @pytest.mark.parametrize("attack", ATTACKS)
    def test_two_classes_change_places_at_their_distance_and_not_before(self, attack):
        """The least epsilon that moves x over w x = 0 is |w x| / sum |w|."""
        net = keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), layers.Dense(2)])
        weights = net.get_weights()[0]
        w = weights[:, 0] - weights[:, 1]
        x = np.random.default_rng(3).uniform(0.4, 0.6, (1, 4, 4, 3)).astype("float32")
        distance = np.abs(x.ravel() @ w) / np.abs(w).sum()
        assert 0.01 < distance < 0.3
        for part, wrong in ((0.98, 0.0), (1.02, 1.0)):
            attacked = attack(net, x, None, part * distance)
            assert success_rate(net, x, attacked, None) == wrong


class TestAgainstPyTorch:
    """Two convolutions; where a gradient is nearly 0 another order of adding can turn its sign."""

    def by_hand(self, twin, pixels, start, step, steps, targets):
        classes = torch.tensor(LABELS if targets is None else targets)
        mean, std = [torch.tensor(STATISTICS[key]) for key in ("mean", "std")]
        pixels, x = torch.tensor(pixels), torch.tensor(start)
        for _ in range(steps):
            x.requires_grad_()
            loss = F.cross_entropy(twin((x - mean) / std)[1], classes)
            (gradient,) = torch.autograd.grad(loss, x)
            x = x.detach() + step * gradient.sign() * (1 if targets is None else -1)
            x = torch.clamp(x, pixels - EPSILON, pixels + EPSILON).clamp(0, 1)
        return x.numpy()

    def same(self, attacked, expected):
        return np.mean(np.abs(attacked - expected) < 1e-5) > 0.999

    @pytest.mark.parametrize("targets", [None, TARGETS])
    def test_fgsm_and_iterated_agree(self, targets, net, twin, pixels):
        how = {"targets": targets, **STATISTICS}
        expected = self.by_hand(twin, pixels, pixels, EPSILON, 1, targets)
        assert np.abs(expected - pixels).max() > 0.99 * EPSILON
        assert self.same(fgsm(net, pixels, LABELS, EPSILON, **how), expected)
        expected = self.by_hand(twin, pixels, pixels, EPSILON / 4, 4, targets)
        assert self.same(iterated_fgsm(net, pixels, LABELS, EPSILON, steps=4, **how), expected)

    @pytest.mark.parametrize("targets", [None, TARGETS])
    def test_pgd_agrees_from_the_same_start(self, targets, net, twin, pixels):
        how = {"targets": targets, "seed": 4, "steps": 5, **STATISTICS}
        start = pgd(net, pixels, LABELS, EPSILON, step=0.0, **how)
        expected = self.by_hand(twin, pixels, start, EPSILON / 2, 5, targets)
        assert self.same(pgd(net, pixels, LABELS, EPSILON, **how), expected)


@pytest.mark.parametrize("attack", ATTACKS)
class TestEveryAttack:
    @pytest.mark.parametrize("targets", [None, TARGETS])
    def test_stays_within_epsilon_and_gives_valid_pixels(self, attack, targets, net):
        x = np.random.default_rng(5).integers(0, 256, (3, 32, 32, 3)).astype("uint8")
        attacked = attack(net, x, LABELS, 0.2, targets=targets)
        assert attacked.shape == x.shape and attacked.min() == 0 and attacked.max() == 1
        assert 0.19 < np.abs(attacked - x / 255).max() < 0.2 + 1e-6

    def test_moves_away_from_the_label_and_towards_the_target(self, attack, net, pixels):
        away = attack(net, pixels, LABELS, EPSILON)
        towards = attack(net, pixels, LABELS, EPSILON, targets=TARGETS)
        before = [cross_entropy(net, pixels, classes) for classes in (LABELS, TARGETS)]
        assert (cross_entropy(net, away, LABELS) > before[0] + 0.01).all()
        assert (cross_entropy(net, towards, TARGETS) < before[1] - 0.01).all()

    def test_takes_one_label_or_target_for_all(self, attack, net, pixels):
        for one, all_of_it in (
            ({"labels": 2}, {"labels": [2, 2, 2]}),
            ({"labels": None, "targets": 1}, {"labels": LABELS, "targets": [1, 1, 1]}),
        ):
            np.testing.assert_array_equal(
                attack(net, pixels, epsilon=EPSILON, **one),
                attack(net, pixels, epsilon=EPSILON, **all_of_it),
            )

    def test_takes_the_predicted_classes_where_there_are_no_labels(self, attack, net, pixels):
        seen = (pixels - STATISTICS["mean"]) / STATISTICS["std"]
        predicted = net.predict(seen.astype("float32"), verbose=0).argmax(axis=-1)
        without = attack(net, pixels, None, EPSILON, **STATISTICS)
        np.testing.assert_array_equal(
            without, attack(net, pixels, predicted, EPSILON, **STATISTICS)
        )
        assert (without != attack(net, pixels, (predicted + 1) % 4, EPSILON, **STATISTICS)).any()

    def test_changes_nothing_with_an_epsilon_of_0(self, attack, net, pixels):
        np.testing.assert_array_equal(attack(net, pixels, LABELS, 0), pixels)

    def test_is_the_same_in_batches_of_any_size(self, attack, net, pixels):
        x = np.concatenate([pixels, pixels[::-1]])
        labels = [0, 2, 3, 1, 1, 0]
        at_once = attack(net, x, labels, EPSILON)
        for size in (1, 4):
            apart = attack(net, x, labels, EPSILON, batch_size=size)
            assert np.mean(np.abs(at_once - apart) < 1e-5) > 0.999

    def test_takes_uint8_as_the_same_image(self, attack, net, pixels):
        x = np.round(pixels * 255).astype("uint8")
        from_floats = attack(net, x.astype("float32") / 255, LABELS, EPSILON)
        np.testing.assert_array_equal(attack(net, x, LABELS, EPSILON), from_floats)

    def test_leaves_the_images_and_the_model_as_they_were(self, attack, net, pixels):
        x, weights = pixels.copy(), [w.copy() for w in net.get_weights()]
        attack(net, x, LABELS, EPSILON)
        np.testing.assert_array_equal(x, pixels)
        for before, after in zip(weights, net.get_weights(), strict=True):
            np.testing.assert_array_equal(before, after)

    def test_reaches_the_image_of_a_subclassed_model_with_two_inputs(
        self, attack, two_inputs, pixels
    ):
        model, inputs, alone = two_inputs
        attacked = attack(model, inputs | {"image": pixels}, [0, 1, 0], EPSILON, batch_size=2)
        expected = attack(alone, pixels, [0, 1, 0], EPSILON)
        assert np.mean(np.abs(attacked - expected) < 1e-5) > 0.999

    def test_keeps_the_other_inputs_with_their_images(self, attack, net, pixels):
        """The second input weighs the logits, differently for each image."""
        image, vector = keras.Input((32, 32, 3)), keras.Input((4,))
        model = keras.Model([image, vector], net(image) * vector)
        inputs = [pixels, np.float32([[1, 2, 3, 4], [-4, 1, 0, 2], [0, -1, 5, 1]])]
        for labels in (LABELS, None):
            at_once, apart = [
                attack(model, inputs, labels, EPSILON, batch_size=size) for size in (3, 2)
            ]
            assert np.mean(np.abs(at_once - apart) < 1e-5) > 0.999

    def test_attacks_the_one_of_two_images_that_is_named(self, attack, net, pixels):
        """The other stays as the model takes it, normalised or not."""
        a, b = keras.Input((32, 32, 3), name="a"), keras.Input((32, 32, 3), name="b")
        constant = np.random.default_rng(6).normal(size=(3, 32, 32, 3)).astype("float32")
        other = keras.models.clone_model(net)
        other.name = "other"
        model = keras.Model({"a": a, "b": b}, other(a) + net(b))
        attacked = attack(model, {"a": constant, "b": pixels}, LABELS, EPSILON, image="b")

        shift = other.predict(constant, verbose=0)
        image, vector = keras.Input((32, 32, 3), name="image"), keras.Input((4,), name="vector")
        same = keras.Model([image, vector], net(image) + vector)
        expected = attack(same, [pixels, shift], LABELS, EPSILON)
        assert np.mean(np.abs(attacked - expected) < 1e-5) > 0.999


class TestIterated:
    def test_of_one_step_is_fgsm(self, net, pixels):
        one = iterated_fgsm(net, pixels, LABELS, EPSILON, steps=1)
        np.testing.assert_array_equal(one, fgsm(net, pixels, LABELS, EPSILON))

    def test_begins_where_it_is_told_within_epsilon(self, net, pixels):
        how = {"steps": 1, "step": 0.0}
        begun = iterated_fgsm(net, pixels, LABELS, EPSILON, start=pixels[::-1], **how)
        expected = np.clip(pixels[::-1], pixels - EPSILON, pixels + EPSILON)
        np.testing.assert_array_equal(begun, expected)
        counted = np.round(pixels * 255).astype("uint8")  # as the images, uint8 or 0 to 1
        begun = iterated_fgsm(net, pixels, LABELS, EPSILON, start=counted, **how)
        np.testing.assert_allclose(begun, pixels, atol=0.5 / 255 + 1e-6)


class TestPGD:
    def test_starts_within_epsilon_by_its_seed(self, net, pixels):
        one, again, other = [
            pgd(net, pixels, LABELS, EPSILON, steps=1, step=0.0, seed=seed) for seed in (1, 1, 2)
        ]
        np.testing.assert_array_equal(one, again)
        for start in (one, other):
            moved = start - pixels
            assert 0.99 * EPSILON < np.abs(moved).max() < EPSILON + 1e-6
            assert abs(moved.mean()) < 0.05 * EPSILON and moved.std() > 0.5 * EPSILON
        assert np.abs(one - other).max() > EPSILON

    def test_is_iterated_from_there_in_steps_of_two_and_a_half_epsilon_by_their_number(
        self, net, pixels
    ):
        start = pgd(net, pixels, LABELS, EPSILON, steps=1, step=0.0)
        how = {"steps": 5, "step": EPSILON / 2, "start": start}
        np.testing.assert_array_equal(
            pgd(net, pixels, LABELS, EPSILON, steps=5),
            iterated_fgsm(net, pixels, LABELS, EPSILON, **how),
        )


@pytest.mark.once
def test_a_trained_net_errs_more_the_better_the_attack():
    """Handwritten digits, read by a net trained on MNIST; noise as large as epsilon does little."""
    data = zoo.datasets.load("digits", image_shape=(28, 28, 1))
    net = zoo.get("mnist_8k", weights="mnist")
    seen = {"mean": (0.1307,), "std": (0.3081,)}
    x, y = data.x_val[:30], data.y_val[:30]
    signs = np.random.default_rng(0).choice([-0.15, 0.15], x.shape)
    changed = [
        np.clip(x / 255 + signs, 0, 1).astype("float32"),
        fgsm(net, x, y, 0.15, **seen),
        iterated_fgsm(net, x, y, 0.15, **seen),
    ]
    rates = [success_rate(net, x, attacked, y, **seen) for attacked in changed]
    assert rates[0] + 0.2 < rates[1] < rates[2] and rates[2] > 0.9


class TestSuccessRate:
    def test_counts_those_it_was_right_about_and_is_wrong_about_now(self, brightest):
        """Of five it is right about four; of those two are wrong now, one of them as 2."""
        images, labels = of_color(0, 0, 1, 2, 2), [0, 0, 1, 2, 1]
        attacked = of_color(0, 1, 2, 2, 0)
        assert success_rate(brightest, images, attacked, labels) == 2 / 4
        assert (
            success_rate(brightest, images, attacked, None) == 3 / 5
        )  # right about all it predicts

    def test_counts_those_taken_for_the_target_that_were_not_before(self, brightest):
        """2 is the target: of the three not predicted as 2 before, one is now."""
        images, attacked = of_color(0, 0, 1, 2, 2), of_color(0, 1, 2, 2, 0)
        for labels in ([0, 0, 1, 2, 1], None):
            assert success_rate(brightest, images, attacked, labels, targets=2) == 1 / 3
        each = success_rate(brightest, images, attacked, None, targets=[0, 1, 2, 0, 0])
        assert each == 3 / 4  # all but the first are not their target before, the fourth never

    def test_is_nan_where_there_was_nothing_to_attack(self, brightest):
        images = of_color(0, 1)
        assert math.isnan(success_rate(brightest, images, images, [1, 0]))
        assert math.isnan(success_rate(brightest, images, images, None, targets=[0, 1]))

    def test_is_the_same_in_batches_and_of_uint8(self, brightest):
        images, attacked = of_color(0, 0, 1, 2, 2), of_color(0, 1, 2, 2, 0)
        counted = np.round(255 * images).astype("uint8")
        assert success_rate(brightest, counted, attacked, None, batch_size=2) == 3 / 5

    def test_shows_the_model_what_it_was_trained_on(self, brightest):
        """Less this mean the last channel is the brightest of both, and the attack did nothing."""
        images, attacked = of_color(0, 1), of_color(1, 0)
        assert success_rate(brightest, images, attacked, None) == 1
        assert success_rate(brightest, images, attacked, 2, mean=(0.5, 0.5, 0.1), std=0.3) == 0

    def test_leaves_the_other_inputs_as_they_are(self, brightest):
        """A vector is added to the logits: for the second image it decides alone."""
        image, vector = keras.Input((4, 4, 3), name="image"), keras.Input((3,), name="vector")
        model = keras.Model({"image": image, "vector": vector}, brightest(image) + vector)
        inputs = {"image": of_color(0, 0), "vector": np.float32([[0, 0, 0], [9, 0, 0]])}
        for size in (1, 2):
            rate = success_rate(model, inputs, of_color(1, 1), [0, 0], batch_size=size)
            assert rate == 1 / 2


class TestBadInput:
    @pytest.mark.parametrize("attack", ATTACKS)
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"epsilon": 8}, "epsilon=8 counts pixels from 0 to 1: 8 / 255, not 8"),
            ({"epsilon": -0.1}, "epsilon=-0.1 must be a finite number from 0 to 1"),
            ({"epsilon": math.nan}, "epsilon=nan must be a finite number from 0 to 1"),
            ({"labels": [0, 4, 1]}, r"labels \[4\] reach outside the model's 0 to 3"),
            ({"labels": -1}, r"labels \[-1.*\] reach outside the model's 0 to 3"),
            ({"targets": [0, 4, 1]}, r"targets \[4\] reach outside the model's 0 to 3"),
            ({"labels": [0, 1]}, r"labels=\[0 1\] must be one index, or 3 of them"),
            ({"targets": [0, 1]}, r"targets=\[0 1\] must be one index, or 3 of them"),
            ({"labels": [0.0, 1.0, 2.0]}, "must be one index, or 3 of them"),
            ({"mean": (0.5, 0.5)}, r"mean=\(0.5, 0.5\) must be 1 or 3 finite numbers"),
            ({"std": 0.0}, "std=0.0 must be 1 or 3 finite numbers, above 0"),
            ({"batch_size": -1}, "batch_size=-1 must be a whole number, 1 or more"),
        ],
    )
    def test_is_named(self, attack, wrong, message, net, pixels):
        arguments = {"labels": LABELS, "epsilon": EPSILON, **wrong}
        with pytest.raises(ValueError, match=message):
            attack(net, pixels, **arguments)

    @pytest.mark.parametrize("attack", ATTACKS)
    def test_images_as_the_model_takes_them_are_no_pixels(self, attack, net, images):
        message = (
            r"must be pixels, uint8 or floats from 0 to 1, not float32 from -.* mean=data.mean"
        )
        with pytest.raises(ValueError, match=message):
            attack(net, images, LABELS, EPSILON)
        with pytest.raises(ValueError, match=r"not int\d\d from 0 to 255"):
            attack(net, np.arange(3072).reshape(1, 32, 32, 3) % 256, 0, EPSILON)

    @pytest.mark.parametrize("attack", [iterated_fgsm, pgd])
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"steps": 0}, "steps=0 must be a whole number, 1 or more"),
            ({"step": -0.01}, "step=-0.01 must not be negative"),
        ],
    )
    def test_steps_that_are_none(self, attack, wrong, message, net, pixels):
        with pytest.raises(ValueError, match=message):
            attack(net, pixels, LABELS, EPSILON, **wrong)

    def test_a_start_for_other_images(self, net, pixels, images):
        with pytest.raises(ValueError, match=r"images to start from are \(1, .*the images \(3, 32"):
            iterated_fgsm(net, pixels, LABELS, EPSILON, start=pixels[:1])
        with pytest.raises(ValueError, match="must be pixels"):
            iterated_fgsm(net, pixels, LABELS, EPSILON, start=images)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"attacked": of_color(0)}, r"attacked images are \(1, 4, 4, 3\), the images \(2, 4"),
            ({"attacked": 2 * of_color(0, 1)}, "must be pixels, .* from 1 to 1.2"),
            ({"labels": [0, 3]}, r"labels \[3\] reach outside the model's 0 to 2"),
            ({"labels": [0]}, r"labels=\[0\] must be one index, or 2 of them"),
            ({"targets": 3}, r"targets \[3\] reach outside the model's 0 to 2"),
        ],
    )
    def test_of_a_success_rate_is_named(self, wrong, message, brightest):
        arguments = {"attacked": of_color(0, 1), "labels": [0, 1], **wrong}
        with pytest.raises(ValueError, match=message):
            success_rate(brightest, of_color(0, 1), **arguments)
