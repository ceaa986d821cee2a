"""A live line with what one wants to know while a net trains."""

import time
import weakref

import keras
from rich.console import Console
from rich.control import Control
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.segment import ControlType, Segments

from zoo import tasks
from zoo.training.callbacks.metrics_log import scalars
from zoo.training.schedules import last_rate, rate_at, steps_taken

REFRESH = 0.25  # seconds between redraws: no step waits for the terminal
ERASE_LINE = Control((ControlType.ERASE_IN_LINE, 2), ControlType.CARRIAGE_RETURN)

_unfinished = weakref.WeakSet()  # those whose bar is on the screen


class Progress(keras.callbacks.Callback):
    """A bar with loss, accuracy, rate and time left, and one line per epoch.

    Where there is no terminal, the lines alone. Pass `verbose=0` to `model.fit` beside it.

    Raises:
        ValueError: if `console` is not rich's.
    """

    def __init__(self, console: Console | None = None):
        super().__init__()
        if not isinstance(console, Console | None):
            raise ValueError(f"console={console!r} must be a rich.console.Console, or None")
        self.console = console or Console(highlight=False, markup=False, emoji=False)

    def on_train_begin(self, logs=None):
        self._steps_done = 0  # in the epochs before
        # It only lays the line out: rich's live display would have to be stopped after an
        # interrupt, of which Keras tells no callback.
        self._bar = Bar(
            TextColumn("epoch {task.fields[epoch]}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[numbers]}", markup=False),  # names of a user's metrics
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=self.console,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=None, epoch="", numbers="")

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._began, self._drawn = epoch, time.perf_counter(), 0.0
        self._steps_before = steps_taken(self.model.optimizer)

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if not self.console.is_terminal or now - self._drawn < REFRESH:
            return
        self._drawn = now
        steps = self.params.get("steps") or 0
        to_come = (self.params["epochs"] - self._epoch) * steps  # the time left is the run's
        rate = rate_at(self.model.optimizer, self._steps_before + batch)
        self._bar.update(
            self._task,
            total=self._steps_done + to_come if steps else None,
            completed=self._steps_done + batch + 1,
            epoch=f"{self._epoch + 1}/{self.params['epochs']}",
            numbers=f"{_numbers(logs)}  rate {rate:.2e}",
        )
        line = self.console.render_lines(self._bar, pad=False)[0]
        self.console.control(ERASE_LINE)
        self.console.print(Segments(line), end="")
        _unfinished.add(self)

    def on_epoch_end(self, epoch, logs=None):
        self.erase_bar()
        self._steps_done += self.params.get("steps") or 0  # fewer where the batch has grown
        seconds = time.perf_counter() - self._began
        self.console.print(
            f"epoch {epoch + 1:>3}/{self.params['epochs']}  {_numbers(logs)}  "
            f"rate {last_rate(self.model.optimizer):.2e}  {seconds:.1f} s",
            soft_wrap=True,
        )

    def erase_bar(self):
        """Begin a new line, without the bar."""
        if self in _unfinished:
            _unfinished.discard(self)
            self.console.control(ERASE_LINE)


def close_bars() -> None:
    """Erase what trainings that an exception ended have left on the screen's last line."""
    for progress in list(_unfinished):
        progress.erase_bar()


def _numbers(logs) -> str:
    return "  ".join(
        f"{key} {tasks.metric(key).shown(value)}" for key, value in scalars(logs).items()
    )
