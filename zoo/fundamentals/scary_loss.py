"""YOLO v2's loss of one image, in a loop over the cells of its grid.

    each cell has k anchors, each anchor 4 + 1 + classes numbers: tx, ty, tw, th, to, one per class

    centre      column + sigmoid(tx), row + sigmoid(ty), in cells
    size        anchor x e^tw, anchor x e^th, as fractions of the image
    objectness  sigmoid(to), which should be the IoU with the object, or 0

Source: Redmon et al., You only look once (arXiv:1506.02640), equation 3; the anchors are those of
YOLO9000 (arXiv:1612.08242).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TERMS = ("coordinates", "object", "no_object", "classes")
COORDINATES, NO_OBJECT, COVERED = 5.0, 0.5, 0.6
SURE = 6.0  # a logit whose sigmoid is 0.998


@dataclass(frozen=True)
class Costs:
    """Each term, weighted, per cell: (rows, columns) by name.

    `responsible` maps (row, column, anchor) to the number of the object that it has to find.
    """

    cells: dict[str, np.ndarray]
    responsible: dict[tuple[int, int, int], int]

    @property
    def terms(self) -> dict[str, float]:
        """The sum of each term over the cells; their sum is the loss."""
        return {term: float(cells.sum()) for term, cells in self.cells.items()}


def costs(grid, anchors, boxes, classes: Sequence[int]) -> Costs:
    """What one image costs, cell by cell.

    Args:
        grid: (rows, columns, k, 4 + 1 + classes), what the net gave.
        anchors: (k, 2), widths and heights as fractions of the image.
        boxes: (m, 4), left, top, right, bottom of the objects as fractions of the image.
        classes: of the objects.
    """
    rows, columns, count, _ = np.shape(grid)
    responsible = {}
    for number, box in enumerate(boxes):
        row = int((box[1] + box[3]) / 2 * rows)
        column = int((box[0] + box[2]) / 2 * columns)
        shape = (0, 0, box[2] - box[0], box[3] - box[1])
        likeness = [iou(shape, (0, 0, *anchor)) for anchor in anchors]
        for anchor in np.argsort(likeness)[::-1]:  # the nearest in shape that is still free
            if (row, column, int(anchor)) not in responsible:
                responsible[row, column, int(anchor)] = number
                break

    cells = {term: np.zeros((rows, columns)) for term in TERMS}
    for row, column, anchor in np.ndindex(rows, columns, count):
        tx, ty, tw, th, to, *logits = np.asarray(grid[row, column, anchor], float).tolist()
        x, y = (column + sigmoid(tx)) / columns, (row + sigmoid(ty)) / rows
        width, height = anchors[anchor][0] * math.exp(tw), anchors[anchor][1] * math.exp(th)
        found = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)

        if (row, column, anchor) not in responsible:
            if max((iou(found, box) for box in boxes), default=0) <= COVERED:
                cells["no_object"][row, column] += NO_OBJECT * sigmoid(to) ** 2
            continue

        number = responsible[row, column, anchor]
        left, top, right, bottom = boxes[number]
        squares = [
            ((x - (left + right) / 2) * columns) ** 2,
            ((y - (top + bottom) / 2) * rows) ** 2,
            (math.sqrt(width) - math.sqrt(right - left)) ** 2,
            (math.sqrt(height) - math.sqrt(bottom - top)) ** 2,
        ]
        cells["coordinates"][row, column] += COORDINATES * sum(squares)
        cells["object"][row, column] += (iou(found, boxes[number]) - sigmoid(to)) ** 2
        exponentials = [math.exp(logit) for logit in logits]
        probability = exponentials[classes[number]] / sum(exponentials)
        cells["classes"][row, column] -= math.log(probability)
    return Costs(cells, responsible)


def right_answer(cells, anchors, boxes, classes, num_classes: int) -> np.ndarray:
    """The grid of a net that finds every object and is sure of it, and of all else.

    Args:
        cells: (rows, columns).
        anchors, boxes, classes: as of `costs`.
    """
    rows, columns = cells
    grid = np.zeros((rows, columns, len(anchors), 5 + num_classes))
    grid[..., 4] = -SURE
    for place, number in costs(grid, anchors, boxes, classes).responsible.items():
        left, top, right, bottom = boxes[number]
        x, y = (left + right) / 2 * columns % 1, (top + bottom) / 2 * rows % 1
        numbers = grid[place]
        numbers[:2] = math.log(x / (1 - x)), math.log(y / (1 - y))
        numbers[2] = math.log((right - left) / anchors[place[2]][0])
        numbers[3] = math.log((bottom - top) / anchors[place[2]][1])
        numbers[4], numbers[5 + classes[number]] = SURE, SURE
    return grid


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes: left, top, right, bottom."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
