"""A live line with what one wants to know while a net trains."""

import time
import weakref

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from zoo import tasks
from zoo.training.callbacks.metrics_log import scalars
from zoo.training.schedules import last_rate, rate_at, steps_taken

REFRESH = 0.25  # seconds between redraws: no step waits for the terminal

_open = weakref.WeakSet()  # bars that an exception may leave behind, the cursor hidden


class Progress(keras.callbacks.Callback):
    """A bar with loss, accuracy, rate and time left; a line an epoch where there is no terminal.

    Pass `verbose=0` to `model.fit` beside it.
    """

    def __init__(self, console: Console | None = None):
        super().__init__()
        self.console = console or Console(highlight=False, markup=False, emoji=False)
        self._bar = None

    def on_train_begin(self, logs=None):
        self._done = 0  # steps in the epochs before
        if self.console.is_terminal:
            self._bar = Bar(
                TextColumn("epoch {task.fields[epoch]}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[numbers]}", markup=False),  # names of a user's metrics
                TimeRemainingColumn(compact=True, elapsed_when_finished=True),
                console=self.console,
                transient=True,
                auto_refresh=False,
            )
            self._bar.start()
            _open.add(self)
            self._task = self._bar.add_task("", total=None, epoch="", numbers="")

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._began, self._shown = epoch, time.perf_counter(), 0.0
        self._before = steps_taken(self.model.optimizer)

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if self._bar is None or now - self._shown < REFRESH:
            return
        self._shown = now
        steps = self.params.get("steps") or 0
        to_come = (self.params["epochs"] - self._epoch) * steps  # the time left is the run's
        rate = rate_at(self.model.optimizer, self._before + batch)
        self._bar.update(
            self._task,
            total=self._done + to_come if steps else None,
            completed=self._done + batch + 1,
            epoch=f"{self._epoch + 1}/{self.params['epochs']}",
            numbers=f"{_numbers(logs)}  rate {rate:.2e}",
            refresh=True,
        )

    def on_epoch_end(self, epoch, logs=None):
        self._done += self.params.get("steps") or 0  # fewer where the batch has grown
        seconds = time.perf_counter() - self._began
        self.console.print(
            f"epoch {epoch + 1:>3}/{self.params['epochs']}  {_numbers(logs)}  "
            f"rate {last_rate(self.model.optimizer):.2e}  {seconds:.1f} s",
            soft_wrap=True,
        )

    def on_train_end(self, logs=None):
        self.close()

    def close(self):
        """Give the terminal back."""
        if self._bar:
            self._bar.stop()
            self._bar = None


def close_bars() -> None:
    """Give the terminal back from every training that an exception ended."""
    for progress in list(_open):
        progress.close()


def _numbers(logs) -> str:
    return "  ".join(
        f"{key} {tasks.metric(key).shown(value)}" for key, value in scalars(logs).items()
    )
