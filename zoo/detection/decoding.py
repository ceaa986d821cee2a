"""From a detector's numbers to boxes, scores and classes."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.detection.layout import layout_of
from zoo.detection.suppression import suppress

CANDIDATES = 1000  # of an image, those with the highest scores, that suppression chooses from


@dataclass(frozen=True, eq=False)
class Detections:
    """What was found in one image, the highest score first.

    `boxes` (k, 4) float32 xyxy in pixels of the model's input, `scores` (k,) float32, `classes`
    (k,) int64.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)

    def above(self, score: float) -> "Detections":
        """Those of that score or a higher one."""
        kept = self.scores >= score
        return Detections(self.boxes[kept], self.scores[kept], self.classes[kept])


def detect(model: keras.Model, images, *, batch_size: int = 32, **options) -> list[Detections]:
    """What a detector finds in images (n, h, w, c), normalised as in its training.

    `options` are those of `decode`.
    """
    images = checks.array("images", images)
    found = []
    for start in range(0, len(images), batch_size):
        found += decode(
            model, model.predict_on_batch(images[start : start + batch_size]), **options
        )
    return found


def decode(
    model: keras.Model, outputs, *, score: float = 0.05, iou: float = 0.45, most: int = 100
) -> list[Detections]:
    """What a detector's outputs say, one entry per image, each object once.

    An anchor counts for every class whose score is high enough.

    Args:
        model: the detector, for its anchors.
        outputs: (n, anchors, 4 + 1 + classes).
        score: the least that counts; low for a precision-recall curve, higher to look at.
        iou: boxes of a class that overlap more are of one object (`suppress`).
        most: boxes per image.

    Raises:
        ValueError: if the outputs are not finite or not of this model, or a number is out of range.
    """
    described = layout_of(model)
    shape = tuple(ops.shape(outputs))
    if len(shape) != 3 or shape[1] != len(described.anchors) or shape[2] < 6:
        raise ValueError(
            f"outputs of shape {shape} are not {model.name}'s, (n, {len(described.anchors)}, 4 + 1 "
            f"+ classes)"
        )
    checks.probability("score", score)
    checks.probability("iou", iou)
    checks.whole_number("most", most, least=1)
    outputs = ops.cast(outputs, "float32")
    scores = ops.convert_to_numpy(described.scores(outputs))
    if not np.isfinite(scores).all():
        raise ValueError(f"{model.name}'s outputs are not finite; did its training diverge?")
    boxes = np.clip(ops.convert_to_numpy(described.boxes(outputs)), 0, 1) * described.scale
    return [_of_one(*parts, score, iou, most) for parts in zip(boxes, scores, strict=True)]


def _of_one(boxes, scores, score, iou, most) -> Detections:
    values = scores.ravel()
    found = np.flatnonzero(values >= score)
    if len(found) > CANDIDATES:  # a partition spares sorting what cannot be among them
        least = np.partition(values[found], -CANDIDATES)[-CANDIDATES]
        found = found[values[found] >= least]
        found = np.sort(found[np.argsort(-values[found], kind="stable")[:CANDIDATES]])
    rows, classes = np.divmod(found, scores.shape[1])
    kept = suppress(boxes[rows], values[found], classes, iou=iou, most=most)
    return Detections(boxes[rows[kept]], values[found[kept]], classes[kept])
