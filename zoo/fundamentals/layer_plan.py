"""How many layers from an image to one number, and how much of the image that number has seen.

A plan is a list of layers: "conv3" is a 3x3 kernel that stays inside the map, "pool2" takes the
maximum of each 2x2. The receptive field is counted in two ways. Exactly: a layer of kernel k widens
a field of r pixels to r + (k - 1) jump, and pooling multiplies the jump, the pixels between
neighbours. By the course's rule: a 3x3 kernel adds 2, pooling 2x2 doubles. That overestimates the
pooling, underestimates the kernels after it, and is good for mental arithmetic.

Sources: The School of AI, EVA sessions 1 and 2; Araujo, Norris and Sim, Computing receptive fields
of convolutional neural networks (Distill, 2019); on the coverage Odena, Dumoulin and Olah,
Deconvolution and checkerboard artifacts (Distill, 2016).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from zoo import checks

# Session 1's plan from 400x400 to 1x1: 27 kernels, four poolings.
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
    """The maps from an image of size x size pixels on: first the image itself, then each layer's.

    Raises:
        ValueError: if the size is not a whole number of 1 or more, a layer is unknown, or its
            kernel is larger than its input map.
    """
    checks.whole_number("size", size, least=1)
    steps = [Step("image", size, field=1, taught=1, jump=1)]
    for layer in layers:
        steps.append(_after(steps[-1], layer))
    return steps


def kernels_alone(size: int, kernel: int = 3) -> list[str]:
    """The layers that bring size x size to 1x1 without pooling.

    Each takes kernel - 1 pixels off a side. If that does not divide size - 1, the last kernel is a
    smaller one: a side of 400 pixels takes 199 kernels of 3x3, which leave 2x2, and one of 2x2.

    Raises:
        ValueError: if the size is not a whole number of 1 or more, or the kernel of 2 or more.
    """
    checks.whole_number("size", size, least=1)
    checks.whole_number("kernel", kernel, least=2)
    count, rest = divmod(size - 1, kernel - 1)
    plan = count * [f"conv{kernel}"]
    if rest:
        plan.append(f"conv{rest + 1}")
    return plan


def coverage(size: int, kernel: int = 3, stride: int = 1) -> np.ndarray:
    """How often a sliding kernel covers each pixel, (size, size) counts.

    Raises:
        ValueError: if the size, kernel or stride is not a whole number of 1 or more, or the kernel
            is larger than the image.
    """
    checks.whole_number("size", size, least=1)
    checks.whole_number("kernel", kernel, least=1, most=size)
    checks.whole_number("stride", stride, least=1)
    along_a_side = np.zeros(size, int)
    for start in range(0, size - kernel + 1, stride):
        along_a_side[start : start + kernel] += 1
    return np.outer(along_a_side, along_a_side)


def _after(step: Step, layer: str) -> Step:
    match = re.fullmatch(r"(conv|pool)([1-9]\d*)", str(layer))
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
