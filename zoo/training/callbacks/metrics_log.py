"""A row an epoch in a CSV file, for people and for resuming."""

import csv
import time
from pathlib import Path

import keras

from zoo.training.schedules import rate_at


def read_metrics(path: str | Path) -> list[dict[str, float]]:
    """The rows of a `metrics.csv`, epochs as int, the rest as float; none if there is no file."""
    if not Path(path).exists():
        return []
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = [{key: float(value) for key, value in row.items()} for row in rows]
    return [row | {"epoch": int(row["epoch"])} for row in numbers]


class MetricsLog(keras.callbacks.Callback):
    """Write epoch, Keras's logs, the learning rate and the seconds of each epoch to `path`.

    A resumed training makes some epochs again: their old rows go.
    """

    def __init__(self, path: str | Path):
        super().__init__()
        self.path = Path(path)
        self.rows = read_metrics(path)

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()
        self.rows = [row for row in self.rows if row["epoch"] <= epoch]

    def on_epoch_end(self, epoch, logs=None):
        last_step = (epoch + 1) * (self.params.get("steps") or 1) - 1
        row = {"epoch": epoch + 1} | {key: float(value) for key, value in (logs or {}).items()}
        row["learning_rate"] = rate_at(self.model.optimizer, last_step)
        row["seconds"] = round(time.perf_counter() - self._began, 2)
        self.rows.append(row)
        with open(self.path, "w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=self.rows[0], restval="")
            writer.writeheader()
            writer.writerows(self.rows)
