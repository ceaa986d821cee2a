"""Figures of a trained transformer, drawn when training ends."""

import numpy as np

from zoo import checks, explain, inspect
from zoo.report import figures, transformer
from zoo.training.callbacks.reports import MisclassifiedReport, Report, ValidationReport


class RolloutReport(MisclassifiedReport):
    """What reached the output: attention rollout over the misclassified images.

    Args:
        data: with `path`, `count`, `class_names` and `preprocess`, as of `MisclassifiedReport`.
        grid: with `prefix_tokens`, as of `zoo.explain.attention_rollout`.

    Raises:
        ValueError: as `MisclassifiedReport`.
    """

    heading = "What reached the output"
    caption = (
        "Attention rollout on the same images: most of the bright patches reached the class token, "
        "or the mean of the tokens, whatever the class."
    )
    heat = True

    def __init__(
        self,
        data,
        path,
        count=10,
        *,
        grid=None,
        prefix_tokens=None,
        class_names=None,
        preprocess=None,
    ):
        super().__init__(data, path, count, class_names=class_names, preprocess=preprocess)
        self.options = {"grid": grid, "prefix_tokens": prefix_tokens}

    def pictures(self, pictures, mistakes):
        if not mistakes:
            return pictures
        inputs = np.stack([mistake.inputs for mistake in mistakes])
        maps = explain.attention_rollout(self.model, inputs, **self.options)
        return [figures.overlay(image, heat) for image, heat in zip(pictures, maps, strict=True)]


class AttentionDistanceReport(ValidationReport):
    """How far each head looks, layer by layer.

    Args:
        data: with `path`, `class_names` and `preprocess`, as of `ValidationReport`.
        count: how many of the first validation images are looked at.
        grid: with `prefix_tokens`, as of `zoo.inspect.attention_distance`.

    Raises:
        ValueError: as `ValidationReport`.
    """

    heading = "Attention distance"
    caption = (
        "How far the heads of each block look, one dot per head: near 0 it looks at its "
        "neighbours, as a convolution does."
    )

    def __init__(
        self,
        data,
        path,
        count=200,
        *,
        grid=None,
        prefix_tokens=None,
        class_names=None,
        preprocess=None,
    ):
        super().__init__(data, path, class_names=class_names, preprocess=preprocess)
        self.count = checks.whole_number("count", count, least=1)
        self.options = {"grid": grid, "prefix_tokens": prefix_tokens}

    def draw(self):
        batches, seen = [], 0
        for batch in self.data:
            batches.append(batch.inputs)
            seen += len(batch.inputs)
            if seen >= self.count:
                break
        images = np.concatenate(batches)[: self.count]
        distances = inspect.attention_distance(self.model, images, **self.options)
        return transformer.attention_distance(self.path, distances, most=max(images.shape[1:3]))


class PositionsReport(Report):
    """How alike the learned positions of the patches are, to the PNG `path`."""

    heading = "Learned positions"
    caption = (
        "One map per patch, where it lies: how alike its position is to those of all patches. The "
        "net had to learn that they lie in a plane."
    )

    def draw(self):
        similarity = inspect.position_similarity(self.model)
        return transformer.position_similarity(self.path, similarity)
