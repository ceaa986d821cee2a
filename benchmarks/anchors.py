"""Anchors of a million boxes in the time of scikit-learn's KMeans.

KERAS_BACKEND=torch python benchmarks/anchors.py

COCO's training images have 860,000 boxes. Both find five anchors from ten starts.
"""

import time

import numpy as np
from measure import ratios, report, row
from sklearn.cluster import KMeans

from zoo.detection import anchor_kmeans, mean_best_iou

ROUNDS = 5
BOXES, ANCHORS, STARTS = 1_000_000, 5, 10


def timed(function, kept):
    """A function that calls another and keeps its result; gives the seconds that it took."""

    def seconds():
        began = time.perf_counter()
        kept.append(function())
        return time.perf_counter() - began

    return seconds


def measure(centre):
    rng = np.random.default_rng(0)
    areas, shapes = rng.normal(-2.5, 1, (BOXES, 1)), rng.normal(0, 0.3, (BOXES, 1))
    sizes = np.minimum(np.exp(areas + shapes * [1, -1]), 1)  # widths, heights: parts of an image
    ours, theirs = [], []
    values = ratios(
        timed(lambda: anchor_kmeans(sizes, ANCHORS, centre=centre, starts=STARTS), ours),
        timed(lambda: KMeans(ANCHORS, n_init=STARTS, random_state=0).fit(sizes), theirs),
        ROUNDS,
    )
    euclidean = mean_best_iou(sizes, theirs[-1].cluster_centers_)
    return [
        row(f"{centre}s: seconds, in those of KMeans", values, "at most 1"),
        row(f"{centre}s: mean best IoU", [anchors.mean_iou for anchors in ours], "", ".3f"),
        row("KMeans: mean best IoU", [euclidean], "", ".3f"),
    ]


if __name__ == "__main__":
    medians, means = measure("median"), measure("mean")
    report("anchors of a million boxes", medians[:2] + means)
