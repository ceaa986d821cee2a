"""What a finished training comes to: its row for `results/`, and the cells that a report shows."""

import math
import re
from collections.abc import Mapping, Sequence

import keras


def result_of(model: keras.Model, rows: Sequence[Mapping[str, float]], config: Mapping) -> dict:
    """The last epoch's row for `results/`, of a run's metrics.csv and config.json."""
    arguments, last = config["arguments"], rows[-1]
    accuracies = list(accuracies_of(last).items())
    learnt = [value for key, value in last.items() if re.fullmatch(r"(?!val_)(.*_)?accuracy", key)]
    main = [[*accuracies_of(row).values()][-1:] for row in rows]  # of several outputs the last
    return {
        "recipe": config["recipe"],
        "part": config.get("part", ""),
        "model": model.name,
        "params": sum(math.prod(v.shape) for v in model.trainable_variables),
        "dataset": arguments.get("dataset", ""),
        "epochs": int(last["epoch"]),
        "seed": arguments.get("seed", 0),
        "val_accuracy": _rounded(main[-1]),
        "lowest_of_last_3": _rounded(min(main[-3:])),
        "train_accuracy": _rounded(learnt[-1:]),
        "val_loss": _rounded(loss_of(last)),
        "train_seconds": round(sum(row["seconds"] for row in rows), 1),
        "backend": config["backend"],
        "device": config["device"],
        "versions": " ".join(f"{k} {v}" for k, v in config["versions"].items()),
        "commit": config["commit"],
        "note": ", ".join(f"{name} {value:.2%}" for name, value in accuracies)
        if len(accuracies) > 1
        else "",
    }


def loss_of(row: Mapping[str, float]) -> list[float]:
    """The validation loss in a row of metrics.csv, none or one; where it may hold a penalty and the
    cross-entropy is measured beside it, that.
    """
    return [row[key] for key in ("val_cross_entropy", "val_loss") if key in row][:1]


def _rounded(values: list[float]) -> float | None:
    return round(values[0], 4) if values else None


def shown(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def accuracies_of(row: Mapping[str, float]) -> dict[str, float]:
    """What a row of metrics.csv says of validation accuracy, one name an output."""
    found = {key: value for key, value in row.items() if re.fullmatch(r"val_(.*_)?accuracy", key)}
    return {
        key.removeprefix("val_").replace("accuracy", "validation accuracy").replace("_", " "): value
        for key, value in found.items()
    }


def compared(name: str, result: Mapping) -> dict[str, str]:
    """The cells of a part's row in the table of a comparison."""
    return {
        "net": name,
        "parameters": f"{result['params']:,}",
        "epochs": f"{result['epochs']}",
        "training": shown(result["train_accuracy"], ".2%"),
        "validation": shown(result["val_accuracy"], ".2%"),
        "lowest of last 3": shown(result["lowest_of_last_3"], ".2%"),
        "loss": shown(result["val_loss"], ".3f"),
    }


def cell(key: str, value: float) -> str:
    if "accuracy" in key:
        return f"{value:.2%}"
    if key == "learning_rate":
        return f"{value:.3g}"
    return f"{value:.0f}" if key == "epoch" else f"{value:.4g}"
