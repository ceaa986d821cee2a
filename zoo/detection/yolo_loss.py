"""YOLO v2's loss: the one anchor that is responsible for an object, and all others.

    loss =       coordinates of the responsible anchors x 5
         +       (IoU - objectness)^2 of the responsible anchors
         + 0.5 x objectness^2 of the others, those aside that cover an object well anyway
         +       cross-entropy of the responsible anchors' classes

summed over an image. Responsible is the anchor nearest in shape to the object's box, on the cell
that the object's centre lies in. Sources: Redmon et al., You only look once (arXiv:1506.02640),
equation 3, and YOLO9000 (arXiv:1612.08242). Deviations: cross-entropy in place of squares for the
classes; where two objects want one anchor, the second takes the next best of that cell.
"""

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.detection.anchors import shape_iou
from zoo.detection.boxes import ciou, iou, pairwise_iou, xyxy_to_cxcywh
from zoo.detection.layout import Layout

COORDINATES, NO_OBJECT = 5.0, 0.5
COVERED = 0.6  # an anchor whose box has this IoU with an object is not told that there is none
EPSILON = 1e-7
TERMS = ("coordinates", "object", "no_object", "classes")


class YoloLoss(keras.losses.Loss):
    """The loss of `yolo_v2` and its kind, one number per image.

        loss = detection.YoloLoss(detection.layout_of(net))
        train = data.batches("train", 8, target=loss.targets)
        net.compile("adam", loss, metrics=[loss.terms()])

    Args:
        layout: of the model.
        boxes: how coordinates are compared: "roots", squares of the differences of the centres in
            cells and of the square roots of widths and heights; or "ciou", 1 - CIoU.
        objects: how objectness is compared with the IoU, or with 0: by "squares", or by
            "cross_entropy", whose gradient does not fade where the net is surely wrong.

    Raises:
        ValueError: if the layout is another model's kind, or an option is unknown.
    """

    def __init__(self, layout: Layout, *, boxes="roots", objects="squares", name="yolo_loss"):
        super().__init__(name=name)
        if layout.coding != "yolo":
            raise ValueError(f"YoloLoss reads the outputs of YOLO, not of {layout.coding!r}")
        self.layout = layout
        self.boxes = checks.one_of("boxes", boxes, ("roots", "ciou"))
        self.objects = checks.one_of("objects", objects, ("squares", "cross_entropy"))

    def targets(self, targets: dict) -> np.ndarray:
        """What `call` takes of a batch's boxes and classes: (n, m, 6) float32.

        xyxy as fractions of the image, class, index of the responsible anchor; padding, and objects
        in cells whose anchors are all taken, have the index -1.
        """
        boxes, classes = targets["boxes"] / self.layout.scale, targets["classes"]
        rows = np.concatenate([boxes, classes[..., None], classes[..., None] * 0 - 1], axis=-1)
        rows[..., 5] = [self._responsible(b, c) for b, c in zip(boxes, classes, strict=True)]
        return rows.astype("float32")

    def _responsible(self, boxes, classes) -> np.ndarray:
        """(m,): the anchor of each object; larger objects do not go before smaller ones."""
        anchors, half = self.layout.anchors, self.layout.cells / 2
        found, taken = np.full(len(boxes), -1), set()
        real = np.flatnonzero((classes >= 0) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1))
        centres = np.clip((boxes[:, :2] + boxes[:, 2:]) / 2, 0, 1 - EPSILON)
        for k in real:
            offset = centres[k] - anchors[:, :2]
            inside = np.flatnonzero(((offset >= -half - EPSILON) & (offset < half)).all(axis=1))
            likeness = shape_iou((boxes[k, 2:] - boxes[k, :2])[None], anchors[inside, 2:])[0]
            for anchor in inside[np.argsort(-likeness, kind="stable")]:
                if anchor not in taken:
                    taken.add(anchor)
                    found[k] = anchor
                    break
        return found

    def call(self, y_true, y_pred):
        return sum(self.parts(y_true, y_pred).values())  # (n,)

    def parts(self, y_true, y_pred) -> dict:
        """The four terms by name, weighted, (n,) each."""
        y_true, y_pred = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        index = ops.cast(y_true[..., 5], "int32")
        real = ops.cast(index >= 0, "float32")  # (n, m)
        index = ops.maximum(index, 0)
        numbers = ops.take_along_axis(y_pred, index[..., None], axis=1)  # (n, m, 5 + classes)
        anchors = ops.take(self.layout.anchors, index, axis=0)
        cells = ops.take(self.layout.cells, index, axis=0)
        true, found = y_true[..., :4], self.layout.boxes(numbers, anchors, cells)

        if self.boxes == "roots":
            coordinates = _squares_of_roots(true, found, cells)
        else:
            coordinates = 1 - ciou(true, found)
        overlap = ops.stop_gradient(iou(true, found))
        classes = ops.cast(ops.maximum(y_true[..., 4], 0), "int32")
        cross_entropy = keras.losses.sparse_categorical_crossentropy(
            classes, numbers[..., 5:], from_logits=True
        )
        object_error = self._objectness(overlap, numbers[..., 4])

        every = self.layout.boxes(y_pred)
        covers = ops.max(ops.stop_gradient(pairwise_iou(every, true)), axis=-1) > COVERED
        places = ops.arange(ops.shape(y_pred)[1], dtype="int32")
        responsible = ops.any(
            ops.logical_and(index[..., None] == places, real[..., None] > 0), axis=1
        )
        others = ops.cast(ops.logical_not(ops.logical_or(covers, responsible)), "float32")
        zero = ops.zeros_like(others)
        return {
            "coordinates": COORDINATES * ops.sum(real * coordinates, axis=1),
            "object": ops.sum(real * object_error, axis=1),
            "no_object": NO_OBJECT
            * ops.sum(others * self._objectness(zero, y_pred[..., 4]), axis=1),
            "classes": ops.sum(real * cross_entropy, axis=1),
        }

    def _objectness(self, wanted, logit):
        if self.objects == "squares":
            return (wanted - ops.sigmoid(logit)) ** 2
        return ops.softplus(logit) - wanted * logit  # binary cross-entropy

    def terms(self) -> "YoloTerms":
        """A metric that logs each term by itself, the mean over the images."""
        return YoloTerms(self)


class YoloTerms(keras.metrics.Metric):
    """The four terms of a `YoloLoss`, as numbers of their own in the logs."""

    def __init__(self, loss: YoloLoss, name="terms"):
        super().__init__(name=name)
        self.loss = loss
        self.means = {term: keras.metrics.Mean(name=term) for term in TERMS}

    def update_state(self, y_true, y_pred, sample_weight=None):
        for term, values in self.loss.parts(y_true, y_pred).items():
            self.means[term].update_state(values, sample_weight)

    def result(self):
        return {term: mean.result() for term, mean in self.means.items()}

    def reset_state(self):
        for mean in self.means.values():
            mean.reset_state()


def _squares_of_roots(true, found, cells):
    """(..., 4) xyxy each: squares of the centres' differences in cells, and of the roots of widths
    and heights in fractions of the image."""
    true, found = xyxy_to_cxcywh(true), xyxy_to_cxcywh(found)
    centres = (true[..., :2] - found[..., :2]) / cells
    sizes = ops.sqrt(true[..., 2:] + EPSILON) - ops.sqrt(found[..., 2:] + EPSILON)
    return ops.sum(centres**2, axis=-1) + ops.sum(sizes**2, axis=-1)
