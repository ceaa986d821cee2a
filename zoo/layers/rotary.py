"""Rotary positions: what a query and a key give together depends on how far apart they are."""

import math

import numpy as np
from keras import ops

BASE = 10_000.0


def rotated(x, start=0):
    """Queries or keys (b, t, heads, d), each pair of numbers turned by its place times an angle.

    The pairs are numbers i and i + d / 2, their angles per place BASE ** (-2 i / d), so that the
    product of a query and a key depends on the distance of their places alone. Nothing is learned.
    Source: Su et al., RoFormer (arXiv:2104.09864).

    Args:
        start: the place of the first token, a number or a tensor ().
    """
    x = ops.convert_to_tensor(x)
    half = x.shape[-1] // 2
    angle_per_place = np.exp(-math.log(BASE) * np.arange(half) / half).astype("float32")
    places = ops.cast(ops.arange(ops.shape(x)[1]) + start, "float32")
    angles = places[:, None, None] * ops.convert_to_tensor(angle_per_place)  # (t, 1, d / 2)
    cos, sin = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
    first, second = x[..., :half], x[..., half:]
    return ops.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)
