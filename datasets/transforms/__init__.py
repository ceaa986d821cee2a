"""The course's augmentations, for the list that `Dataset.batches` takes.

    data.batches("train", 512, [crop(pad=4), flip(), cutout(8, fill=data.mean), cutmix()])

Those of one image come first, in the order of the list, and may be mixed with any other
albumentations transform; then those that mix the images of a batch, and with them their labels.
"""

from zoo.datasets.transforms.mixing import Mixing, cutmix, mixup, ricap
from zoo.datasets.transforms.mosaic import Mosaic, mosaic
from zoo.datasets.transforms.operations import OPERATIONS, operate
from zoo.datasets.transforms.policies import auto_augment, population_based, rand_augment
from zoo.datasets.transforms.schedule import read_schedule, tabulate
from zoo.datasets.transforms.single import (
    blur,
    coarse_dropout,
    color_shift,
    crop,
    cutout,
    elastic,
    flip,
    patch_gaussian,
    rotate,
    scale,
    shift_scale_rotate,
    translate,
)
from zoo.datasets.transforms.whitening import Whitening

__all__ = [
    "OPERATIONS",
    "Mixing",
    "Mosaic",
    "Whitening",
    "auto_augment",
    "blur",
    "coarse_dropout",
    "color_shift",
    "crop",
    "cutmix",
    "cutout",
    "elastic",
    "flip",
    "mixup",
    "mosaic",
    "operate",
    "patch_gaussian",
    "population_based",
    "rand_augment",
    "read_schedule",
    "ricap",
    "rotate",
    "scale",
    "shift_scale_rotate",
    "tabulate",
    "translate",
]
