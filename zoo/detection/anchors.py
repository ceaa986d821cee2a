"""Anchors: the shapes of boxes that a detector starts from, found in data.

A detector predicts how a box differs from an anchor. The nearer the anchors are to the boxes of the
data, the less it has to learn; how near is the mean over the boxes of the IoU with the best anchor,
both laid corner on corner.

Source: Redmon and Farhadi, YOLO9000 (arXiv:1612.08242), section 2.
"""

from dataclasses import dataclass

import numpy as np

from zoo import checks

SAMPLE = 5_000  # boxes on which the starts are compared; the best goes on with all
MOST_ROUNDS = 100
ENOUGH = 1e-5  # of mean IoU, from one round to the next


@dataclass(frozen=True)
class Anchors:
    """Anchors (k, 2), widths and heights in the unit of the boxes, the smallest area first."""

    sizes: np.ndarray
    mean_iou: float  # of the boxes with their best anchor
    left_out: int  # boxes without area


def anchor_kmeans(
    sizes, k: int, *, centre: str = "median", starts: int = 10, seed: int = 0
) -> Anchors:
    """k anchors for boxes of these sizes: k-means whose distance is 1 - IoU.

    Euclidean k-means spends its anchors on large boxes, whose differences are large numbers; IoU
    sees a small box that is half as wide as it does a large one.

    Args:
        sizes: (n, 2), widths and heights. Those without area are left out and counted.
        k: how many anchors.
        centre: of a cluster, the "median" or the "mean" of its widths and of its heights.
        starts: how many random starts are compared, on a sample if there are many boxes.
        seed: of the starts and the sample.

    Raises:
        ValueError: if the sizes are not finite numbers (n, 2), or fewer of them have an area than
            there are to be anchors.
    """
    sizes = _checked(sizes)
    checks.whole_number("k", k, least=1)
    checks.one_of("centre", centre, ("median", "mean"))
    checks.whole_number("starts", starts, least=1)
    checks.whole_number("seed", seed, least=0)
    boxes = sizes[(sizes > 0).all(axis=1)]
    if len(boxes) < k:
        raise ValueError(f"k={k} anchors need as many boxes with an area, not {len(boxes)}")
    rng = np.random.default_rng(seed)
    boxes = rng.permutation(boxes)
    few = boxes[:SAMPLE]
    found = [_converged(few, _spread(few, k, rng), centre) for _ in range(starts)]
    best = max(found, key=lambda anchors: mean_best_iou(few, anchors))
    for count in (20 * SAMPLE, len(boxes)):  # near the end, the last rounds over all are few
        if len(boxes) > SAMPLE:
            best = _converged(boxes[:count], best, centre)
    best = best[np.argsort(best.prod(axis=1))]
    return Anchors(best, mean_best_iou(boxes, best), len(sizes) - len(boxes))


def mean_best_iou(sizes, anchors) -> float:
    """The mean over the boxes (n, 2) of the IoU with the best anchor (k, 2)."""
    return float(shape_iou(sizes, anchors).max(axis=1).mean())


def shape_iou(sizes, anchors) -> np.ndarray:
    """(n, k): IoU of every box with every anchor, widths and heights, laid corner on corner."""
    sizes, anchors = np.asarray(sizes, float), np.asarray(anchors, float)
    shared = np.minimum(sizes[:, None, 0], anchors[:, 0])
    shared *= np.minimum(sizes[:, None, 1], anchors[:, 1])
    union = sizes.prod(axis=1)[:, None] + anchors.prod(axis=1) - shared
    return np.divide(shared, union, out=shared)


def _spread(boxes, k, rng) -> np.ndarray:
    """k boxes to start from, each drawn with the odds of its distance from those before."""
    anchors = boxes[rng.integers(len(boxes))][None]
    while len(anchors) < k:
        distance = 1 - shape_iou(boxes, anchors).max(axis=1)
        total = distance.sum()
        odds = distance / total if total > 0 else None
        anchors = np.vstack([anchors, boxes[rng.choice(len(boxes), p=odds)]])
    return anchors


def _converged(boxes, anchors, centre) -> np.ndarray:
    """Assign and average until the mean IoU rises by less than `ENOUGH`."""
    average = np.median if centre == "median" else np.mean
    best, score = anchors, 0.0
    for _ in range(MOST_ROUNDS):
        overlaps = shape_iou(boxes, anchors)
        before, score = score, overlaps.max(axis=1).mean()
        if score - before < ENOUGH:
            break
        best, nearest = anchors, overlaps.argmax(axis=1)
        anchors = anchors.copy()
        for i in range(len(anchors)):
            members = boxes[nearest == i]
            if len(members):
                anchors[i] = average(members, axis=0)
    return best if score < before else anchors


def _checked(sizes) -> np.ndarray:
    sizes = checks.array("sizes", sizes).astype(float)
    if sizes.ndim != 2 or sizes.shape[1] != 2 or not np.isfinite(sizes).all():
        raise ValueError(f"sizes must be finite widths and heights (n, 2), not {sizes.shape}")
    return sizes
