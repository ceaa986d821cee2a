"""What the loaders of images with boxes return: the sibling of `Dataset` for detection.

data = zoo.datasets.load("shapes")
net.fit(data.batches("train", 32), validation_data=data.batches("val", 32))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo import checks
from zoo.datasets.dataset import SPLITS
from zoo.datasets.detection_batches import DetectionBatches
from zoo.datasets.letterbox import Placement, letterbox
from zoo.datasets.objects import Objects
from zoo.datasets.streaming import ImageFiles


@dataclass(frozen=True, repr=False)
class DetectionSplit:
    """Images (n, height, width, 1 or 3) as uint8, and one entry per image in each other field.

    `objects[i].boxes` (k, 4) are x1, y1, x2, y2 in pixels of `images[i]`; see `Objects`.
    `placements[i]` takes boxes back to the picture as it is in its file. `captions` are those of
    datasets that have them, or empty.
    """

    images: np.ndarray | ImageFiles
    objects: tuple[Objects, ...]
    ids: tuple[int | str, ...]
    files: tuple[str, ...]
    placements: tuple[Placement, ...]
    captions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.objects)

    def subset(self, rows: Sequence[int]) -> "DetectionSplit":
        """These rows of every field."""
        rows = np.asarray(rows, int)
        images = self.images
        parts = {
            name: tuple(getattr(self, name)[row] for row in rows)
            for name in ("objects", "ids", "files", "placements", "captions")
            if getattr(self, name)
        }
        files = isinstance(images, ImageFiles)
        return replace(self, images=images.subset(rows) if files else images[rows], **parts)

    def reshaped(self, image_shape: tuple[int, int, int]) -> "DetectionSplit":
        """Images on a canvas of another shape, with their boxes; bars of the old one stay."""
        old = self.images.shape[1:3]
        move = Placement.on(image_shape, old)
        if isinstance(self.images, ImageFiles):
            images = self.images.reshaped(image_shape)
        else:
            images = np.stack([letterbox(image, image_shape) for image in self.images])
        placements = []
        for placement in self.placements:
            corners = (
                placement.left,
                placement.top,
                placement.left + placement.placed[1],
                placement.top + placement.placed[0],
            )
            left, top, right, bottom = move.to_canvas(corners).tolist()
            placed = (max(1, round(bottom - top)), max(1, round(right - left)))
            placements.append(Placement(placement.size, placed, round(top), round(left)))
        objects = tuple(found.moved(move.to_canvas(found.boxes)) for found in self.objects)
        return replace(self, images=images, objects=objects, placements=tuple(placements))


@dataclass(frozen=True, repr=False)
class DetectionDataset:
    """Two splits of images with boxes; `mean` and `std` one per channel, pixels counted 0 to 1.

    Raises:
        ValueError: if a split is empty, of another image size, or a class has no name.
    """

    name: str
    train: DetectionSplit
    val: DetectionSplit
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self):
        for name in SPLITS:
            split = self.split(name)
            if not len(split):
                raise ValueError(f"{self.name}, {name}: there is not one image")
            if len(split.images) != len(split) or split.images.shape[1:] != self.image_shape:
                raise ValueError(
                    f"{self.name}, {name}: {len(split)} entries need as many images of "
                    f"{self.image_shape}, not {split.images.shape}"
                )
            classes = np.concatenate([found.classes for found in split.objects])
            checks.class_labels(
                f"{self.name}, {name}: classes", classes, len(classes), self.num_classes
            )

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return tuple(self.train.images.shape[1:])

    @property
    def max_boxes(self) -> int:
        """The most objects of one image, crowds not counted; 1 at least."""
        counts = [np.sum(~o.crowds) for name in SPLITS for o in self.split(name).objects]
        return max(1, int(max(counts)))

    def split(self, name: str) -> DetectionSplit:
        """The split "train" or "val".

        Raises:
            ValueError: if `name` is another.
        """
        return getattr(self, checks.one_of("split", name, SPLITS))

    def box_sizes(self, split: str) -> np.ndarray:
        """(n, 2): width and height of every box, as fractions of the images; crowds left out.

        Raises:
            ValueError: if there is no such split.
        """
        height, width, _ = self.image_shape
        boxes = np.concatenate([o.boxes[~o.crowds] for o in self.split(split).objects])
        return (boxes[:, 2:] - boxes[:, :2]) / np.array([width, height])

    def batches(
        self,
        split: str,
        batch_size: int,
        transforms=(),
        *,
        seed: int = 0,
        workers: int = 1,
        last: str = "keep",
        max_boxes: int | None = None,
        min_visibility: float = 0.1,
        target: Callable[[dict], object] | None = None,
    ) -> DetectionBatches:
        """Batches (images, targets) for `model.fit`, or for a loop of your own.

        Images are normalised float32 (n, height, width, channels). Targets are of fixed shapes:
        {"boxes": (n, max_boxes, 4) float32 x1, y1, x2, y2 in pixels, "classes": (n, max_boxes)
        int32}, filled up with boxes of 0 and class -1. Crowds are no targets.

        Args:
            split: "train", in another order in each epoch, or "val".
            batch_size: images per batch.
            transforms: `transforms.mosaic()` first, if at all, then transforms of one image; free
                space is grey.
            seed: fixes order and augmentation, whatever the backend and number of workers.
            workers: threads that make batches ahead of the model; with 0 it waits for each.
            last: as in `Dataset.batches`.
            max_boxes: rows of the targets; None: the most that an image has, four times as many
                with mosaic. Of an image with more the largest are kept, and a warning says so.
            min_visibility: objects of which a smaller share of the area is left are no targets.
            target: makes of the targets what the loss takes; it runs in the threads.

        Raises:
            ValueError: if there is no such split, or an argument is not what it must be.
        """
        return DetectionBatches(
            self.split(split),
            batch_size,
            transforms,
            mean=self.mean,
            std=self.std,
            max_boxes=self.max_boxes if max_boxes is None else max_boxes,
            grow=max_boxes is None,
            min_visibility=min_visibility,
            target=target,
            shuffle=split == "train",
            seed=seed,
            workers=workers,
            last=last,
        )

    def reshaped(self, image_shape: tuple[int, int, int]) -> "DetectionDataset":
        """The same dataset on a canvas of `image_shape`, sides in proportion.

        Raises:
            ValueError: if it is not (height, width, channels), channels as they are.
        """
        image_shape = checks.image_shape(image_shape)
        if image_shape == self.image_shape:
            return self
        if image_shape[2] != self.image_shape[2]:
            raise ValueError(f"image_shape={image_shape} must keep {self.image_shape[2]} channels")
        parts = {name: self.split(name).reshaped(image_shape) for name in SPLITS}
        return replace(self, **parts)

    def limited(self, limit: int, seed: int = 0) -> "DetectionDataset":
        """`limit` training images and at most as many validation images, drawn by `seed`.

        Raises:
            ValueError: if `limit` is no whole number from 1 to the number of training images.
        """
        checks.whole_number("limit", limit, least=1, most=len(self.train))
        parts = {}
        for name in SPLITS:
            total = len(self.split(name))
            rows = np.random.default_rng(seed).permutation(total)[: min(limit, total)]
            parts[name] = self.split(name).subset(np.sort(rows))
        return replace(self, **parts)

    def to_coco(self, split: str) -> dict:
        """A split as COCO's document, in pixels of the original pictures, every id from 1.

        It is what pycocotools takes as the truth; `image_id` is the row plus 1.
        """
        part, annotations, images = self.split(split), [], []
        for row, (found, placement) in enumerate(zip(part.objects, part.placements, strict=True)):
            height, width = placement.size
            image = {"id": row + 1, "file_name": part.files[row], "height": height, "width": width}
            images.append(image)
            for k, box in enumerate(placement.to_original(found.boxes).tolist()):
                entry = {
                    "id": len(annotations) + 1,
                    "image_id": row + 1,
                    "category_id": int(found.classes[k]) + 1,
                    "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
                    "area": float(found.areas[k]),
                    "iscrowd": int(found.crowds[k]),
                }
                if found.segmentations[k] is not None:
                    entry["segmentation"] = found.segmentations[k]
                annotations.append(entry)
        categories = [{"id": k, "name": name} for k, name in enumerate(self.class_names, start=1)]
        return {"images": images, "annotations": annotations, "categories": categories}

    def __repr__(self) -> str:
        height, width, channels = self.image_shape
        boxes = sum(len(o) for name in SPLITS for o in self.split(name).objects)
        return (
            f"DetectionDataset({self.name}: {len(self.train):,} train and {len(self.val):,} val "
            f"images, {height}x{width}x{channels}, {boxes:,} boxes, {self.num_classes} classes)"
        )
