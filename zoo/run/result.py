"""The result of a finished training: its row for `results/`, and the numbers that a page shows."""

import math
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from zoo import tasks
from zoo.tasks import CROSS_ENTROPY, LOSS, Metric, Task

NOT_METRICS = ("epoch", "learning_rate", "seconds")  # columns of metrics.csv beside Keras's logs


def measured(task: Task, row: Mapping[str, float]) -> list[Metric]:
    """The task's metrics that a row of metrics.csv has, the main one first.

    A model of several outputs has one per output, such as `digit_accuracy`: then the last of them,
    in the order of the columns, is the main one. A training that measured none of the task's
    metrics is compared by its loss.
    """
    keys = dict.fromkeys(key.removeprefix("val_") for key in row if key not in NOT_METRICS)
    found = {}
    for metric in task.metrics:
        of_outputs = [key for key in keys if key.endswith(f"_{metric.key}")]
        if metric.key in keys:
            found[metric.key] = metric
        else:
            of_outputs = of_outputs[-1:] + of_outputs[:-1]
        for key in of_outputs:
            found.setdefault(key, tasks.metric(key))
    return list(found.values()) or [LOSS]


def loss_metric(row: Mapping[str, float]) -> Metric:
    """The loss to show: where it may hold a penalty, the cross-entropy measured beside it."""
    return CROSS_ENTROPY if f"val_{CROSS_ENTROPY.key}" in row else LOSS


def result_of(
    model: keras.Model, task: Task, rows: Sequence[Mapping[str, float]], config: Mapping
) -> dict:
    """The last epoch's row for `results/`, from a run's metrics.csv and config.json."""
    arguments, last = config["arguments"], rows[-1]
    main = measured(task, last)[0]
    value_key = f"val_{main.key}"
    latest = [row[value_key] for row in rows[-3:] if value_key in row]
    worst = min if main.higher_is_better else max
    return {
        "recipe": config["recipe"],
        "part": config.get("part", ""),
        "model": model.name,
        "params": sum(math.prod(v.shape) for v in model.trainable_variables),
        "dataset": arguments.get("dataset", ""),
        "epochs": int(last["epoch"]),
        "seed": arguments.get("seed", 0),
        "metric": main.key,
        "value": _rounded(last.get(value_key)),
        "worst_of_last_3": _rounded(worst(latest)) if latest else None,
        "train_value": _rounded(last.get(main.key)),
        "metrics": {
            key.removeprefix("val_"): _rounded(value)
            for key, value in last.items()
            if key.startswith("val_") and key != value_key
        },
        "train_seconds": round(sum(row["seconds"] for row in rows), 1),
        "backend": config["backend"],
        "device": config["device"],
        "versions": " ".join(f"{name} {version}" for name, version in config["versions"].items()),
        "commit": config["commit"],
    }


def require_finite(model: keras.Model, task: Task, row: Mapping[str, float]) -> None:
    """Refuse a training that ended with NaN or infinite numbers.

    Raises:
        FloatingPointError: if a loss, a metric of the task or a weight is not finite; names it.
    """
    watched = {metric.key for metric in measured(task, row)}
    broken = [
        f"{key} is {value}"
        for key, value in row.items()
        if not math.isfinite(value) and (key.removeprefix("val_") in watched or "loss" in key)
    ]
    for weight in model.trainable_variables:
        values = keras.ops.convert_to_numpy(weight).astype("float32")
        if not np.isfinite(values).all():
            broken.append(f"the weight {weight.path} is not finite")
            break  # as a rule the others are not either
    if broken:
        raise FloatingPointError(
            f"the training of {model.name} did not end in numbers: {', '.join(broken)}. It was not "
            f"saved; start again with a lower learning rate, or clip the gradient (clipnorm=1)"
        )


def tiles(task: Task, row: Mapping[str, float], result: Mapping) -> list[tuple[str, str]]:
    """(number, label) pairs: the metrics and the loss of the last epoch, parameters and time."""
    metrics = measured(task, row)
    if LOSS.key not in [metric.key for metric in metrics]:
        metrics.append(loss_metric(row))
    minutes, seconds = divmod(round(result["train_seconds"]), 60)
    return [
        *(
            (metric.shown(row[f"val_{metric.key}"]), f"validation {metric.label}, last epoch")
            for metric in metrics
            if f"val_{metric.key}" in row
        ),
        (f"{result['params']:,}", "trainable parameters"),
        (f"{result['epochs']}", "epochs"),
        (f"{minutes}:{seconds:02d} min", "training and validating"),
    ]


def epoch_table(rows: Sequence[Mapping[str, float]]) -> list[dict[str, str]]:
    """metrics.csv as a page shows it; empty cells where an epoch did not measure something."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return [
        {key.replace("_", " "): _cell(key, row[key]) if key in row else "" for key in keys}
        for row in rows
    ]


def _cell(key: str, value: float) -> str:
    if key in NOT_METRICS:
        return f"{value:.4g}"
    return tasks.metric(key).shown(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
