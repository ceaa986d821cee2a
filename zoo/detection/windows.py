"""Where a classifier looks for objects: sliding windows, or regions that are likely to be one.

Detectors that need a single pass of a net came later; before them a classifier was shown a part of
the image at a time. Sources: Sermanet et al., OverFeat (arXiv:1312.6229); Girshick et al., Rich
feature hierarchies for accurate object detection (arXiv:1311.2524). The regions here are simpler
than the selective search of the second: connected pixels of like colour, which are not merged.
"""

import time
from collections.abc import Sequence

import cv2
import keras
import numpy as np

from zoo import checks
from zoo.datasets.decoding import fit
from zoo.datasets.detection import DetectionSplit
from zoo.detection.boxes import pairwise_iou
from zoo.detection.decoding import Detections
from zoo.detection.suppression import suppress

COLOR_COUNTS = (2, 3, 4, 6)  # into how many colours an image is divided, in turn
STOP = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 10, 1.0)  # of k-means


def sliding_windows(
    image: np.ndarray, side: int, stride: int, scales: Sequence[float] = (1,)
) -> tuple[np.ndarray, np.ndarray]:
    """Square windows of an image, and of smaller copies of it, in which they cover more.

    Args:
        image: uint8 (h, w, 1 or 3).
        side: of the windows, in pixels.
        stride: pixels from one window to the next, along rows and columns.
        scales: of the copies; 0.5 has half the sides.

    Returns:
        The windows (n, side, side, channels), scale by scale and row by row, and their boxes
        (n, 4) in pixels of the image, xyxy.

    Raises:
        ValueError: if an argument is out of its range, or a copy is smaller than a window.
    """
    side = checks.whole_number("side", side, least=1)
    stride = checks.whole_number("stride", stride, least=1)
    windows, boxes = [], []
    for scale in scales:
        small = scaled(image, scale)
        height, width, channels = small.shape
        if min(height, width) < side:
            raise ValueError(
                f"at scale {scale} the image is {height}x{width}, smaller than a window of {side} "
                f"pixels; leave the scale out, or take smaller windows"
            )
        every = np.lib.stride_tricks.sliding_window_view(small, (side, side), axis=(0, 1))
        chosen = every[::stride, ::stride]  # (rows, columns, channels, side, side)
        windows.append(np.moveaxis(chosen, 2, -1).reshape(-1, side, side, channels))
        y, x = np.mgrid[: chosen.shape[0], : chosen.shape[1]].reshape(2, -1) * stride
        corners = np.stack([x, y, x + side, y + side], axis=1)
        boxes.append(corners * ([image.shape[1] / width, image.shape[0] / height] * 2))
    return np.concatenate(windows), np.concatenate(boxes)


def scaled(image: np.ndarray, scale: float) -> np.ndarray:
    """A copy (h, w, channels) of an image, its sides times `scale`, a pixel at least."""
    scale = checks.number("scale", scale, above=0)
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    return fit(image, (height, width, image.shape[2]))


def region_proposals(image: np.ndarray, smallest: float = 0.03) -> np.ndarray:
    """Boxes (n, 4) in pixels around connected regions of like colour, xyxy, each once.

    The pixels are divided by k-means into two to six colours of CIELAB; every connected part of a
    colour is a region.

    Args:
        image: uint8 (h, w, 3).
        smallest: width and height of a region at least, as a share of the image's shorter side.
    """
    checks.probability("smallest", smallest)
    least = max(1, smallest * min(image.shape[:2]))
    colors = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype("float32")
    found = set()
    for count in COLOR_COUNTS:
        cv2.setRNGSeed(0)  # cv2's k-means draws its first centres
        _, labels, _ = cv2.kmeans(colors, count, None, STOP, 1, cv2.KMEANS_PP_CENTERS)
        for color in range(count):
            mask = (labels == color).reshape(image.shape[:2]).astype("uint8")
            *_, statistics, _ = cv2.connectedComponentsWithStats(mask)
            for x, y, width, height, _ in statistics[1:].tolist():  # 0 is what has another colour
                if min(width, height) >= least:
                    found.add((x, y, x + width, y + height))
    return np.array(sorted(found), float).reshape(-1, 4)


def crops(image: np.ndarray, boxes: np.ndarray, side: int, context: float = 0.0) -> np.ndarray:
    """What lies in boxes (n, 4), brought to (n, side, side, channels).

    Args:
        image: uint8 (h, w, channels).
        boxes: xyxy in pixels; what reaches outside the image is cut off.
        side: of the result.
        context: how much wider and higher than the box the part is, as a share of both.
    """
    height, width, channels = image.shape
    found = np.empty((len(boxes), side, side, channels), "uint8")
    for row, box in enumerate(np.asarray(boxes, float)):
        margin = context / 2 * (box[2:] - box[:2])
        low = np.clip(np.floor(box[:2] - margin), 0, [width - 1, height - 1]).astype(int)
        high = np.clip(np.ceil(box[2:] + margin), low + 1, [width, height]).astype(int)
        found[row] = fit(image[low[1] : high[1], low[0] : high[0]], (side, side, channels))
    return found


def window_labels(
    boxes: np.ndarray,
    objects: np.ndarray,
    classes: np.ndarray,
    background: int,
    *,
    object_iou: float = 0.5,
    background_iou: float = 0.3,
) -> np.ndarray:
    """What a classifier is to say of each window (n,): a class, the background, or -1.

    A window has the class of the object that it overlaps most, by `object_iou` or more. It is of
    the background if it overlaps none by as much as `background_iou`; between the two it is no
    example of either, -1.

    Args:
        boxes: (n, 4) of the windows.
        objects: (k, 4), boxes of the objects.
        classes: (k,), theirs.
        background: its number.
    """
    if not len(objects):
        return np.full(len(boxes), background)
    overlaps = _overlaps(boxes, objects)
    most, nearest = overlaps.max(axis=1), np.asarray(classes)[overlaps.argmax(axis=1)]
    between = np.where(most < background_iou, background, -1)
    return np.where(most >= object_iou, nearest, between)


def _overlaps(boxes, objects) -> np.ndarray:
    return keras.ops.convert_to_numpy(pairwise_iou(boxes, objects))


def sample_windows(
    split: DetectionSplit,
    background: int,
    *,
    side: int,
    stride: int,
    scales: Sequence[float] = (1,),
    count: int = 4,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Windows to train a classifier on: of each image up to `count` of objects, as many of none.

    Half of those of none touch an object, where there are such: they are what it takes for one.

    Args:
        split: images with their objects.
        background: the number of the class that is none.
        side: with stride and scales, as of `sliding_windows`.
        count: of either kind, drawn by `seed`.

    Returns:
        Windows (n, side, side, channels), uint8, and labels (n,).
    """
    rng, windows, labels = np.random.default_rng(seed), [], []
    for image, found in zip(split.images, split.objects, strict=True):
        every, boxes = sliding_windows(image, side, stride, scales)
        classes = window_labels(boxes, found.boxes, found.classes, background)
        objects = rng.permutation(np.flatnonzero((classes >= 0) & (classes != background)))
        none = rng.permutation(np.flatnonzero(classes == background))
        touch = _overlaps(boxes[none], found.boxes).max(axis=1, initial=0) > 0
        near, far = none[touch][: count // 2], none[~touch]
        rows = np.concatenate([objects[:count], near, far[: count - len(near)]])
        windows.append(every[rows])
        labels.append(classes[rows])
    return np.concatenate(windows), np.concatenate(labels)


def timed_passes(model: keras.Model, batches: Sequence[np.ndarray]) -> tuple[list, float]:
    """The outputs for each batch, and the seconds that all took, one after the other.

    A first pass over a batch of each shape is not counted: there a backend may compile.
    """
    for batch in {batch.shape: batch for batch in batches}.values():
        model.predict_on_batch(batch)
    began = time.perf_counter()
    outputs = [model.predict_on_batch(batch) for batch in batches]
    return outputs, time.perf_counter() - began


def softmax(logits) -> np.ndarray:
    """Probabilities (..., classes) in numpy."""
    return keras.ops.convert_to_numpy(keras.ops.softmax(logits))


def detections_in(
    boxes: np.ndarray,
    probabilities: np.ndarray,
    background: int,
    *,
    least: float = 0.8,
    iou: float = 0.1,
) -> Detections:
    """What a classifier has found: windows that are some object, one per object.

    The most probable window of an object suppresses the others of its class, and those within it
    too, though they overlap it little.

    Args:
        boxes: (n, 4) of the windows, xyxy.
        probabilities: (n, classes), the background's among them.
        background: its number.
        least: the probability from which a window counts.
        iou: windows that overlap more are of one object.
    """
    classes, scores = probabilities.argmax(axis=1), probabilities.max(axis=1)
    sure = np.flatnonzero((classes != background) & (scores >= least))
    kept = sure[suppress(boxes[sure], scores[sure], classes[sure], iou=iou)]
    return Detections(boxes[kept], scores[kept], classes[kept])
