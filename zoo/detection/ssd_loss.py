"""SSD's loss: every anchor that covers an object learns it, and the hardest of the others.

    loss = (smooth L1 of the boxes + cross-entropy of the classes, background among them)
           / number of anchors that cover an object

Three times as many anchors without object count as with one, those that the net is most wrong
about. Source: Liu et al., SSD: single shot multibox detector (arXiv:1512.02325), section 2.2. An
image without objects has the three hardest of its anchors.
"""

import keras
import numpy as np
from keras import ops

from zoo.detection.layout import VARIANCES, Layout

MATCHED = 0.5  # IoU of an anchor with the object that it learns
NEGATIVES = 3  # per anchor with an object


class SsdLoss(keras.losses.Loss):
    """The loss of `ssd_small`, one number per image.

        loss = detection.SsdLoss(detection.layout_of(net))
        train = data.batches("train", 8, target=loss.targets)

    Raises:
        ValueError: if the layout is another model's kind.
    """

    def __init__(self, layout: Layout, name="ssd_loss"):
        super().__init__(name=name)
        if layout.coding != "ssd":
            raise ValueError(f"SsdLoss reads the outputs of SSD, not of {layout.coding!r}")
        self.layout = layout
        self._corners = _corners(layout.anchors)

    def targets(self, targets: dict) -> np.ndarray:
        """What `call` takes of a batch's boxes and classes: (n, anchors, 5) float32.

        The four numbers that the net should give, and the class plus 1; 0 is background. An anchor
        learns the object that it overlaps most, if by `MATCHED`; each object has the anchor that
        overlaps it most, whatever the overlap.
        """
        boxes, classes = targets["boxes"] / self.layout.scale, targets["classes"]
        return np.stack([self._of_one(b, c) for b, c in zip(boxes, classes, strict=True)])

    def _of_one(self, boxes, classes) -> np.ndarray:
        anchors = self.layout.anchors
        result = np.zeros((len(anchors), 5), "float32")
        real = (classes >= 0) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        boxes, classes = boxes[real], classes[real]
        if not len(boxes):
            return result
        overlaps = _overlaps(self._corners, boxes)  # (a, m)
        best, value = overlaps.argmax(axis=1), overlaps.max(axis=1)
        favourites = overlaps.argmax(axis=0)
        best[favourites], value[favourites] = np.arange(len(boxes)), 1
        matched = value >= MATCHED
        box, anchor = boxes[best[matched]], anchors[matched]
        centre = (box[:, :2] + box[:, 2:]) / 2 - anchor[:, :2]
        result[matched, :2] = centre / anchor[:, 2:] / VARIANCES[0]
        result[matched, 2:4] = np.log((box[:, 2:] - box[:, :2]) / anchor[:, 2:]) / VARIANCES[1]
        result[matched, 4] = classes[best[matched]] + 1
        return result

    def call(self, y_true, y_pred):
        y_true, y_pred = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        classes = ops.cast(y_true[..., 4], "int32")
        positive = ops.cast(classes > 0, "float32")  # (n, a)
        count = ops.maximum(ops.sum(positive, axis=1, keepdims=True), 1)
        difference = ops.abs(y_true[..., :4] - y_pred[..., :4])
        smooth = ops.where(difference < 1, 0.5 * difference**2, difference - 0.5)
        boxes = ops.sum(positive * ops.sum(smooth, axis=-1), axis=1)
        error = keras.losses.sparse_categorical_crossentropy(
            classes, y_pred[..., 4:], from_logits=True
        )
        negative = ops.stop_gradient(ops.where(positive > 0, -1.0, error))
        rank = ops.argsort(ops.argsort(-negative, axis=1), axis=1)
        hard = ops.cast(ops.cast(rank, "float32") < NEGATIVES * count, "float32") * (1 - positive)
        return (boxes + ops.sum((positive + hard) * error, axis=1)) / count[:, 0]


def _corners(anchors: np.ndarray) -> np.ndarray:
    return np.concatenate(
        [anchors[:, :2] - anchors[:, 2:] / 2, anchors[:, :2] + anchors[:, 2:] / 2], axis=1
    )


def _overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU of every box of `a` (n, 4) with every one of `b` (m, 4)."""
    sides = np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])
    shared = np.maximum(sides, 0).prod(axis=-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=-1) for boxes in (a, b)]
    return shared / (areas[0][:, None] + areas[1] - shared + 1e-9)
