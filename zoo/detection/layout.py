"""Where a detector's anchor boxes stand, and how its numbers are read."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.detection.boxes import cxcywh_to_xyxy
from zoo.layers import AnchorBoxes

VARIANCES = (0.1, 0.2)  # what SSD's offsets of the centre and of the size are divided by
LARGEST = 8.0  # e^8 anchors are more than any image; beyond it an exponential may overflow


@dataclass(frozen=True, eq=False)
class Layout:
    """What losses and decoding know of a detector; `layout_of(model)` finds it.

    `anchors` (a, 4) are centres, widths and heights, `cells` (a, 2) widths and heights of the cell
    that each stands on, both as fractions of the image, which has (height, width) `image_size`.
    """

    anchors: np.ndarray
    cells: np.ndarray
    image_size: tuple[int, int]
    coding: str

    @property
    def scale(self) -> np.ndarray:
        """(4,): what turns fractions of the image into pixels, for both formats of boxes."""
        height, width = self.image_size
        return np.array([width, height, width, height], "float32")

    def boxes(self, numbers, anchors=None, cells=None):
        """xyxy as fractions of the image, (..., a, 4), of a model's outputs (..., a, 4 or more).

        YOLO's centre stays in its cell, and a width is the anchor's times an exponential; SSD's
        centre may lie anywhere.

        Args:
            numbers: the first four are those of the box.
            anchors, cells: of these rows, where they are not all of the layout's.
        """
        numbers = ops.convert_to_tensor(numbers)
        anchors = ops.convert_to_tensor(self.anchors if anchors is None else anchors)
        if self.coding == "yolo":
            cells = ops.convert_to_tensor(self.cells if cells is None else cells)
            centre = anchors[..., :2] + (ops.sigmoid(numbers[..., :2]) - 0.5) * cells
            size = anchors[..., 2:] * ops.exp(ops.minimum(numbers[..., 2:4], LARGEST))
        else:
            centre = anchors[..., :2] + numbers[..., :2] * VARIANCES[0] * anchors[..., 2:]
            growth = ops.minimum(numbers[..., 2:4] * VARIANCES[1], LARGEST)
            size = anchors[..., 2:] * ops.exp(growth)
        return cxcywh_to_xyxy(ops.concatenate([centre, size], axis=-1))

    def scores(self, numbers):
        """(..., a, classes): how likely there is an object and it is of that class."""
        if self.coding == "yolo":
            return ops.sigmoid(numbers[..., 4:5]) * ops.softmax(numbers[..., 5:])
        return ops.softmax(numbers[..., 4:])[..., 1:]


def layout_of(model: keras.Model) -> Layout:
    """The layout of a detector of the zoo.

    Raises:
        ValueError: if the model does not end in `zoo.layers.AnchorBoxes`.
    """
    checks.model(model)
    found = [layer for layer in model.layers if isinstance(layer, AnchorBoxes)]
    if len(found) != 1:
        raise ValueError(
            f"{model.name} is no detector: it must end in one layer AnchorBoxes, and has "
            f"{len(found) or 'none'}"
        )
    return Layout(
        found[0].anchors(), found[0].cells(), tuple(model.input_shape[1:3]), found[0].coding
    )
