"""Which detection found which object of an image: for confusions and for pictures."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from zoo import checks
from zoo.datasets.objects import Objects
from zoo.detection.boxes import pairwise_iou
from zoo.detection.decoding import Detections


@dataclass(frozen=True, eq=False)
class Matches:
    """Pairs of true and predicted class of one image, (k,) each; `background` for none."""

    true: np.ndarray
    predicted: np.ndarray
    background: int  # the number of classes

    @property
    def f1(self) -> float:
        """2 right / (objects + detections); 1 where there are neither."""
        right = np.sum(self.true == self.predicted)
        both = np.sum(self.true < self.background) + np.sum(self.predicted < self.background)
        return float(2 * right / both) if both else 1.0


def match(found: Detections, objects: Objects, classes: int, *, iou: float = 0.5) -> Matches:
    """Pair detections with the objects they cover, whatever their classes.

    The highest score chooses first, of the objects still free the one that it overlaps most.
    Objects that are not found and detections that cover none are paired with the background;
    detections of crowds are left out.

    Args:
        classes: how many there are.
        iou: what a detection and its object overlap at least.

    Raises:
        ValueError: if a number is out of its range.
    """
    checks.whole_number("classes", classes, least=1)
    checks.probability("iou", iou)
    if len(found) and len(objects):
        overlaps = np.array(ops.convert_to_numpy(pairwise_iou(found.boxes, objects.boxes)))
    else:
        overlaps = np.zeros((len(found), len(objects)))
    pairs, free = [], ~objects.crowds
    for k in np.argsort(-found.scores, kind="stable"):
        candidates = np.where(free, overlaps[k], 0)
        best = int(candidates.argmax()) if len(candidates) else 0
        if len(candidates) and candidates[best] >= iou:
            free[best] = False
            pairs.append((objects.classes[best], found.classes[k]))
        elif not np.any(overlaps[k][objects.crowds] > 0):
            pairs.append((classes, found.classes[k]))
    pairs += [(objects.classes[k], classes) for k in np.flatnonzero(free)]
    true, predicted = np.array(pairs, int).reshape(-1, 2).T
    return Matches(true, predicted, classes)
