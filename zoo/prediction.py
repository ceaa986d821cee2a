"""What a trained model says of one's own images."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from matplotlib.figure import Figure

from zoo import checks, detection, explain, registry
from zoo.datasets.letterbox import Placement
from zoo.explain.misclassified import probabilities
from zoo.report import canvas
from zoo.report.boxes import boxes_figure
from zoo.report.figures import overlay
from zoo.report.predictions import class_bars
from zoo.weights import WeightsEntry

TASKS = ("classification", "detection")


@dataclass(frozen=True, eq=False)
class Prediction:
    """Of one image: `names` and `scores`, the highest first, and a detector's `boxes`.

    `image` is uint8 (h, w, 1 or 3) as it was given; `scores` (k,) are probabilities; `boxes` (k, 4)
    are left, top, right, bottom in pixels of `image`, None of a classifier. If asked for, `cam`
    (h, w) is a heat map from 0 to 1 of `seen`, the image as the model saw it.
    """

    image: np.ndarray
    names: tuple[str, ...]
    scores: np.ndarray
    boxes: np.ndarray | None = None
    seen: np.ndarray | None = None
    cam: np.ndarray | None = None


class Predictions:
    """One `Prediction` per image, in order; shows itself in a notebook.

    `save(path)` writes the picture, `rows()` gives a table.
    """

    def __init__(self, predictions: list[Prediction], class_names: tuple[str, ...]):
        self.predictions, self.class_names = predictions, class_names

    def __len__(self) -> int:
        return len(self.predictions)

    def __getitem__(self, index) -> Prediction:
        return self.predictions[index]

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.predictions)

    def rows(self) -> list[dict[str, str]]:
        """One row per class or box: image, class, score, and the box in pixels."""
        rows = []
        for number, one in enumerate(self, 1):
            for k, (name, score) in enumerate(zip(one.names, one.scores, strict=True)):
                row = {"image": f"{number}", "class": name, "score": f"{score:.1%}"}
                if one.boxes is not None:
                    row["box"] = ", ".join(f"{side:.0f}" for side in one.boxes[k])
                rows.append(row)
        return rows

    def figure(self) -> Figure:
        """The images with their classes and probabilities, or with boxes."""
        if self[0].boxes is None:
            shown = [
                one.image if one.cam is None else overlay(one.seen, one.cam, size=224)
                for one in self
            ]
            return class_bars(shown, [one.names for one in self], [one.scores for one in self])
        numbers = {name: number for number, name in enumerate(self.class_names)}
        return boxes_figure(
            [one.image for one in self],
            [one.boxes for one in self],
            [[numbers[name] for name in one.names] for one in self],
            [one.scores for one in self],
            class_names=self.class_names,
            columns=min(len(self), 3),
        )

    def save(self, path: str | Path) -> Path:
        """Write the figure in the format of the path's suffix."""
        return canvas.save(self.figure(), path)

    def _repr_png_(self) -> bytes:
        data = io.BytesIO()
        self.figure().savefig(data, format="png")
        return data.getvalue()


def predict(
    model: str | keras.Model,
    images,
    weights: str | None = None,
    *,
    top: int = 5,
    score: float = 0.3,
    cam: bool = False,
) -> Predictions:
    """What a trained model says of images as one has them.

    Args:
        model: a registered name, or such a model with weights of one's own.
        images: what `WeightsEntry.preprocess` takes: paths, PIL images, uint8 arrays of any size.
        weights: a tag on the model's card, which says how images are prepared and what the classes
            are called; None: the only one there is.
        top: how many classes of each image, of a classifier.
        score: the least of a box, of a detector.
        cam: add GradCAM of the most probable class, of a classifier.

    Raises:
        ValueError: if the model has no weights, or several and none is named; if its task is
            neither classification nor detection; if an image cannot be read.
        FileNotFoundError: if there is no file at a path.
    """
    checks.whole_number("top", top, least=1)
    checks.probability("score", score)
    checks.flag("cam", cam)
    name = model if isinstance(model, str) else checks.model(model).name
    card = registry.card(name)
    if card.task not in TASKS:
        raise ValueError(f"{name} does {card.task}; predict is for {' and '.join(TASKS)}")
    entry = _entry(card, weights)
    net = registry.get(name, weights=entry.tag) if isinstance(model, str) else model
    pictures, inputs = entry.pictures(images), entry.preprocess(images)
    if entry.finds_boxes:
        if cam:
            raise ValueError(f"cam=True is for classifiers; {name} draws boxes")
        found = [
            _boxes(picture, one, entry)
            for picture, one in zip(
                pictures, detection.detect(net, inputs, score=score), strict=True
            )
        ]
        return Predictions(found, entry.class_names)
    shares = probabilities(net, inputs)
    best = np.argsort(-shares, axis=-1, kind="stable")[:, :top]
    maps = explain.grad_cam(net, inputs, best[:, 0]) if cam else [None] * len(inputs)
    found = [
        Prediction(
            picture,
            tuple(entry.class_names[k] for k in classes),
            values[classes],
            seen=_seen(x, entry) if cam else None,
            cam=heat,
        )
        for picture, x, classes, values, heat in zip(
            pictures, inputs, best, shares, maps, strict=True
        )
    ]
    return Predictions(found, entry.class_names)


def _entry(card, weights: str | None) -> WeightsEntry:
    tags = ", ".join(card.weights) or "none"
    if weights is None and len(card.weights) == 1:
        return next(iter(card.weights.values()))
    if weights is None or weights not in card.weights:
        named = (
            "name its weights" if weights is None else f"weights={weights!r} are not on its card"
        )
        raise ValueError(f"{card.name}: {named}; there are {tags}")
    return card.weights[weights]


def _boxes(picture, found: detection.Detections, entry: WeightsEntry) -> Prediction:
    placement = Placement.on(entry.image_shape, picture.shape[:2])
    names = tuple(entry.class_names[k] for k in found.classes)
    return Prediction(picture, names, found.scores, placement.to_original(found.boxes))


def _seen(x, entry: WeightsEntry) -> np.ndarray:
    """The picture that a normalised input is of."""
    pixels = (x * np.array(entry.std) + np.array(entry.mean)) * 255
    return np.clip(np.round(pixels), 0, 255).astype("uint8")
