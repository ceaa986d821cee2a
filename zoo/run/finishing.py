"""The end of one training: the model saved, the result written, the curves drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from zoo import registry, tasks
from zoo.backend.optimizer import schedule_of
from zoo.report import figures
from zoo.report.page import Section, drawn
from zoo.run.folder import read_json, write_json
from zoo.run.result import epoch_table, measured, require_finite, result_of
from zoo.tasks import LOSS, Task
from zoo.training.schedules import OneCycle, rate_at, steps_taken

CURVES = (
    "Better in training than in validation means overfitting; worse, dropout or augmentation at "
    "work. The last epoch counts."
)


def task_of(model: keras.Model, named: str | None) -> Task:
    """The task a run was started with, else that of the model's card, else classification."""
    if named is not None:
        return tasks.get(named)
    known = model.name in registry.list_models()
    return tasks.get(registry.card(model.name).task if known else "classification")


def save(
    folder: Path, model: keras.Model, task: Task, rows: Sequence[Mapping], config: Mapping
) -> dict:
    """Write model.keras and result.json; returns the result.

    Raises:
        FloatingPointError: if the training did not end in finite numbers; nothing is written.
    """
    require_finite(model, task, rows[-1])
    result = result_of(model, task, rows, config)
    path = folder / "result.json"
    if path.exists():  # finished before a resume: what made it then
        finished = read_json(path)
        result |= {key: finished[key] for key in ("device", "versions", "commit")}
    temporary = folder / "unfinished.keras"
    model.save(temporary)
    temporary.replace(folder / "model.keras")
    write_json(path, result)
    return result


def in_words(task: Task, row: Mapping[str, float], result: Mapping) -> str:
    """The result as the console says it."""
    values = [
        f"{metric.shown(row[f'val_{metric.key}'])} validation {metric.label}"
        for metric in measured(task, row)
        if f"val_{metric.key}" in row
    ]
    epochs, seconds = result["epochs"], result["train_seconds"]
    return f"{', '.join(values) or 'done'} after epoch {epochs}, {seconds:.0f} s of training"


def curves(folder: Path, task: Task, rows: Sequence[Mapping[str, float]]) -> Section:
    """history.png: the loss and the task's metrics after each epoch."""
    metrics = {metric.key: metric for metric in [LOSS, *measured(task, rows[-1])]}
    shown = list(metrics.values())  # the loss once, also where it is what the task measures
    return drawn("Curves", CURVES, lambda: figures.history(folder / "history.png", rows, shown))


def rates(folder: Path, optimizer, rows: Sequence[Mapping[str, float]]) -> Section:
    """lr.png: the schedule step by step, or, without one, the rate of each epoch."""
    path = folder / "lr.png"
    schedule = schedule_of(optimizer)
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        epochs = [row["epoch"] for row in rows]
        per_epoch = [row["learning_rate"] for row in rows]
        return drawn(
            "Learning rate",
            "At the end of each epoch.",
            lambda: figures.learning_rate(path, epochs, per_epoch),
        )
    taken = steps_taken(optimizer)
    steps = np.unique(np.linspace(0, max(taken - 1, 0), 300).astype(int))
    momenta = None
    if isinstance(schedule, OneCycle) and schedule.momentum:
        momenta = [float(schedule.momentum_at(step)) for step in steps]
    per_step = [rate_at(optimizer, step) for step in steps]
    epochs = steps * rows[-1]["epoch"] / taken
    return drawn(
        "Learning rate",
        "The schedule, step by step.",
        lambda: figures.learning_rate(path, epochs, per_step, momenta),
    )


def every_epoch(rows: Sequence[Mapping[str, float]]) -> Section:
    return Section("Every epoch", table=epoch_table(rows), folded=True)
