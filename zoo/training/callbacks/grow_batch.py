"""A batch that grows where the learning rate would have fallen.

Source: Smith et al., Don't decay the learning rate, increase the batch size (arXiv:1711.00489):
the noise of SGD is in proportion to the rate over the batch size. Either way there is less of it,
and a larger batch takes fewer steps.
"""

import math
import operator
from collections.abc import Sequence

import keras

from zoo.datasets.batches import Batches
from zoo.training.callbacks.reduce_on_plateau import OnPlateau, refuse_schedule


class _Growing(keras.callbacks.Callback):
    """Sets the batch size, in each epoch, to a power of `factor` times what it is at first.

    After the training it is that again.
    """

    def __init__(
        self, batches: Batches, factor: float = 2, *, max_size: int | None = None, **settings
    ):
        super().__init__(**settings)
        if not isinstance(batches, Batches):
            raise ValueError(
                f"batches must be what dataset.batches(...) gives, not a {type(batches).__name__}"
            )
        if not 1 < factor < math.inf:
            raise ValueError(f"factor={factor} must be above 1 and finite")
        if max_size is not None and max_size < batches.size:
            raise ValueError(f"max_size={max_size} is below the size to begin with, {batches.size}")
        self.batches, self.factor, self.max_size = batches, factor, max_size
        if batches.count is not None and batches.size == batches.count.grown:
            batches.size = batches.count.first_size  # an interrupted training left it grown
        self.first_size = batches.size
        batches.count = _Count(batches)

    def set_params(self, params):
        if params["steps"] is not self.batches.count:
            raise ValueError(
                f"the training does not ask the batches of its {type(self).__name__} how many "
                f"there are: give both the same, and no steps_per_epoch"
            )
        super().set_params(params)

    def on_train_begin(self, logs=None):
        refuse_schedule(
            self.model.optimizer, "makes the steps of an epoch fewer, which a schedule counts"
        )
        super().on_train_begin(logs)

    def on_train_end(self, logs=None):
        self.batches.size = self.first_size

    def grow(self, times: int) -> None:
        """Let the coming epoch's batches be grown that many times."""
        limit = self.max_size or max(self.batches.rows, self.first_size)
        size = min(round(self.first_size * self.factor**times), limit)
        self.batches.size = self.batches.count.grown = size


class GrowBatch(_Growing):
    """Multiply the batch size by `factor` after each number of epochs in `epochs`.

        train = data.batches("train", 64)
        model.fit(train, ..., callbacks=[GrowBatch(train, factor=5, epochs=(6, 12, 16))])

    The size is a function of the epoch, so that a resumed training goes on with the right one. The
    last batch of an epoch may be smaller than the others, and `max_size`, or else the number of
    images, is as large as they get.

    Raises:
        ValueError: a factor of 1 or less, epochs that do not rise from above 0, a max_size below
            the first; in `fit`, other batches or `steps_per_epoch`, or an optimizer whose rate is a
            schedule: one of steps, as OneCycle is, would not come to its end.
    """

    def __init__(self, batches, factor=2, *, epochs: Sequence[int], max_size=None):
        super().__init__(batches, factor, max_size=max_size)
        self.epochs = tuple(epochs)
        if not self.epochs or any(
            late <= soon for soon, late in zip((0, *self.epochs), self.epochs, strict=False)
        ):
            raise ValueError(f"epochs={self.epochs} must rise from above 0; (6, 12), say")

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


class _Count:
    """A number that is always how many batches there are now.

    Keras asks once in a `fit`, and keeps and hands to the callbacks what it was given.
    """

    def __init__(self, batches):
        self.batches = batches
        self.first_size = self.grown = batches.size

    def __index__(self):
        return len(self.batches)

    def __repr__(self):
        return repr(len(self.batches))


for _name in "eq lt le gt ge add sub mul truediv floordiv mod".split():
    _of = getattr(operator, _name)
    setattr(_Count, f"__{_name}__", lambda self, other, of=_of: of(len(self.batches), other))
    setattr(_Count, f"__r{_name}__", lambda self, other, of=_of: of(other, len(self.batches)))
