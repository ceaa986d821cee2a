"""A batch that grows where the learning rate would have fallen.

Source: Smith et al., Don't decay the learning rate, increase the batch size (arXiv:1711.00489):
the noise of SGD is in proportion to the rate over the batch size. Either way there is less of it,
and a larger batch takes fewer steps.
"""

import copy
from collections.abc import Sequence

import keras
import numpy as np

from zoo import checks
from zoo.datasets.batches import Batches
from zoo.training.callbacks.reduce_on_plateau import OnPlateau, refuse_schedule


class _Growing(keras.callbacks.Callback):
    """Trains each epoch on copies of the batches, of a power of `factor` times their size.

    The batches keep their size; `fit` takes a copy for one epoch, so that nothing is left of it
    where the training is interrupted.

    Keras asks once in a `fit` how many batches an epoch has. It gets an array of no dimensions,
    which counts like an integer, and whose value changes from epoch to epoch.
    """

    def __init__(
        self, batches: Batches, factor: float = 2, *, max_size: int | None = None, **settings
    ):
        super().__init__(**settings)
        if not isinstance(batches, Batches):
            raise ValueError(
                f"batches must be what dataset.batches(...) gives, not a {type(batches).__name__}"
            )
        self.batches = batches
        self.factor = checks.number("factor", factor, above=1)
        if max_size is not None:
            checks.whole_number("max_size", max_size, least=batches.size)
        self.max_size = max_size
        batches.count = np.array(len(batches))

    def on_train_begin(self, logs=None):
        self._batches_per_epoch = self.params["steps"]
        if self._batches_per_epoch is not self.batches.count:
            raise ValueError(
                f"the training does not ask the batches of its {type(self).__name__} how many "
                f"there are: give both the same, and no steps_per_epoch"
            )
        refuse_schedule(
            self.model.optimizer, "makes the steps of an epoch fewer, which a schedule counts"
        )
        super().on_train_begin(logs)

    def grow(self, times: int) -> None:
        """Let the coming epoch's batches be grown that many times."""
        grown = copy.copy(self.batches)
        largest = self.max_size or max(grown.rows, grown.size)
        grown.size = min(round(grown.size * self.factor**times), largest)
        self.batches.coming = grown
        self._batches_per_epoch[...] = len(grown)


class GrowBatch(_Growing):
    """Multiply the batch size by `factor` after each number of epochs in `epochs`.

        train = data.batches("train", 64)
        model.fit(train, ..., callbacks=[GrowBatch(train, factor=5, epochs=(6, 12, 16))])

    The size is a function of the epoch, so that a resumed training continues with the right one.
    The last batch of an epoch may be smaller than the others, and `max_size`, or else the number of
    images, is as large as they get.

    Raises:
        ValueError: if the factor is not above 1, the epochs are not whole numbers that rise from
            above 0, or max_size is below the first size; in `fit`, if it has other batches or
            `steps_per_epoch`, or the optimizer's rate is a schedule: one of steps, as OneCycle is,
            would not come to its end.
    """

    def __init__(self, batches, factor=2, *, epochs: Sequence[int], max_size=None):
        super().__init__(batches, factor, max_size=max_size)
        self.epochs = _rising(epochs)

    def on_epoch_begin(self, epoch, logs=None):
        self.grow(sum(after <= epoch for after in self.epochs))


class GrowBatchOnPlateau(_Growing, OnPlateau):
    """Multiply the batch size by `factor` where `monitor` has stopped improving.

    `settings` are those of `ReduceLROnPlateau`: monitor, patience, threshold, …. A resumed training
    knows how often the batch has grown only from `metrics_csv`.

    Raises:
        ValueError: as `GrowBatch` and `OnPlateau`.
    """

    def __init__(self, batches, factor=2, monitor="val_loss", *, max_size=None, **settings):
        super().__init__(batches, factor, max_size=max_size, monitor=monitor, **settings)

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        self.grow(self.plateaus)

    def on_plateau(self, epoch):
        """Nothing to do once: the size is set in each epoch."""


def _rising(epochs: Sequence[int]) -> tuple[int, ...]:
    """Whole numbers, each above the one before; ValueError otherwise."""
    listed = epochs if isinstance(epochs, Sequence) and not isinstance(epochs, str) else ()
    try:
        listed = tuple(checks.whole_number("epochs", epoch, least=1) for epoch in listed)
    except ValueError:
        listed = ()
    if not listed or any(late <= early for early, late in zip(listed, listed[1:], strict=False)):
        raise ValueError(f"epochs={epochs!r} must be whole numbers that rise from above 0: (6, 12)")
    return listed
