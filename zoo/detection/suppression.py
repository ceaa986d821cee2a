"""Non-maximum suppression: of boxes that overlap much, the one with the highest score."""

import numpy as np

from zoo import checks


def suppress(boxes, scores, classes=None, *, iou: float = 0.45, most: int = 100) -> np.ndarray:
    """The indices of the boxes to keep, the highest score first.

    Boxes suppress those of their own class alone. Of equal scores the one that comes first in the
    list is kept, and goes first. Plain numpy: the same on every backend.

    Args:
        boxes: (n, 4), xyxy.
        scores: (n,).
        classes: (n,) whole numbers; None: one class.
        iou: two boxes that overlap more than this are of one object.
        most: how many to keep.

    Raises:
        ValueError: if the numbers of boxes, scores and classes differ, or one is not finite.
    """
    boxes, scores = checks.array("boxes", boxes), checks.array("scores", scores)
    boxes = boxes.reshape(-1, 4) if not boxes.size else boxes
    classes = np.zeros(len(boxes), int) if classes is None else checks.array("classes", classes)
    if boxes.shape[1:] != (4,) or not scores.shape == classes.shape == boxes.shape[:1]:
        raise ValueError(
            f"boxes (n, 4) need n scores and n classes, not {boxes.shape}, {scores.shape} and "
            f"{classes.shape}"
        )
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        raise ValueError("boxes and scores must be finite numbers")
    checks.probability("iou", iou)
    checks.whole_number("most", most, least=1)
    # Boxes of different classes are moved apart, so that one pass serves all classes.
    boxes = boxes.astype("float64")
    extent = boxes.max(initial=0) - boxes.min(initial=0) + 1
    left, top, right, bottom = (boxes + (classes * extent)[:, None]).T
    areas = np.maximum(right - left, 0) * np.maximum(bottom - top, 0)
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order) and len(kept) < most:
        best, order = order[0], order[1:]
        kept.append(best)
        width = np.minimum(right[best], right[order]) - np.maximum(left[best], left[order])
        height = np.minimum(bottom[best], bottom[order]) - np.maximum(top[best], top[order])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        order = order[shared <= iou * (areas[best] + areas[order] - shared)]
    return np.array(kept, int)
