"""Learned policies and schedules do what their tables say."""

import json

import albumentations as A
import numpy as np
import pytest

from zoo.datasets import transforms
from zoo.datasets.transforms.policies import CIFAR10_POLICY

pytestmark = pytest.mark.once
IMAGE = np.random.default_rng(0).integers(20, 236, (32, 32, 3)).astype("uint8")
SCHEDULE = [
    {"epoch": 0, "operations": []},
    {"epoch": 3, "operations": [["Invert", 1.0, 0]]},
    {"epoch": 5, "operations": [["Solarize", 1, 10], ["Solarize", 0, 10]]},
]


def drawn(policy, count=3000, epoch=None):
    policy.set_random_seed(0)
    return [policy.draw(epoch) for _ in range(count)]


class TestAutoAugment:
    # as torchvision's table has them: probability, and magnitude where it means something
    TABLE = {
        "ShearY": [(0.2, 7), (0.5, 8)],
        "TranslateX": [(0.3, 9), (0.5, 8)],
        "TranslateY": [(0.4, 3), (0.7, 9), (0.7, 9), (0.7, 9), (0.9, 9)],
        "Rotate": [(0.7, 2)],
        "Brightness": [(0.1, 3), (0.6, 7), (0.7, 9), (0.9, 6)],
        "Color": [(0.2, 8), (0.4, 3), (0.7, 0), (0.7, 7), (0.9, 9)],
        "Contrast": [(0.2, 6), (0.6, 7)],
        "Sharpness": [(0.2, 6), (0.3, 9), (0.6, 5), (0.8, 1), (0.9, 3)],
        "Posterize": [(0.3, 7)],
        "Solarize": [(0.2, 8), (0.4, 5), (0.5, 2), (0.8, 3)],
        "AutoContrast": [0.4, 0.5, 0.6, 0.8, 0.9, 0.9, 0.9],
        "Equalize": [0.2, 0.2, 0.3, 0.5, 0.6, 0.6, 0.6, 0.8, 0.9],
        "Invert": [0.0, 0.1, 0.1],
    }

    def test_has_the_published_sub_policies(self):
        assert len(CIFAR10_POLICY) == 25
        found = {}
        for name, p, m in sum(CIFAR10_POLICY, ()):
            found.setdefault(name, []).append((p, m) if (p, m) in self.TABLE[name] else p)
        assert {name: sorted(values) for name, values in found.items()} == self.TABLE

    def test_draws_one_sub_policy_an_image_with_its_probabilities(self):
        images = drawn(transforms.auto_augment())
        assert max(map(len, images)) == 2
        names = [name for image in images for name, _ in image]
        expected = sum(p for sub in CIFAR10_POLICY for _, p, _ in sub) / 25
        assert len(names) / len(images) == pytest.approx(expected, abs=0.05)
        assert names.count("Rotate") / len(images) == pytest.approx(0.7 / 25, abs=0.01)
        assert {m for image in images for name, m in image if name == "Rotate"} == {2 / 9}

    def test_shears_and_turns_go_either_way(self):
        policy = transforms.auto_augment()
        policy.set_random_seed(0)
        steps = [policy.get_params_dependent_on_data({}, {})["steps"] for _ in range(3000)]
        turns = [m for image in steps for name, m, _ in image if name == "Rotate"]
        assert 0.35 < np.mean(np.array(turns) > 0) < 0.65
        assert min(m for image in steps for name, m, _ in image if name == "Solarize") > 0

    def test_fills_with_the_colour_it_is_given(self):
        white = np.full((32, 32, 3), 255, "uint8")
        pipeline = A.Compose([transforms.auto_augment(fill=(0.2, 0.4, 0.6))], seed=0)
        images = np.stack([pipeline(image=white)["image"] for _ in range(200)])
        assert (images == (51, 102, 153)).all(axis=-1).any()


class TestRandAugment:
    def test_draws_n_of_14_operations_at_one_magnitude(self):
        images = drawn(transforms.rand_augment(n=3, m=7))
        assert {len(image) for image in images} == {3}
        names = [name for image in images for name, _ in image]
        assert len(set(names)) == 14 and not {"Invert", "Cutout"} & set(names)
        assert all(abs(names.count(name) / len(names) - 1 / 14) < 0.02 for name in set(names))
        assert {m for image in images for _, m in image} == {0.7}


def schedule(tmp_path, content=SCHEDULE):
    path = tmp_path / "schedule.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


class TestPopulationBased:
    def test_changes_with_the_epoch(self, tmp_path):
        policy = transforms.population_based(schedule(tmp_path))
        by_epoch = [{n for image in drawn(policy, 50, e) for n, _ in image} for e in range(7)]
        assert by_epoch == [set()] * 3 + [{"Invert"}] * 2 + [{"Solarize"}] * 2

    def test_stretches_to_another_number_of_epochs(self, tmp_path):
        policy = transforms.population_based(schedule(tmp_path), stretch=2)
        assert [policy.stage(epoch).epoch for epoch in (5, 6, 9, 10, 999)] == [0, 3, 3, 5, 5]

    def test_takes_none_one_or_two_operations(self, tmp_path):
        always = [{"epoch": 0, "operations": [["Invert", 1, 0], ["Rotate", 1, 5], ["Color", 1, 5]]}]
        counts = list(
            map(len, drawn(transforms.population_based(schedule(tmp_path, always)), 3000, 0))
        )
        shares = np.bincount(counts, minlength=4) / 3000
        np.testing.assert_allclose(shares, [0.2, 0.3, 0.5, 0], atol=0.03)

    def test_has_the_published_schedule_by_default(self):
        stages = transforms.population_based().schedule
        assert len(stages) == 17 and stages[0].operations == () and stages[-1].epoch == 195
        assert all(len(stage.operations) <= 30 for stage in stages)
        assert ("Cutout", 0.6, 0) in stages[2].operations

        def strength(stage):
            return sum(p * m for _, p, m in stage.operations)

        assert strength(stages[-1]) > 2 * strength(stages[4])  # it grows, as their figure shows

    def test_batches_tell_it_the_epoch_and_resume_with_it(self, tiny, tmp_path):
        policy = transforms.population_based(schedule(tmp_path))

        def inverted(epoch, workers):
            batches = tiny.batches("train", 10, [transforms.flip(), policy], workers=workers)
            batches.epoch = epoch
            images = np.concatenate([x for x, _ in batches])
            plain = tiny.normalize(tiny.x_train[batches.order(epoch)])
            mirrored = 2 * (0.5 - np.array(tiny.mean)) / np.array(tiny.std) - images
            same = [
                (np.abs(mirrored - original).max(axis=(1, 2, 3)) < 1e-4)
                for original in (plain, plain[:, :, ::-1])
            ]
            return (same[0] | same[1]).mean()

        assert inverted(2, workers=0) == inverted(2, workers=3) == 0
        assert inverted(3, workers=0) == inverted(3, workers=3) > 0.6

    def test_a_pipeline_of_ones_own_says_the_epoch(self, tmp_path):
        pipeline = A.Compose([transforms.population_based(schedule(tmp_path))], seed=0)
        images = [pipeline(image=IMAGE, epoch=4)["image"] for _ in range(20)]
        assert any((image == 255 - IMAGE).all() for image in images)
        with pytest.raises(ValueError, match="has to know the epoch.*image=image, epoch=3"):
            pipeline(image=IMAGE)


class TestPolicyFile:
    @pytest.mark.parametrize(
        "content, message",
        [
            ([{"epoch": 0, "operations": [["Rotat", 0.3, 2]]}],
             r"stage 1, operation 1: no operation is named 'Rotat'; did you mean Rotate\? There "
             "are Identity, AutoContrast"),
            ([{"epoch": 0, "operations": [["Warp", 0.3, 2]]}], "'Warp'; There are Identity"),
            ([{"epoch": 0, "operations": []}, {"epoch": 1, "operations": [["Invert", 1.2, 2]]}],
             "stage 2, operation 1: Invert's probability must be a number from 0 to 1, not 1.2"),
            ([{"epoch": 0, "operations": [["Invert", 1, 11]]}],
             "Invert's magnitude must be a number from 0 to 10, not 11"),
            ('[{"epoch": 0, "operations": [["Invert", NaN, 1]]}]', "probability must be .* NaN"),
            ([{"epoch": 0, "operations": [["Invert", True, 1]]}], "must be a number .* not true"),
            ([{"epoch": 0, "operations": [["Invert", 1]]}], r"must be \[name, probability, magnit"),
            ([{"epoch": 0, "operations": {"Invert": 1}}], "operations must be a list"),
            ([{"epoch": 0}], 'stage 1 must be like {"epoch": 0, "operations"'),
            ([{"epoch": 0.5, "operations": []}], "epoch must be a whole number from 0, not 0.5"),
            ([{"epoch": 2, "operations": []}], r"the epochs must rise from 0, not \[2\]"),
            (SCHEDULE[:2] + SCHEDULE[1:2], r"must rise from 0, not \[0, 3, 3\]"),
            ({"Rotate": 1}, "must hold a list of stages, like"),
            ([], "must hold a list of stages, like"),
            ("[{", "is not JSON: .*line 1"),
        ],
    )  # fmt: skip
    def test_names_file_entry_and_what_is_expected(self, tmp_path, content, message):
        with pytest.raises(ValueError, match=message) as caught:
            transforms.population_based(schedule(tmp_path, content))
        assert str(tmp_path / "schedule.json") in str(caught.value)

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no policy file.*none\.json"):
            transforms.population_based(tmp_path / "none.json")

    def test_reads_the_example_of_its_docstring(self, tmp_path):
        text = transforms.read_schedule.__doc__
        stages = transforms.read_schedule(
            schedule(tmp_path, text[text.index("[") : text.index("An operation")])
        )
        assert [stage.epoch for stage in stages] == [0, 12, 20]
        assert stages[2].operations == (("Rotate", 0.6, 5), ("Invert", 0.1, 0))


def test_a_schedule_is_tabulated_by_hand():
    stages = (
        transforms.schedule.Stage(0, (("Rotate", 0.2, 2), ("Rotate", 0.6, 6), ("Color", 0.2, 9))),
        transforms.schedule.Stage(5, (("Color", 0.5, 4), ("Rotate", 0.0, 8))),
    )
    names, epochs, shares, magnitudes = transforms.tabulate(stages)
    assert names == ["Color", "Rotate"] and epochs == [0, 5]
    np.testing.assert_allclose(shares, [[0.2, 1], [0.8, np.nan]])
    np.testing.assert_allclose(magnitudes, [[9, 4], [5, np.nan]])
