"""The objects in images, as annotation files list them: boxes, classes, masks."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Objects:
    """The objects of one image, one entry per object in each field.

    `boxes` (k, 4) are float32 x1, y1, x2, y2 in pixels, x2 and y2 the first pixel outside;
    `classes` (k,) int32 indices of class names; `crowds` (k,) bool, a region of many objects that
    is not to be counted as one; `areas` (k,) float32 in pixels of the original picture;
    `ids` (k,) int64, counted from 1 in each file; `segmentations` are COCO's, in the original
    picture's pixels, or None.
    """

    boxes: np.ndarray
    classes: np.ndarray
    crowds: np.ndarray
    areas: np.ndarray
    ids: np.ndarray
    segmentations: tuple = field(repr=False)

    def __len__(self) -> int:
        return len(self.boxes)

    def moved(self, boxes: np.ndarray) -> "Objects":
        """The same objects with boxes (k, 4) in other coordinates."""
        return replace(self, boxes=np.asarray(boxes, "float32").reshape(-1, 4))


@dataclass(frozen=True)
class AnnotatedImage:
    """One entry of `images`: its id as the file has it, file name, (height, width), objects."""

    id: int | str
    file_name: str
    size: tuple[int, int]
    objects: Objects


@dataclass(frozen=True)
class Annotations:
    """All of one file; `faults` counts what was mended or left out, by a phrase that says it."""

    source: str
    class_names: tuple[str, ...]
    images: tuple[AnnotatedImage, ...]
    faults: Counter

    def sentence(self) -> str:
        """The faults in one line; empty if there are none."""
        parts = [f"{count:,} {fault}" for fault, count in self.faults.items() if count]
        return f"{self.source}: {'; '.join(parts)}" if parts else ""
