"""Shapes: generated discs, squares and triangles in colours, with boxes, outlines and captions.

No download, and the truth is exact: a box is that of the painted pixels. Detectors learn from the
boxes, image-text models from captions such as "a large red disc and a small blue square", whose
phrases are in alphabetical order.
"""

import math

import cv2
import numpy as np

from zoo import checks
from zoo.datasets.detection import DetectionDataset, DetectionSplit
from zoo.datasets.letterbox import Placement
from zoo.datasets.objects import Objects

CLASS_NAMES = ("disc", "square", "triangle")
COLORS = {
    "red": (214, 48, 49),
    "green": (46, 160, 67),
    "blue": (41, 98, 220),
    "yellow": (240, 200, 40),
    "purple": (142, 68, 190),
    "orange": (235, 125, 30),
}
SIZES = {"small": (0.14, 0.2), "large": (0.32, 0.42)}  # diameter as a share of the shorter side
IMAGES = {"train": 2000, "val": 400}
MOST = 3  # objects in one image
TRIES = 20  # to place an object beside the others


def load(
    image_shape: tuple[int, int, int] | None = None,
    limit: int | None = None,
    seed: int = 0,
    unseen=(),
) -> DetectionDataset:
    """2,000 training and 400 validation images, always the same for a seed.

    Args:
        image_shape: (height, width, 3), 32 pixels or more; None: (64, 64, 3).
        limit: number of training images, of validation images at most as many.
        seed: of all that is drawn.
        unseen: pairs of colour and kind, ("red", "disc"), that no training image has; validation
            images have them.

    Raises:
        ValueError: if an argument is something else, or every pair is unseen.
    """
    height, width, channels = checks.image_shape(
        (64, 64, 3) if image_shape is None else image_shape
    )
    if channels != 3 or min(height, width) < 32:
        raise ValueError(
            f"image_shape={image_shape} must be (height, width, 3) of 32 pixels or more for shapes"
        )
    if limit is not None:
        checks.whole_number("limit", limit, least=1)
    every = [(color, kind) for color in COLORS for kind in CLASS_NAMES]
    unseen = {_pair(pair) for pair in _listed(unseen)}
    pairs = {"train": [pair for pair in every if pair not in unseen], "val": every}
    if not pairs["train"]:
        raise ValueError("unseen names every pair; leave some to train on")
    splits = {}
    for number, (name, count) in enumerate(IMAGES.items()):
        total = count if limit is None else limit if name == "train" else min(limit, count)
        rng = np.random.default_rng((checks.whole_number("seed", seed, least=0), number))
        splits[name] = _split(rng, total, (height, width), pairs[name], name)
    pixels = splits["train"].images.reshape(-1, 3)
    mean, std = pixels.mean(axis=0) / 255, pixels.std(axis=0) / 255
    return DetectionDataset(
        "shapes",
        splits["train"],
        splits["val"],
        CLASS_NAMES,
        tuple(mean.tolist()),
        tuple(std.tolist()),
    )


def _listed(unseen) -> list:
    if not isinstance(unseen, list | tuple | set):
        raise ValueError(f"unseen={unseen!r} must be pairs such as (('red', 'disc'),)")
    return list(unseen)


def _pair(pair) -> tuple[str, str]:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise ValueError(f"unseen: {pair!r} must be a pair such as ('red', 'disc')")
    color, kind = pair
    return checks.one_of("unseen: colour", color, COLORS), checks.one_of(
        "unseen: kind", kind, CLASS_NAMES
    )


def _split(rng, count: int, size: tuple[int, int], pairs, name: str) -> DetectionSplit:
    images = np.empty((count, *size, 3), "uint8")
    objects, captions, first_id = [], [], 1
    for row in range(count):
        images[row] = _ground(rng, size)
        found, caption = _paint(rng, images[row], pairs, first_id)
        objects.append(found)
        captions.append(caption)
        first_id += len(found)
    placement = Placement(size, size, 0, 0)
    files = tuple(f"{name}/{row:05d}.png" for row in range(count))
    ids = tuple(range(1, count + 1))
    return DetectionSplit(images, tuple(objects), ids, files, (placement,) * count, tuple(captions))


def _ground(rng, size: tuple[int, int]) -> np.ndarray:
    """A grey ground: plain, or textured by noise of one to eight pixels."""
    grey = np.full(size, rng.uniform(90, 200))
    if rng.random() < 0.5:
        grain = int(rng.integers(1, 9))
        coarse = rng.normal(0, 18, (-(-size[0] // grain), -(-size[1] // grain)))
        grey += cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.clip(grey, 0, 255).astype("uint8")[..., None]


def _paint(rng, image: np.ndarray, pairs, first_id: int) -> tuple[Objects, str]:
    """Paint one to MOST objects that do not touch; what they are, and the caption."""
    boxes, classes, areas, outlines, phrases = [], [], [], [], []
    for _ in range(int(rng.integers(1, MOST + 1))):
        size_name = str(rng.choice(list(SIZES)))
        color, kind = pairs[rng.integers(len(pairs))]
        for _ in range(TRIES):
            mask, outline = _shape(kind, rng.uniform(*SIZES[size_name]) * min(image.shape[:2]))
            tall, wide = mask.shape
            top = int(rng.integers(0, image.shape[0] - tall + 1))
            left = int(rng.integers(0, image.shape[1] - wide + 1))
            box = [left, top, left + wide, top + tall]
            if all(_apart(box, other) for other in boxes):
                break
        else:
            continue
        shade = np.clip(np.add(COLORS[color], rng.integers(-12, 13)), 0, 255)
        image[top : top + tall, left : left + wide][mask] = shade
        boxes.append(box)
        classes.append(CLASS_NAMES.index(kind))
        areas.append(mask.sum())
        outlines.append([(outline + [left, top]).ravel().tolist()])
        phrases.append(f"a {size_name} {color} {kind}")
    order = sorted(range(len(boxes)), key=phrases.__getitem__)  # the same shapes, the same caption
    found = Objects(
        np.array(boxes, "float32").reshape(-1, 4)[order],
        np.array(classes, "int32")[order],
        np.zeros(len(boxes), bool),
        np.array(areas, "float32")[order],
        np.arange(first_id, first_id + len(boxes)),
        tuple(outlines[i] for i in order),
    )
    return found, " and ".join(sorted(phrases))


def _shape(kind: str, diameter: float) -> tuple[np.ndarray, np.ndarray]:
    """The pixels (side, side) of a shape, which reach all four borders, and its corners (k, 2)."""
    side = max(5, round(diameter))
    y, x = np.mgrid[:side, :side] + 0.5
    if kind == "square":
        return np.ones((side, side), bool), np.array([[0, 0], [side, 0], [side, side], [0, side]])
    if kind == "disc":
        angles = np.linspace(0, 2 * math.pi, 24, endpoint=False)
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return np.hypot(x - side / 2, y - side / 2) <= side / 2, (circle + 1) * side / 2
    half = y / side * side / 2  # of the width at this height
    return np.abs(x - side / 2) <= np.maximum(half, 0.5), np.array(
        [[side / 2, 0], [side, side], [0, side]]
    )


def _apart(box, other) -> bool:
    """Whether a pixel or more lies between two boxes."""
    return box[2] < other[0] or other[2] < box[0] or box[3] < other[1] or other[3] < box[1]
