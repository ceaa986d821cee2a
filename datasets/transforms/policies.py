"""Learned augmentation: AutoAugment, RandAugment and a population-based schedule.

    data.batches("train", 128, [transforms.crop(), transforms.flip(), transforms.auto_augment()])

All draw from the operations of operations.py, whose ranges are AutoAugment's. Magnitudes run from 0
to 9 in AutoAugment's table, 0 to 10 in the others; the last one is always the end of the range.
`fill` is the colour of the free space, one value or one per channel, pixels 0 to 1: `data.mean`,
say. Each raises ValueError for a setting without a meaning.
"""

from pathlib import Path

import albumentations as A

from zoo import checks
from zoo.datasets.transforms.operations import OPERATIONS, SIGNED, to_array, to_pillow
from zoo.datasets.transforms.pixels import check_pixels, fill_levels, per_channel
from zoo.datasets.transforms.schedule import Stage, read_schedule

# The published CIFAR-10 policy (Cubuk, 2019, table 7): name, probability, magnitude, twice.
CIFAR10_POLICY = (
    (("Invert", 0.1, 7), ("Contrast", 0.2, 6)),
    (("Rotate", 0.7, 2), ("TranslateX", 0.3, 9)),
    (("Sharpness", 0.8, 1), ("Sharpness", 0.9, 3)),
    (("ShearY", 0.5, 8), ("TranslateY", 0.7, 9)),
    (("AutoContrast", 0.5, 8), ("Equalize", 0.9, 2)),
    (("ShearY", 0.2, 7), ("Posterize", 0.3, 7)),
    (("Color", 0.4, 3), ("Brightness", 0.6, 7)),
    (("Sharpness", 0.3, 9), ("Brightness", 0.7, 9)),
    (("Equalize", 0.6, 5), ("Equalize", 0.5, 1)),
    (("Contrast", 0.6, 7), ("Sharpness", 0.6, 5)),
    (("Color", 0.7, 7), ("TranslateX", 0.5, 8)),
    (("Equalize", 0.3, 7), ("AutoContrast", 0.4, 8)),
    (("TranslateY", 0.4, 3), ("Sharpness", 0.2, 6)),
    (("Brightness", 0.9, 6), ("Color", 0.2, 8)),
    (("Solarize", 0.5, 2), ("Invert", 0.0, 3)),
    (("Equalize", 0.2, 0), ("AutoContrast", 0.6, 0)),
    (("Equalize", 0.2, 8), ("Equalize", 0.6, 4)),
    (("Color", 0.9, 9), ("Equalize", 0.6, 6)),
    (("AutoContrast", 0.8, 4), ("Solarize", 0.2, 8)),
    (("Brightness", 0.1, 3), ("Color", 0.7, 0)),
    (("Solarize", 0.4, 5), ("AutoContrast", 0.9, 3)),
    (("TranslateY", 0.9, 9), ("TranslateY", 0.7, 9)),
    (("AutoContrast", 0.9, 2), ("Solarize", 0.8, 3)),
    (("Equalize", 0.8, 8), ("Invert", 0.1, 3)),
    (("TranslateY", 0.7, 9), ("AutoContrast", 0.9, 1)),
)
CIFAR10_SCHEDULE = Path(__file__).with_name("pba_cifar10.json")  # for 200 epochs


def auto_augment(fill=(0.0,), p: float = 1.0) -> "AutoAugment":
    """One of the 25 published CIFAR-10 sub-policies, drawn for each image (Cubuk, 2019)."""
    return AutoAugment(fill, p=p)


def rand_augment(n: int = 2, m: float = 5, fill=(0.0,), p: float = 1.0) -> "RandAugment":
    """`n` of 14 operations, all equally likely, each at magnitude `m` of 10 (Cubuk, 2020)."""
    return RandAugment(n, m, fill, p=p)


def population_based(
    path: str | Path = CIFAR10_SCHEDULE, stretch: float = 1.0, fill=(0.0,), p: float = 1.0
) -> "PopulationBased":
    """A policy that changes with the epoch, from a JSON file; see `read_schedule` (Ho, 2019).

    By default the authors' for CIFAR-10, learnt over 200 epochs (arcielien/pba, rcifar10_16_wrn).
    Its magnitudes go through AutoAugment's table like all others; the authors' own code moves by at
    most 10 of 32 pixels, where this is 14.5, and posterizes from 4 bits down to 0, not from 8 to 4.
    `stretch` multiplies the epochs: 24 / 200 makes it a schedule of 24.

    `dataset.batches` hands it the epoch; your own pipeline does too: `pipeline(image=…, epoch=3)`.

    Raises:
        ValueError: if `stretch` is not above 0, or the file is not such a schedule.
        FileNotFoundError: if there is no such file.
    """
    return PopulationBased(read_schedule(path), stretch, fill, p=p)


class Policy(A.ImageOnlyTransform):
    """Operations in turn on a uint8 image (h, w, 1 or 3), those that `draw` draws."""

    def __init__(self, fill=(0.0,), p: float = 1.0):
        super().__init__(p=checks.probability("p", p))
        self.fill = fill_levels(fill)

    def draw(self, epoch: int | None) -> list[tuple[str, float]]:
        """Names and magnitudes, 0 to 1, for one image."""
        raise NotImplementedError

    def get_params_dependent_on_data(self, params, data):
        steps = []
        for name, magnitude in self.draw(data.get("epoch")):
            if name in SIGNED:
                magnitude *= self.py_random.choice((-1, 1))
            at = (self.py_random.random(), self.py_random.random())
            steps.append((name, magnitude, at))
        return {"steps": steps}

    def apply(self, img, steps, **params):
        fill = per_channel(self.fill, check_pixels(img).shape[-1])
        if not steps:
            return img
        image = to_pillow(img)
        for name, magnitude, at in steps:
            image = OPERATIONS[name](image, magnitude, fill, at)
        return to_array(image)


class AutoAugment(Policy):
    """See `auto_augment`."""

    def draw(self, epoch):
        sub_policy = self.py_random.choice(CIFAR10_POLICY)
        return [(name, m / 9) for name, p, m in sub_policy if self.py_random.random() < p]


class RandAugment(Policy):
    """See `rand_augment`."""

    NAMES = tuple(name for name in OPERATIONS if name not in ("Invert", "Cutout"))

    def __init__(self, n: int = 2, m: float = 5, fill=(0.0,), p: float = 1.0):
        super().__init__(fill, p=p)
        self.n = checks.whole_number("n", n, least=0, most=100)
        self.m = checks.number("m", m, least=0, most=10)

    def draw(self, epoch):
        return [(name, self.m / 10) for name in self.py_random.choices(self.NAMES, k=self.n)]


class PopulationBased(Policy):
    """See `population_based`.

    As in the paper, an image gets at most 0, 1 or 2 operations (probabilities 0.2, 0.3, 0.5): the
    epoch's operations come in random order, each taken with its own probability.
    """

    def __init__(
        self, schedule: tuple[Stage, ...], stretch: float = 1.0, fill=(0.0,), p: float = 1.0
    ):
        super().__init__(fill, p=p)
        self.schedule = schedule
        self.stretch = checks.number("stretch", stretch, above=0, most=1e6)

    def stage(self, epoch: int) -> Stage:
        """The last stage to begin by this epoch, counted from 0."""
        return [stage for stage in self.schedule if stage.epoch * self.stretch <= epoch][-1]

    def draw(self, epoch):
        if epoch is None:
            raise ValueError(
                "a schedule has to know the epoch: dataset.batches hands it over; call your own "
                "pipeline as pipeline(image=image, epoch=3)"
            )
        operations = self.stage(checks.whole_number("epoch", epoch, least=0)).operations
        most = self.py_random.choices((0, 1, 2), (0.2, 0.3, 0.5))[0]
        drawn = []
        for name, probability, magnitude in self.py_random.sample(operations, len(operations)):
            if len(drawn) < most and self.py_random.random() < probability:
                drawn.append((name, magnitude / 10))
        return drawn
