"""The output of a detector: one row of numbers per anchor box, of one map or several."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from zoo import checks

CODINGS = ("yolo", "ssd")


@keras.saving.register_keras_serializable(package="zoo")
class AnchorBoxes(layers.Layer):
    """Maps (b, rows, columns, k numbers) to (b, boxes, numbers): k anchors stand on every cell.

    The rows of a map come cell by cell, from left to right and top to bottom, the k anchors of a
    cell beside each other; several maps follow one another. What the numbers mean, four of the box,
    one of object or background and one per class, is `zoo.detection`'s to say.

    Args:
        sizes: of the anchors: (k, 2) widths and heights as fractions of the image, or for several
            maps a list of such.
        coding: how the numbers are read, "yolo" or "ssd".

    Raises:
        ValueError: if an argument is something else; on the first call, if there are not as many
            maps, or their channels are not a multiple of their anchors.
    """

    def __init__(self, sizes, coding="yolo", **kwargs):
        super().__init__(**kwargs)
        self.sizes = anchor_sizes(sizes)
        self.coding = checks.one_of("coding", coding, CODINGS)

    def build(self, input_shape):
        shapes = input_shape if isinstance(input_shape[0], tuple | list) else [input_shape]
        if len(shapes) != len(self.sizes):
            raise ValueError(
                f"{self.name}: anchors of {len(self.sizes)} maps do not suit {len(shapes)}"
            )
        self.grids = [tuple(shape[1:3]) for shape in shapes]
        for shape, sizes in zip(shapes, self.sizes, strict=True):
            if None in shape[1:3]:
                raise ValueError(
                    f"{self.name}: anchors stand on cells, so the size of the images must be known"
                )
            if shape[-1] % len(sizes):
                raise ValueError(
                    f"{self.name}: {shape[-1]} channels are no multiple of {len(sizes)} anchors"
                )

    def call(self, maps):
        maps = maps if isinstance(maps, list | tuple) else [maps]
        rows = []
        for x, grid, sizes in zip(maps, self.grids, self.sizes, strict=True):
            boxes = grid[0] * grid[1] * len(sizes)
            rows.append(ops.reshape(x, (-1, boxes, x.shape[-1] // len(sizes))))
        return rows[0] if len(rows) == 1 else ops.concatenate(rows, axis=1)

    def anchors(self) -> np.ndarray:
        """(boxes, 4) float32: centre x and y, width, height of every anchor, as fractions."""
        placed = []
        for (rows, columns), sizes in zip(self.grids, self.sizes, strict=True):
            y, x = np.mgrid[:rows, :columns] + 0.5
            centres = np.stack([x / columns, y / rows], axis=-1).reshape(-1, 1, 2)
            centres = np.broadcast_to(centres, (rows * columns, len(sizes), 2))
            shapes = np.broadcast_to(np.array(sizes), centres.shape)
            placed.append(np.concatenate([centres, shapes], axis=-1).reshape(-1, 4))
        return np.concatenate(placed).astype("float32")

    def cells(self) -> np.ndarray:
        """(boxes, 2) float32: width and height of the cell that each anchor stands on."""
        counts = [
            rows * columns * len(sizes)
            for (rows, columns), sizes in zip(self.grids, self.sizes, strict=True)
        ]
        sides = [(1 / columns, 1 / rows) for rows, columns in self.grids]
        return np.repeat(np.array(sides, "float32"), counts, axis=0)

    def get_config(self):
        return super().get_config() | {"sizes": self.sizes, "coding": self.coding}


def fixed_priors(
    maps: int, ratios: Sequence[float] = (1, 2, 1 / 2), smallest: float = 0.2, largest: float = 0.9
) -> list[np.ndarray]:
    """SSD's priors: for each map, from fine to coarse, (ratios + 1, 2) fractions of the image.

    The scales grow evenly from the smallest to the largest; a prior of scale s and ratio a is
    s sqrt(a) wide and s / sqrt(a) high. The last of a map is a square between its scale and the
    next.

    Raises:
        ValueError: if a number is out of its range.
    """
    checks.whole_number("maps", maps, least=1)
    checks.number("smallest", smallest, above=0)
    checks.number("largest", largest, least=smallest)
    for ratio in ratios:
        checks.number("ratios", ratio, above=0)
    step = (largest - smallest) / max(1, maps - 1)
    priors = []
    for scale in smallest + step * np.arange(maps):
        roots = np.sqrt(np.asarray(ratios, float))
        between = np.sqrt(scale * (scale + step))
        shapes = np.stack([scale * roots, scale / roots], axis=1)
        priors.append(np.vstack([shapes, [between, between]]))
    return priors


def anchor_sizes(sizes) -> list[list[tuple[float, float]]]:
    """Per map the (width, height) of its anchors; one list of them counts as one map.

    Raises:
        ValueError: if they are not positive numbers in pairs.
    """
    try:
        maps = [np.asarray(part, float) for part in sizes]
        maps = [np.stack(maps)] if maps and all(part.ndim == 1 for part in maps) else maps
        right = maps and all(part.ndim == 2 and part.shape[1] == 2 and len(part) for part in maps)
    except (TypeError, ValueError):
        right = False
    if not right or not all(np.isfinite(part).all() and (part > 0).all() for part in maps):
        raise ValueError(
            f"sizes={sizes!r} must be widths and heights above 0, (k, 2), or a list of such, one "
            f"per map"
        )
    return [[tuple(pair) for pair in part.tolist()] for part in maps]
