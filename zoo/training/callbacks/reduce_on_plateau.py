"""A rate that falls when a metric stops improving, decided as PyTorch's scheduler decides."""

import math
import operator
import warnings
from pathlib import Path

import keras

from zoo import checks
from zoo.backend.optimizer import schedule_of, unwrapped
from zoo.training.callbacks.metrics_log import read_metrics


class Plateau:
    """Tells when a metric, given once per epoch, has not improved for over `patience` epochs.

    An improvement beats the best value so far by `threshold` times that value where
    `threshold_mode` is "rel", by `threshold` itself where it is "abs". After a plateau no epochs
    are counted for `cooldown` epochs.

    Raises:
        ValueError: if a mode is unknown, the threshold is negative or not finite, or patience or
            cooldown is no whole number, 0 or more.
    """

    def __init__(self, patience=10, threshold=1e-4, threshold_mode="rel", mode="min", cooldown=0):
        checks.one_of("threshold_mode", threshold_mode, ("rel", "abs"))
        checks.one_of("mode", mode, ("min", "max"))
        patience = checks.whole_number("patience", patience, least=0)
        cooldown = checks.whole_number("cooldown", cooldown, least=0)
        threshold = checks.number("threshold", threshold, least=0)
        self.patience, self.threshold, self.cooldown = patience, threshold, cooldown
        self.relative, self.mode = threshold_mode == "rel", mode
        self.best = math.inf if mode == "min" else -math.inf
        self.waited = self.resting = 0

    def step(self, value: float) -> bool:
        """Whether this value of the next epoch makes it a plateau; a NaN is no improvement."""
        better, sign = (operator.lt, -1) if self.mode == "min" else (operator.gt, 1)
        if self.relative:
            to_beat = self.best * (1 + sign * self.threshold)
        else:
            to_beat = self.best + sign * self.threshold
        if better(value, to_beat):
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        if self.resting:
            self.resting -= 1
            self.waited = 0
        if self.waited <= self.patience:
            return False
        self.waited, self.resting = 0, self.cooldown
        return True


class OnPlateau(keras.callbacks.Callback):
    """Calls `on_plateau` at the beginning of the epoch that follows a plateau.

    So a checkpoint holds what its epoch was trained with, whatever the order of the callbacks.
    Every `fit` starts to count again; a resumed one first counts the rows that `MetricsLog` wrote
    to `metrics_csv`, up to the epoch it begins with.

    Args:
        monitor: a name in Keras's logs.
        mode: "min", "max" or "auto", which knows losses, errors and accuracies.
        metrics_csv: a run's `metrics.csv`, for `--resume`; without it a resumed training forgets
            the best value, the epochs it has waited and a plateau of the last one.

    Raises:
        ValueError: as `Plateau`, or if `monitor` is no name, or one of which "auto" cannot tell
            the direction.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        mode: str = "auto",
        cooldown: int = 0,
        metrics_csv: str | Path | None = None,
    ):
        super().__init__()
        if not isinstance(monitor, str) or not monitor:
            raise ValueError(f"monitor={monitor!r} must be a name in Keras's logs: 'val_loss'")
        checks.one_of("mode", mode, ("auto", "min", "max"))
        if mode == "auto":
            mode = _direction(monitor)
        self.monitor = monitor
        self.metrics_csv = None if metrics_csv is None else checks.path("metrics_csv", metrics_csv)
        self._settings = (patience, threshold, threshold_mode, mode, cooldown)
        self.plateau = Plateau(*self._settings)

    def on_plateau(self, epoch: int) -> None:
        raise NotImplementedError

    def on_train_begin(self, logs=None):
        self.plateau, self.plateaus, self._due = None, 0, False

    def on_epoch_begin(self, epoch, logs=None):
        if self.plateau is None:
            self.plateau = Plateau(*self._settings)
            for row in read_metrics(self.metrics_csv) if self.metrics_csv else ():
                if row["epoch"] <= epoch:
                    self._count(row.get(self.monitor))
        if self._due:
            self.on_plateau(epoch)
            self._due = False

    def on_epoch_end(self, epoch, logs=None):
        value = (logs or {}).get(self.monitor)
        self._count(None if value is None else float(value))
        if value is None:
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, which epoch {epoch + 1} did not "
                f"measure; it measured {', '.join(logs or {}) or 'nothing'}",
                stacklevel=2,
            )

    def _count(self, value: float | None):
        self._due = value is not None and self.plateau.step(value)
        self.plateaus += self._due


class ReduceLROnPlateau(OnPlateau):
    """Multiply the learning rate by `factor` where `monitor` has stopped improving.

        model.fit(..., callbacks=[ReduceLROnPlateau(factor=0.5, patience=2, threshold=0.01)])

    The decisions are those of `torch.optim.lr_scheduler.ReduceLROnPlateau`. Keras's callback of
    this name knows absolute thresholds only and waits one epoch less: its `patience=3` is 2 here.
    The rate changes when the next epoch begins. It is in the checkpoint of a run; with
    `metrics_csv=run.folder / "metrics.csv"` a resumed one continues to count as well.

    Args:
        factor: above 0, below 1.
        min_lr: the rate does not fall below it.

    Raises:
        ValueError: as `OnPlateau`, or if factor or min_lr is out of range; in `fit`, if the
            optimizer's rate is a schedule.
    """

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, *, min_lr: float = 0.0, **settings
    ):
        super().__init__(monitor, **settings)
        self.factor = checks.number("factor", factor, above=0, below=1)
        self.min_lr = checks.number("min_lr", min_lr, least=0)

    def on_train_begin(self, logs=None):
        refuse_schedule(self.model.optimizer, "sets the learning rate itself")
        super().on_train_begin(logs)

    def on_plateau(self, epoch):
        rate = float(self.model.optimizer.learning_rate)
        self.model.optimizer.learning_rate = min(rate, max(rate * self.factor, self.min_lr))


def refuse_schedule(optimizer: keras.optimizers.Optimizer, why: str) -> None:
    """Raise ValueError if an optimizer's rate is a schedule and not a number."""
    schedule = schedule_of(optimizer)
    if schedule is not None:
        raise ValueError(
            f"the learning rate of {type(unwrapped(optimizer)).__name__} is a "
            f"{type(schedule).__name__}, but the callback {why}; compile with a number, such as "
            f"Adam(0.001), or leave the callback out"
        )


def _direction(monitor: str) -> str:
    """The mode of a metric by its name: losses and errors fall, accuracies rise."""
    if any(word in monitor for word in ("loss", "error")):
        return "min"
    if "acc" in monitor:
        return "max"
    raise ValueError(
        f"whether {monitor!r} should fall or rise is not known; give mode='min' or 'max'"
    )
