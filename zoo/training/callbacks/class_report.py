"""Which classes a model recognises best and worst, when training ends."""

from dataclasses import replace

from zoo import checks
from zoo.report.class_accuracy import class_accuracies, class_table
from zoo.training.callbacks.reports import ValidationReport


class BestAndWorstClassesReport(ValidationReport):
    """The accuracy of every class as a figure, the best and the worst classes as a table.

    Args:
        data: with `path`, `class_names` and `preprocess`, as of `ValidationReport`.
        count: how many of the best, and of the worst, are in the table.

    Raises:
        ValueError: as `ValidationReport`.
    """

    heading = "Best and worst classes"
    caption = "The accuracy of each class, and what most of its other images are taken for."

    def __init__(self, data, path, count: int = 10, *, class_names=None, preprocess=None):
        super().__init__(data, path, class_names=class_names, preprocess=preprocess)
        self.count = checks.whole_number("count", count, least=1)

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._table = ()

    def on_train_end(self, logs=None):
        super().on_train_end(logs)
        self._section = replace(self._section, table=self._table)

    def draw(self):
        true, predicted = self.true_and_predicted()
        names = self.data.class_names(1 + max(true.max(), predicted.max()))
        self._table = class_table(true, predicted, names, self.count)
        return class_accuracies(self.path, true, predicted, len(names))
