"""Mosaic: four images around one point, with their boxes (YOLOv4, Bochkovskiy, 2020).

albumentations' own crops a window of a collage and draws from a random state; this one is a
function of the generator it is handed.
"""

from dataclasses import dataclass

import numpy as np

from zoo import checks
from zoo.datasets.decoding import fit

NEAREST = 0.3  # of the sides: how near to the border the four may meet


def mosaic(p: float = 1.0) -> "Mosaic":
    """Four images around a point, drawn from the middle of the image, with probability `p`.

    Each image is made smaller, by a factor that still fills its quarter, and what reaches out of
    the quarter is cut off. For batches with boxes only, first in the list.
    """
    return Mosaic(checks.probability("p", p))


@dataclass(frozen=True)
class Mosaic:
    """See `mosaic`."""

    p: float = 1.0
    name = "mosaic"

    def __call__(self, images, boxes, classes, rng, min_visibility: float = 0.0):
        """One image of four.

        Args:
            images: (4, h, w, c), uint8: top left, top right, bottom left, bottom right.
            boxes: four arrays (k, 4), x1, y1, x2, y2 in pixels.
            classes: four arrays (k,).
            rng: a `numpy.random.Generator`.
            min_visibility: the least share of a box that has to be in its quarter.

        Returns:
            `(image, boxes, classes)`.
        """
        height, width, channels = images.shape[1:]
        y = int(rng.integers(round(NEAREST * height), round((1 - NEAREST) * height) + 1))
        x = int(rng.integers(round(NEAREST * width), round((1 - NEAREST) * width) + 1))
        collage, kept_boxes, kept_classes = np.empty_like(images[0]), [], []
        for k in range(4):
            top, bottom = (0, y) if k < 2 else (y, height)
            left, right = (x, width) if k % 2 else (0, x)
            least = max((bottom - top) / height, (right - left) / width)
            scale = rng.uniform(least, 1)
            tall = max(bottom - top, round(height * scale))
            wide = max(right - left, round(width * scale))
            # Its inner corner lies on the point where the four meet.
            start_y, start_x = y - tall if k < 2 else y, x if k % 2 else x - wide
            small = fit(images[k], (tall, wide, channels))
            collage[top:bottom, left:right] = small[
                top - start_y : bottom - start_y, left - start_x : right - start_x
            ]
            moved = boxes[k] * np.array([wide / width, tall / height] * 2)
            moved = moved + np.array([start_x, start_y] * 2)
            cut = np.clip(moved, [left, top] * 2, [right, bottom] * 2)
            share = _area(cut) / np.maximum(_area(moved), 1e-9)
            kept = (share > 0) & (share >= min_visibility)
            kept_boxes.append(cut[kept].astype("float32"))
            kept_classes.append(classes[k][kept])
        return collage, np.concatenate(kept_boxes), np.concatenate(kept_classes)


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
