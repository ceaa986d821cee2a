"""Figures of what a detector finds in the validation images, drawn when training ends."""

import numpy as np

from zoo import checks
from zoo.detection import match
from zoo.detection.evaluation import RECALLS
from zoo.report import figures
from zoo.report.boxes import boxes_figure
from zoo.report.plots import Plot, plots
from zoo.training.callbacks.mean_average_precision import MeanAveragePrecision
from zoo.training.callbacks.reports import Report

SHOWN = 0.3  # the least score of a detection that is drawn or counted as a mistake


class DetectionReport(Report):
    """A figure of the detections that a `MeanAveragePrecision` has measured.

    Args:
        measured: the callback; it comes before this one.
        path: of the PNG.

    Raises:
        ValueError: if `measured` is something else.
    """

    def __init__(self, measured: MeanAveragePrecision, path):
        super().__init__(path)
        if not isinstance(measured, MeanAveragePrecision):
            raise ValueError(f"measured={measured!r} must be the callback MeanAveragePrecision")
        self.measured = measured

    def matches(self) -> list:
        """Per validation image which detection found which object."""
        data = self.measured.data
        return [
            match(found.above(SHOWN), objects, data.num_classes)
            for found, objects in zip(self.measured.detections, data.val.objects, strict=True)
        ]


class PrecisionRecallReport(DetectionReport):
    """Precision against recall of every class, at an IoU of 0.5."""

    heading = "Precision and recall"
    caption = (
        "At an IoU of 0.5: the share of detections that are right against the share of objects "
        "found, as the least score falls. The area below a line is the class's average precision."
    )

    def draw(self):
        evaluation, lines = self.measured.evaluation, {}
        for k, name in enumerate(self.measured.data.class_names):
            value = evaluation.average_precision_50[k]
            if np.isfinite(value):
                lines[f"{name}, {value:.1%}"] = evaluation.precision[k]
        panel = Plot("", lines, RECALLS, "recall", "precision", limits=(0, 1.02))
        return plots(self.path, [panel], columns=1, height=4)


class ObjectConfusionReport(DetectionReport):
    """Which class an object is taken for, found objects and missed ones."""

    heading = "Confusion"
    caption = (
        f"Per cent of a true class (row) found as each class (column), scores of {SHOWN} or more, "
        f"at an IoU of 0.5. The last column is what was missed, the last row detections of nothing."
    )

    def draw(self):
        pairs, names = self.matches(), (*self.measured.data.class_names, "background")
        true = np.concatenate([pair.true for pair in pairs])
        predicted = np.concatenate([pair.predicted for pair in pairs])
        return figures.confusion(self.path, true, predicted, names)


class BestAndWorstReport(DetectionReport):
    """The validation images with most and with fewest mistakes, their true and found boxes.

    Args:
        count: how many of each.
    """

    heading = "Best and worst images"
    caption = (
        f"Found boxes with their scores, {SHOWN} or more, over the true ones; F1 is 2 right / "
        f"(objects + detections) of an image, at an IoU of 0.5."
    )

    def __init__(self, measured, path, count: int = 4):
        super().__init__(measured, path)
        self.count = checks.whole_number("count", count, least=1)

    def draw(self):
        part, values = self.measured.data.val, [pair.f1 for pair in self.matches()]
        order = np.argsort(-np.array(values), kind="stable")
        count = min(self.count, len(order) // 2 or 1)
        rows = np.concatenate([order[:count], order[-count:]])
        found = [self.measured.detections[row].above(SHOWN) for row in rows]
        return boxes_figure(
            [part.images[[row]][0] for row in rows],
            [one.boxes for one in found],
            [one.classes for one in found],
            [one.scores for one in found],
            class_names=self.measured.data.class_names,
            true_boxes=[part.objects[row].boxes for row in rows],
            titles=[f"F1 {values[row]:.2f}" for row in rows],
            columns=count,
            path=self.path,
        )
