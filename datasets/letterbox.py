"""Images of any size on one canvas, by their longer side, and boxes there and back."""

from dataclasses import dataclass

import numpy as np

from zoo.datasets.decoding import fit

GREY = 114  # of the bars, as in YOLO


@dataclass(frozen=True)
class Placement:
    """Where an image lies on its canvas: boxes (k, 4) are x1, y1, x2, y2 in pixels of either.

    `size` (height, width) is the image's own, `placed` that on the canvas, `top` and `left` the
    canvas pixels before it. Both sides are scaled alike, but for rounding to whole pixels.
    """

    size: tuple[int, int]
    placed: tuple[int, int]
    top: int
    left: int

    @classmethod
    def on(cls, canvas: tuple[int, ...], size: tuple[int, int]) -> "Placement":
        """That of an image of `size` in the middle of a canvas (height, width, ...)."""
        scale = min(canvas[0] / size[0], canvas[1] / size[1])
        height, width = (max(1, round(side * scale)) for side in size)
        return cls(size, (height, width), (canvas[0] - height) // 2, (canvas[1] - width) // 2)

    @property
    def scale(self) -> np.ndarray:
        """(x, y, x, y): canvas pixels per pixel of the image."""
        (height, width), (tall, wide) = self.size, self.placed
        return np.array([wide / width, tall / height] * 2)

    @property
    def offset(self) -> np.ndarray:
        return np.array([self.left, self.top] * 2)

    def to_canvas(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes of the image in pixels of the canvas."""
        return (np.asarray(boxes) * self.scale + self.offset).astype("float32")

    def to_original(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes of the canvas, such as predictions, in pixels of the image, clipped to it."""
        height, width = self.size
        boxes = (np.asarray(boxes) - self.offset) / self.scale
        return np.clip(boxes, 0, [width, height, width, height]).astype("float32")


def letterbox(image: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """A uint8 image (h, w, 1 or 3) on a canvas of `image_shape`, as `Placement.on` says."""
    placement = Placement.on(image_shape, image.shape[:2])
    (height, width), top, left = placement.placed, placement.top, placement.left
    canvas = np.full(image_shape, GREY, "uint8")
    canvas[top : top + height, left : left + width] = fit(image, (height, width, image_shape[2]))
    return canvas
