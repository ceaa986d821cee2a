"""How many layers from an image to one number, and how much of the image that number has seen.

A plan is a list of layers: "conv3" is a 3x3 kernel that stays inside the map, "pool2" takes the
maximum of each 2x2. Two ways of counting the receptive field stand side by side. The exact one:
a layer of kernel k widens a field of r pixels to r + (k - 1) jump, and pooling multiplies the jump,
the pixels between neighbours. The course's: a 3x3 kernel adds 2, pooling 2x2 doubles. It gives the
pooling too much and the kernels after it too little, and is good for quick sums.

Sources: The School of AI, EVA sessions 1 and 2; Araujo, Norris and Sim, Computing receptive fields
of convolutional neural networks (Distill, 2019); on the coverage Odena, Dumoulin and Olah,
Deconvolution and checkerboard artifacts (Distill, 2016).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from operator import index

import numpy as np

# Session 1's way from 400x400 to 1x1: 27 kernels, four poolings.
COURSE_PLAN = 4 * (5 * ["conv3"] + ["pool2"]) + 7 * ["conv3"]


@dataclass(frozen=True)
class Step:
    """The square map after a layer; sides in pixels."""

    layer: str
    size: int  # of the map
    field: int  # what one value sees of the image, exactly
    taught: int  # the same by the course's rule
    jump: int  # pixels of the image between neighbours in the map


def follow(size: int, layers: Iterable[str]) -> list[Step]:
    """The maps from an image of size x size pixels on: first the image's own, then each layer's.

    Raises:
        ValueError: a size below 1, an unknown layer, or one whose kernel is larger than the map it
            meets.
    """
    if index(size) < 1:
        raise ValueError(f"size {size} must be 1 or more")
    steps = [Step("image", size, field=1, taught=1, jump=1)]
    for layer in layers:
        steps.append(_after(steps[-1], layer))
    return steps


def kernels_alone(size: int, kernel: int = 3) -> list[str]:
    """The layers that bring size x size to 1x1 without pooling.

    Each takes kernel - 1 pixels off a side. Where that does not divide size - 1, as a side of 400
    pixels by 3x3, the last kernel is a smaller one: 199 of 3x3 leave 2x2, for one of 2x2.

    Raises:
        ValueError: size below 1, kernel below 2.
    """
    if size < 1 or kernel < 2:
        raise ValueError(f"size {size} must be 1 or more, kernel {kernel} 2 or more")
    whole, rest = divmod(size - 1, kernel - 1)
    return whole * [f"conv{kernel}"] + ([f"conv{rest + 1}"] if rest else [])


def coverage(size: int, kernel: int = 3, stride: int = 1) -> np.ndarray:
    """How often a sliding kernel covers each pixel, (size, size) counts.

    Raises:
        ValueError: a kernel larger than the image, a kernel or stride below 1.
    """
    if not 1 <= kernel <= size or stride < 1:
        raise ValueError(
            f"a kernel of {kernel} at stride {stride} cannot cover {size} pixels; "
            f"kernel must be 1 to {size}, stride 1 or more"
        )
    along = np.zeros(size, int)
    for start in range(0, size - kernel + 1, stride):
        along[start : start + kernel] += 1
    return np.outer(along, along)


def _after(step: Step, layer: str) -> Step:
    match = re.fullmatch(r"(conv|pool)([1-9]\d*)", layer)
    if not match:
        raise ValueError(f'unknown layer {layer!r}; write "conv3" or "pool2"')
    kind, kernel = match[1], int(match[2])
    if kernel > step.size:
        raise ValueError(
            f"{layer} needs {kernel}x{kernel}, but {step.layer} leaves {step.size}x{step.size}; "
            f"end the plan there or take a smaller kernel"
        )
    field = step.field + (kernel - 1) * step.jump
    if kind == "pool":
        return Step(layer, step.size // kernel, field, kernel * step.taught, kernel * step.jump)
    return Step(layer, step.size - kernel + 1, field, step.taught + kernel - 1, step.jump)
