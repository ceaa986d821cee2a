"""Figures of the validation images, drawn when training ends."""

from pathlib import Path

import keras
import numpy as np

from zoo import explain
from zoo.datasets import Dataset
from zoo.explain.cam import check_layer
from zoo.explain.misclassified import probabilities
from zoo.explain.subject import check_logits
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
    """The `count` mistakes the model is surest of: image, true and predicted name, confidence."""

    def __init__(self, data: Dataset, path: str | Path, count: int = 10):
        super().__init__(data, path)
        self.count = count

    def draw(self, x):
        mistakes = explain.misclassified(self.model, x, self.data.y_val, self.count)
        images = self.data.x_val[mistakes.indices]
        figures.gallery(self.path, images, mistakes.captions(self.data.class_names))


class GradCAMReport(MisclassifiedReport):
    """Where the model looked: GradCAM of the predicted class over the same misclassified images."""

    def __init__(self, data: Dataset, path: str | Path, count: int = 10, layer: str | None = None):
        super().__init__(data, path, count)
        self.layer = layer

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self.model.built:
            check_layer(self.model, self.layer)

    def draw(self, x):
        mistakes = explain.misclassified(self.model, x, self.data.y_val, self.count)
        images = self.data.x_val[mistakes.indices]
        if len(images):
            shown = x[mistakes.indices]
            maps = explain.grad_cam(self.model, shown, mistakes.predicted, self.layer)
            images = [figures.overlay(image, cam) for image, cam in zip(images, maps, strict=True)]
        figures.gallery(self.path, images, mistakes.captions(self.data.class_names))
