"""Figures of the validation images, drawn when training ends."""

from pathlib import Path

import keras
import numpy as np

from zoo import explain
from zoo.datasets import Dataset
from zoo.explain.cam import check_layer
from zoo.explain.misclassified import probabilities
from zoo.explain.outputs import check_logits
from zoo.report import figures
from zoo.report.page import Section, drawn


class _ValidationReport(keras.callbacks.Callback):
    """Draws one figure of `data`'s validation images to the PNG `path` when training ends.

    A run's report shows it where the callback is handed to `run.finish`. A figure that cannot be
    drawn costs a warning and not the training.
    """

    heading = caption = ""  # on the report's page

    def __init__(self, data: Dataset, path: str | Path):
        super().__init__()
        self.data, self.path = data, Path(path)
        self._section = None

    @property
    def section(self) -> Section:
        """The figure with heading and caption, as a page shows it."""
        return self._section or Section(self.heading, self.caption, self.path)

    def on_train_begin(self, logs=None):
        if outputs := getattr(self.model, "outputs", None):  # a graph knows them before it runs
            check_logits(self.model, outputs)  # not when the training is over

    def on_train_end(self, logs=None):
        self._section = drawn(
            self.heading,
            self.caption,
            lambda: self.draw(self.data.normalize(self.data.x_val)),
        )

    def draw(self, x: np.ndarray) -> Path:
        raise NotImplementedError


class ConfusionReport(_ValidationReport):
    """How often each class is taken for each other one."""

    heading = "Confusion"
    caption = "Per cent of a true class (row) that was predicted as each class (column)."

    def draw(self, x):
        predicted = probabilities(self.model, x).argmax(axis=-1)
        return figures.confusion(self.path, self.data.y_val, predicted, self.data.class_names)


class MisclassifiedReport(_ValidationReport):
    """The `count` most confident mistakes: image, true and predicted name, confidence.

    Raises:
        ValueError: when the training begins, for a model that does not give one (n, classes).
    """

    heading = "Misclassified"
    caption = "The most confident mistakes: true class above, predicted class below."

    def __init__(self, data: Dataset, path: str | Path, count: int = 10):
        super().__init__(data, path)
        self.count = count

    def draw(self, x):
        mistakes = explain.misclassified(self.model, x, self.data.y_val, self.count)
        pictures = self.pictures(x[mistakes.indices], mistakes)
        return figures.gallery(self.path, pictures, mistakes.captions(self.data.class_names))

    def pictures(self, x: np.ndarray, mistakes: explain.Mistakes):
        """The uint8 images to show of the mistaken ones `x`, which are as the model takes them."""
        return self.data.x_val[mistakes.indices]


class GradCAMReport(MisclassifiedReport):
    """Where the model looked: GradCAM of the predicted class over the same misclassified images."""

    heading = "Where it looked"
    caption = "GradCAM on the same images: red regions raised the logit of the predicted class."

    def __init__(self, data: Dataset, path: str | Path, count: int = 10, layer: str | None = None):
        super().__init__(data, path, count)
        self.layer = layer

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self.model.built:
            check_layer(self.model, self.layer)

    def pictures(self, x, mistakes):
        images = super().pictures(x, mistakes)
        if not len(images):
            return images
        maps = explain.grad_cam(self.model, x, mistakes.predicted, self.layer)
        return [figures.overlay(image, heat) for image, heat in zip(images, maps, strict=True)]
