"""Figures of the validation images, drawn when training ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from zoo import checks, explain
from zoo.explain.cam import SMALLEST, check_layer
from zoo.explain.misclassified import probabilities
from zoo.explain.outputs import check_logits
from zoo.report import figures
from zoo.report.page import Section, drawn
from zoo.training.callbacks.validation_data import LabelledImages, ValidationData


class Report(keras.callbacks.Callback):
    """Draws one figure to the PNG `path` when training ends.

    A run's page shows it where the callback is handed to `run.finish`. A figure that cannot be
    drawn costs a warning and not the training.
    """

    heading = caption = ""  # on the page

    def __init__(self, path: str | Path):
        super().__init__()
        self.path = checks.path("path", path)
        self._section = None

    @property
    def section(self) -> Section:
        """The figure with heading and caption, as a page shows it."""
        return self._section or Section(self.heading, self.caption, self.path)

    def on_train_begin(self, logs=None):
        self._section = None

    def on_train_end(self, logs=None):
        self._section = drawn(self.heading, self.caption, self.draw)

    def draw(self) -> Path:
        raise NotImplementedError


class ValidationReport(Report):
    """A figure of validation images.

    Args:
        data: a zoo dataset, of which the validation images are taken; arrays (x, y); or batches
            (x, y): of `data.batches`, a PyDataset, a tf.data.Dataset, a DataLoader of torch, or in
            a list. They are read batch by batch.
        path: of the PNG.
        class_names: one per class; None: those of the data, else the numbers.
        preprocess: makes of a batch of these images what the model takes; None: as the zoo dataset
            normalises them, and other images as they are.

    Raises:
        ValueError: if `data` is something else, or can be read only once; when the training
            begins, if they are not images with labels that the model takes, or the model does not
            give one (n, classes).
    """

    def __init__(
        self, data, path: str | Path, *, class_names: Sequence[str] | None = None, preprocess=None
    ):
        super().__init__(path)
        self.data = ValidationData(data, class_names, preprocess)

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if outputs := getattr(self.model, "outputs", None):  # a graph knows them before it runs
            check_logits(self.model, outputs)  # not when the training is over
        self.check(self.data.check(self.model))

    def check(self, first: LabelledImages) -> None:
        """Raise ValueError if the figure cannot be drawn of such images."""

    def true_and_predicted(self) -> tuple[np.ndarray, np.ndarray]:
        """The class (n,) of every validation image, and the one that the model takes it for."""
        true, predicted = [], []
        for batch in self.data:
            true.append(batch.labels)
            predicted.append(probabilities(self.model, batch.inputs).argmax(axis=-1))
        return np.concatenate(true), np.concatenate(predicted)


class ConfusionReport(ValidationReport):
    """How often each class is taken for each other one.

    Arguments and errors as of `ValidationReport`.
    """

    heading = "Confusion"
    caption = "Per cent of a true class (row) that was predicted as each class (column)."

    def draw(self):
        true, predicted = self.true_and_predicted()
        names = self.data.class_names(1 + max(true.max(), predicted.max()))
        return figures.confusion(self.path, true, predicted, names)


@dataclass(frozen=True)
class _Mistake:
    picture: np.ndarray  # (height, width, channels), as it was given
    inputs: np.ndarray  # as the model takes it
    true: int
    predicted: int
    confidence: float  # probability of the predicted class


class MisclassifiedReport(ValidationReport):
    """The `count` most confident mistakes: image, true and predicted name, confidence.

    Images that are not 0 to 255 in integers are shown from their lowest to their highest value.

    Args:
        data: with `path`, `class_names` and `preprocess`, as of `ValidationReport`.
        count: how many mistakes are shown.

    Raises:
        ValueError: as `ValidationReport`, or if the images have other than 1 or 3 channels.
    """

    heading = "Misclassified"
    caption = "The most confident mistakes: true class above, predicted class below."
    heat = False  # whether the pictures lie under heat maps

    def __init__(self, data, path, count: int = 10, *, class_names=None, preprocess=None):
        super().__init__(data, path, class_names=class_names, preprocess=preprocess)
        self.count = checks.whole_number("count", count, least=1)

    def check(self, first):
        if first.pictures.shape[-1] not in (1, 3):
            raise ValueError(
                f"pictures have 1 or 3 channels, but the validation images are of shape "
                f"{first.pictures.shape}"
            )

    def draw(self):
        worst = []
        for batch in self.data:
            found = explain.misclassified(self.model, batch.inputs, batch.labels, self.count)
            worst += [
                _Mistake(batch.pictures[index], batch.inputs[index], true, predicted, confidence)
                for index, true, predicted, confidence in zip(
                    found.indices, found.true, found.predicted, found.confidence, strict=True
                )
            ]
            worst = sorted(worst, key=lambda mistake: -mistake.confidence)[: self.count]
        pictures = [_shown(mistake.picture) for mistake in worst]
        pictures = self.pictures(pictures, worst)
        return figures.gallery(self.path, pictures, self._captions(worst), heat=self.heat)

    def pictures(self, pictures: list[np.ndarray], mistakes: list[_Mistake]) -> list[np.ndarray]:
        """What is drawn of the uint8 pictures of the mistaken images."""
        return pictures

    def _captions(self, worst: list[_Mistake]) -> list[tuple[str, str]]:
        mistakes = explain.Mistakes(
            indices=np.arange(len(worst)),
            true=np.array([mistake.true for mistake in worst], int),
            predicted=np.array([mistake.predicted for mistake in worst], int),
            confidence=np.array([mistake.confidence for mistake in worst]),
        )
        known = 1 + max([-1, *mistakes.true, *mistakes.predicted])
        return mistakes.captions(self.data.class_names(known))


class GradCAMReport(MisclassifiedReport):
    """Where the model looked: GradCAM of the predicted class over the same misclassified images.

    Args:
        data: with `path`, `count`, `class_names` and `preprocess`, as of `MisclassifiedReport`.
        layer: with `grid`, `prefix_tokens` and `smallest`, as of `zoo.explain.grad_cam`.

    Raises:
        ValueError: as `MisclassifiedReport`, or if no layer, or more than one, has this name, or
            its maps are too small.
    """

    heading = "Where it looked"
    caption = (
        "GradCAM on the same images: bright regions raised the logit of the predicted class, 1 the "
        "most of an image."
    )
    heat = True

    def __init__(
        self,
        data,
        path,
        count=10,
        layer: str | None = None,
        *,
        grid=None,
        prefix_tokens=None,
        smallest=SMALLEST,
        class_names=None,
        preprocess=None,
    ):
        super().__init__(data, path, count, class_names=class_names, preprocess=preprocess)
        tokens = {"grid": grid, "prefix_tokens": prefix_tokens}
        self.options = {"layer": layer, "smallest": smallest, **tokens}

    def check(self, first):
        super().check(first)
        if self.model.built:
            check_layer(self.model, **self.options)

    def pictures(self, pictures, mistakes):
        if not mistakes:
            return pictures
        inputs = np.stack([mistake.inputs for mistake in mistakes])
        predicted = np.array([mistake.predicted for mistake in mistakes])
        maps = explain.grad_cam(self.model, inputs, predicted, **self.options)
        return [figures.overlay(image, heat) for image, heat in zip(pictures, maps, strict=True)]


def _shown(image: np.ndarray) -> np.ndarray:
    """As uint8: levels 0 to 255 as they are, other numbers stretched to them."""
    if image.dtype.kind in "iu" and 0 <= image.min() and image.max() <= 255:
        return image.astype("uint8")
    image = image.astype("float64")
    lowest, highest = image.min(), image.max()
    return np.round(255 * (image - lowest) / ((highest - lowest) or 1)).astype("uint8")
