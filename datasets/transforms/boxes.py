"""Transforms of images with boxes: what `Pipeline` does, the boxes following the pixels."""

import copy
import threading

import albumentations as A
import cv2
import numpy as np

from zoo import checks
from zoo.datasets.letterbox import GREY
from zoo.datasets.transforms.mosaic import Mosaic
from zoo.datasets.transforms.pipeline import check_transforms, seed_steps, transform_name
from zoo.datasets.transforms.policies import Policy


class BoxPipeline:
    """A list of transforms on images with boxes, as a function of `key` and epoch.

    Free space is grey, as the bars of a letterbox, where the same transforms without boxes mirror
    pixels: a mirrored object would be one more, or grow together with its mirror image. Threads may
    use one pipeline at the same time.

    Raises:
        ValueError: if there is a transform that would leave boxes where they do not belong: one
            that mixes images by label, a policy, or one that albumentations has no boxes for.
    """

    def __init__(self, transforms, min_visibility: float = 0.1):
        first = transforms[:1] if isinstance(transforms, list | tuple) else ()
        self.mosaic = first[0] if first and isinstance(first[0], Mosaic) else None
        if self.mosaic is not None:
            transforms = transforms[1:]
        if isinstance(transforms, list | tuple) and any(isinstance(t, Mosaic) for t in transforms):
            raise ValueError("mosaic must be the first of the transforms, and be there once")
        self.steps, mixing = check_transforms(transforms)
        for step in [*mixing, *_leaves(self.steps)]:
            _check_boxes_follow(step, mixing)
        self.pixels_only = all(isinstance(s, A.ImageOnlyTransform) for s in _leaves(self.steps))
        self.min_visibility = checks.probability("min_visibility", min_visibility)
        self._local = threading.local()  # a step holds random state, so each thread has its own

    def transform(self, load, total: int, rows, epoch: int, key: tuple[int, ...]):
        """Images (n, h, w, c) after the transforms, with lists of boxes (k, 4) and classes (k,).

        Args:
            load: gives these three for an array of rows.
            total: how many rows there are, of which mosaic draws three more for each image.
            rows: those of the batch.
            epoch: for the transforms that change with it.
            key: fixes what is drawn.

        Raises:
            ValueError: if a step fails, or the images that result are not of one size.
        """
        images, boxes, classes = load(rows)
        if self.mosaic is not None:
            images, boxes, classes = self._mosaic(load, total, images, boxes, classes, key)
        if not self.steps:
            return images, boxes, classes
        compose = self._seeded(key)
        changed = []
        for row, image, found, labels in zip(rows, images, boxes, classes, strict=True):
            numbers = np.arange(len(found))  # labels go through float32: small numbers stay exact
            moving = {} if self.pixels_only else {"bboxes": found, "numbers": numbers}
            try:
                out = compose(image=image, epoch=epoch, **moving)
            except Exception as error:
                names = ", ".join(map(transform_name, self.steps))
                raise ValueError(
                    f"one of {names} failed on image {row}, {image.dtype} of shape "
                    f"{image.shape} with {len(found)} boxes: {error}"
                ) from error
            out = {"bboxes": found, "numbers": numbers} | out
            kept = np.asarray(out["numbers"]).astype(int)
            new_boxes = np.asarray(out["bboxes"], "float32").reshape(-1, 4)
            changed.append((out["image"], new_boxes, labels[kept]))
        shapes = {image.shape for image, _, _ in changed}
        if len(shapes) > 1:
            raise ValueError(
                f"the transforms {', '.join(map(transform_name, self.steps))} must give images of "
                f"one shape, not {' and '.join(map(str, sorted(shapes)[:2]))}"
            )
        images, boxes, classes = zip(*changed, strict=True)
        return np.stack(images), list(boxes), list(classes)

    def _mosaic(self, load, total, images, boxes, classes, key):
        rng = np.random.default_rng((*key, 1))
        drawn = rng.random(len(images)) < self.mosaic.p
        others = rng.integers(total, size=(len(images), 3))
        results = []
        for i in range(len(images)):
            parts = images[i], boxes[i], classes[i]
            if drawn[i]:
                more_images, more_boxes, more_classes = load(others[i])
                parts = self.mosaic(
                    np.concatenate([images[i : i + 1], more_images]),
                    [boxes[i], *more_boxes],
                    [classes[i], *more_classes],
                    rng,
                    self.min_visibility,
                )
            results.append(parts)
        images, boxes, classes = zip(*results, strict=True)
        return np.stack(images), list(boxes), list(classes)

    def _seeded(self, key) -> A.Compose:
        """This thread's transforms, each with a seed of its own."""
        compose = getattr(self._local, "compose", None)
        if compose is None:
            parameters = A.BboxParams(
                "pascal_voc",
                label_fields=["numbers"],
                clip=True,
                filter_invalid_bboxes=True,
                min_visibility=self.min_visibility,
                check_each_transform=False,  # else min_visibility is asked after every step
            )
            parameters = None if self.pixels_only else parameters  # Compose warns of idle ones
            steps = copy.deepcopy(self.steps)
            for step in _leaves(steps):
                if getattr(step, "border_mode", cv2.BORDER_CONSTANT) != cv2.BORDER_CONSTANT:
                    step.border_mode, step.fill = cv2.BORDER_CONSTANT, (GREY,) * 3
            compose = A.Compose(steps, bbox_params=parameters)
            self._local.compose = compose
        seed_steps(compose.transforms, key)
        return compose


def _leaves(steps):
    """The single transforms, those inside a composition too."""
    for step in steps:
        if isinstance(step, A.BaseCompose):
            yield from _leaves(step.transforms)
        else:
            yield step


def _check_boxes_follow(step, mixing) -> None:
    name = transform_name(step)
    if step in mixing:
        raise ValueError(
            f"{name} mixes whole images by label and would leave boxes without their objects; "
            f"use transforms.mosaic() for detection"
        )
    if isinstance(step, Policy):
        raise ValueError(
            f"{name} moves pixels and not boxes; use flip, scale, translate, crop and color_shift "
            f"for detection"
        )
    if not isinstance(step, A.ImageOnlyTransform) and "bboxes" not in step.available_keys:
        raise ValueError(f"{name} of albumentations does not move boxes; leave it out")
