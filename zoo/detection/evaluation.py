"""Mean average precision of a detector, by pycocotools."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo import checks
from zoo.datasets import DetectionDataset
from zoo.detection.decoding import Detections

RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What COCO's evaluation says of all images of a split.

    `map50` counts a detection as right from an IoU of 0.5, `map` is the mean over 0.5, 0.55 ...
    0.95. `average_precision` and `average_precision_50` (classes,) are NaN for classes without an
    object, which the means leave out. `precision` (classes, 101) is that at IoU 0.5 for the
    recalls 0, 0.01 ... 1.
    """

    map50: float
    map: float
    average_precision_50: np.ndarray
    average_precision: np.ndarray
    precision: np.ndarray


def evaluate(
    detections: Sequence[Detections], data: DetectionDataset, split: str = "val", *, most: int = 100
) -> Evaluation:
    """Compare what was found in every image of a split with what is there.

    Crowds are neither found nor missed. Of equal scores in an image the class with the lower number
    goes first, then the box further left and further up: so the order of a list decides nothing.

    Args:
        detections: one per image of the split, in its order, in pixels of the split's images.
        most: detections per image that count, the highest scores; COCO's is 100.

    Raises:
        ValueError: if there are not as many detections as images, the split has no object, or
            pycocotools is not installed.
    """
    part = data.split(split)
    checks.whole_number("most", most, least=1)
    if len(detections) != len(part):
        raise ValueError(
            f"{len(part)} images of {data.name}, {split}, need as many detections, not "
            f"{len(detections)}"
        )
    truth = data.to_coco(split)
    if all(annotation["iscrowd"] for annotation in truth["annotations"]):
        raise ValueError(f"{data.name}, {split}: there is no object to be found")
    found = []
    for row, (one, placement) in enumerate(zip(detections, part.placements, strict=True)):
        boxes = placement.to_original(one.boxes).astype("float64")
        order = np.lexsort((boxes[:, 1], boxes[:, 0], one.classes, -one.scores))[:most]
        for k in order:
            left, top, right, bottom = boxes[k].tolist()
            found.append(
                {
                    "id": len(found) + 1,
                    "image_id": row + 1,
                    "category_id": int(one.classes[k]) + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "score": float(one.scores[k]),
                    "iscrowd": 0,
                }
            )
    precision = _precision(truth, truth | {"annotations": found}, most)  # (10, 101, classes)
    with np.errstate(invalid="ignore"):
        by_class = np.where(precision < 0, np.nan, precision).mean(axis=1)  # (10, classes)
    return Evaluation(
        map50=float(np.nanmean(by_class[0])),
        map=float(np.nanmean(by_class)),
        average_precision_50=by_class[0],
        average_precision=by_class.mean(axis=0),
        precision=precision[0].T,
    )


def _precision(truth: dict, found: dict, most: int) -> np.ndarray:
    """(10, 101, classes): per IoU threshold, recall and class; -1 where there is no object."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise ValueError(
            "mean average precision needs pycocotools: pip install keras-session-zoo[detection]"
        ) from error
    with contextlib.redirect_stdout(io.StringIO()):  # it reports every step
        both = []
        for document in (truth, found):
            coco = COCO()
            coco.dataset = document
            coco.createIndex()
            both.append(coco)
        evaluation = COCOeval(*both, iouType="bbox")
        evaluation.params.maxDets = [most]
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"][..., 0, 0]
