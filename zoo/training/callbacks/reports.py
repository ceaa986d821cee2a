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


class _ValidationReport(keras.callbacks.Callback):
    """Draws one figure of `data`'s validation images to the PNG `path` when training ends."""

    def __init__(self, data: Dataset, path: str | Path):
        super().__init__()
        self.data, self.path = data, Path(path)

    def on_train_begin(self, logs=None):
        if outputs := getattr(self.model, "outputs", None):  # a graph knows them before it runs
            check_logits(self.model, outputs, least=2)  # not when the training is over

    def on_train_end(self, logs=None):
        self.draw(self.data.normalize(self.data.x_val))

    def draw(self, x: np.ndarray) -> None:
        raise NotImplementedError


class ConfusionReport(_ValidationReport):
    """How often each class is taken for each other one."""

    def draw(self, x):
        predicted = probabilities(self.model, x).argmax(axis=-1)
        figures.confusion(self.path, self.data.y_val, predicted, self.data.class_names)


class MisclassifiedReport(_ValidationReport):
    """The `count` mistakes the model is surest of: image, true and predicted name, confidence.

    Raises:
        ValueError: when the training begins, for a model that does not give logits of two classes
            or more.
    """

    def __init__(self, data: Dataset, path: str | Path, count: int = 10):
        super().__init__(data, path)
        self.count = count

    def draw(self, x):
        mistakes = explain.misclassified(self.model, x, self.data.y_val, self.count)
        pictures = self.pictures(x[mistakes.indices], mistakes)
        figures.gallery(self.path, pictures, mistakes.captions(self.data.class_names))

    def pictures(self, x: np.ndarray, mistakes: explain.Mistakes):
        """The uint8 images to show of the mistaken ones `x`, which are as the model takes them."""
        return self.data.x_val[mistakes.indices]


class GradCAMReport(MisclassifiedReport):
    """Where the model looked: GradCAM of the predicted class over the same misclassified images."""

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
