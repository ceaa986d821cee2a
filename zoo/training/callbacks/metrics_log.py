"""One row per epoch in a CSV file, for people and for resuming."""

import csv
import io
import time
from pathlib import Path

import keras
import numpy as np

from zoo import checks
from zoo.storage import write_atomically
from zoo.training.schedules import last_rate


def scalars(logs) -> dict[str, float]:
    """The numbers of Keras's logs; of a metric with one value per class the mean."""
    logs = keras.tree.map_structure(keras.ops.convert_to_numpy, logs or {})
    return {key: float(np.mean(value)) for key, value in logs.items()}


def read_metrics(path: str | Path) -> list[dict[str, float]]:
    """The rows of a `metrics.csv`, epochs as int, the rest as float; none if there is no file.

    Raises:
        ValueError: if the file has something else in it.
    """
    if not Path(path).exists():
        return []
    try:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        numbers = [{key: float(value) for key, value in row.items() if value} for row in rows]
        return [row | {"epoch": int(row["epoch"])} for row in numbers]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); put a copy back, or delete it and start again"
        ) from error


class MetricsLog(keras.callbacks.Callback):
    """Write epoch, Keras's logs, the learning rate and the seconds of each epoch to `path`.

    Of a metric with one value per class the mean is written. Where a resumed training repeats
    epochs, their old rows go.

    Raises:
        ValueError: if `path` is none, or a file that `read_metrics` cannot read.
    """

    def __init__(self, path: str | Path):
        super().__init__()
        self.path = checks.path("path", path)
        self.rows = read_metrics(path)

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()
        self.rows = [row for row in self.rows if row["epoch"] <= epoch]

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1} | scalars(logs)
        row["learning_rate"] = last_rate(self.model.optimizer)
        row["seconds"] = round(time.perf_counter() - self._began, 2)
        self.rows.append(row)
        columns = dict.fromkeys(key for row in self.rows for key in row)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=columns, restval="")
        writer.writeheader()
        writer.writerows(self.rows)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, lambda file: file.write(text.getvalue().encode()))
