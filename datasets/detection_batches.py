"""Batches of images with boxes: mosaic, transforms that boxes follow, targets of fixed shapes."""

import warnings

import numpy as np

from zoo import checks
from zoo.datasets.batches import Batches
from zoo.datasets.image_batches import normalize
from zoo.datasets.transforms.boxes import BoxPipeline


class DetectionBatches(Batches):
    """Batches (images, targets); `DetectionDataset.batches` makes them and says what is in them.

    Args:
        split: a `DetectionSplit`.
        batch_size: images per batch.
        transforms: see `DetectionDataset.batches`.
        mean: of the pixels, 0 to 1, one value per channel; `std` likewise.
        max_boxes: rows of the targets, times four with mosaic if `grow`.
        min_visibility: the least share of an object's area that has to be left.
        target: called with the targets of a batch; its result is the batch's y.
        options: those of `Batches`.

    Raises:
        ValueError: if an argument is not what it must be, or the transforms do not suit boxes.
    """

    def __init__(
        self,
        split,
        batch_size: int,
        transforms=(),
        *,
        mean,
        std,
        max_boxes: int,
        grow: bool = False,
        min_visibility: float = 0.1,
        target=None,
        **options,
    ):
        super().__init__(len(split), batch_size, **options)
        self.split, self.mean, self.std = split, mean, std
        self.pipeline = BoxPipeline(transforms, min_visibility)
        self.max_boxes = checks.whole_number("max_boxes", max_boxes, least=1)
        if grow and self.pipeline.mosaic is not None:
            self.max_boxes *= 4
        if target is not None and not callable(target):
            raise ValueError(f"target={target!r} must be a function of the targets, or None")
        self.target = target
        self._warned = False

    def batch(self, rows, epoch, index):
        images, boxes, classes = self.augmented(rows, epoch, index)
        targets = {
            "boxes": np.zeros((len(rows), self.max_boxes, 4), "float32"),
            "classes": np.full((len(rows), self.max_boxes), -1, "int32"),
        }
        for i, (found, labels) in enumerate(zip(boxes, classes, strict=True)):
            kept = self._kept(found, rows[i])
            targets["boxes"][i, : len(kept)] = found[kept]
            targets["classes"][i, : len(kept)] = labels[kept]
        images = normalize(images, self.mean, self.std)
        return images, targets if self.target is None else self.target(targets)

    def augmented(self, rows, epoch: int = 0, index: int = 0):
        """uint8 images of these rows after the transforms, their boxes and classes, as lists."""
        return self.pipeline.transform(self.load, self.rows, rows, epoch, self.key(epoch, index))

    def load(self, rows) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """Images of these rows with boxes and classes, crowds left out."""
        found = [self.split.objects[row] for row in rows]
        boxes = [objects.boxes[~objects.crowds] for objects in found]
        classes = [objects.classes[~objects.crowds] for objects in found]
        return self.split.images[rows], boxes, classes

    def _kept(self, boxes: np.ndarray, row: int) -> np.ndarray:
        """The indices of the boxes that fit into the targets, the largest, in their order."""
        if len(boxes) > self.max_boxes and not self._warned:
            self._warned = True
            warnings.warn(
                f"image {row} has {len(boxes)} boxes and max_boxes={self.max_boxes}: the smallest "
                f"are left out, of further images too; give a larger max_boxes",
                stacklevel=2,
            )
        areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        return np.sort(np.argsort(-areas, kind="stable")[: self.max_boxes])
