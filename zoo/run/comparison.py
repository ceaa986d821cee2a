"""Several finished trainings side by side: one table, and their validation curves in one figure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from zoo import tasks
from zoo.report import figures
from zoo.report.page import Section, drawn
from zoo.run.folder import read_json
from zoo.run.result import loss_metric
from zoo.training.callbacks.metrics_log import read_metrics


def results_of(folders: Mapping[str, Path]) -> list[dict]:
    """The result.json of each part, by part -> folder.

    Raises:
        ValueError: if there is no part, or one that is not finished.
    """
    paths = {name: folder / "result.json" for name, folder in folders.items()}
    unfinished = [name for name, path in paths.items() if not path.exists()]
    if unfinished:
        raise ValueError(f"nothing to compare: no finish() for {', '.join(unfinished)}")
    if not paths:
        raise ValueError("nothing to compare: no part(name)")
    return [read_json(path) for path in paths.values()]


def table(
    results: Sequence[Mapping], columns: Mapping[str, Mapping[str, str]]
) -> list[dict[str, str]]:
    """One row per result, with further columns: part -> heading -> text."""
    headings = dict.fromkeys(heading for texts in columns.values() for heading in texts)
    return [
        _row(result)
        | {heading: columns.get(result["part"], {}).get(heading, "") for heading in headings}
        for result in results
    ]


def _row(result: Mapping) -> dict[str, str]:
    main = tasks.metric(result["metric"])
    loss = tasks.CROSS_ENTROPY if tasks.CROSS_ENTROPY.key in result["metrics"] else tasks.LOSS
    worst = "lowest" if main.higher_is_better else "highest"
    row = {
        "net": result["part"],
        "parameters": f"{result['params']:,}",
        "epochs": f"{result['epochs']}",
        f"training {main.label}": main.shown(result["train_value"]),
        f"validation {main.label}": main.shown(result["value"]),
        f"{worst} of last 3": main.shown(result["worst_of_last_3"]),
    }
    if main.key != loss.key:
        row["validation loss"] = loss.shown(result["metrics"].get(loss.key))
    return row


def curves(folder: Path, results: Sequence[Mapping], folders: Mapping[str, Path]) -> list[Section]:
    """Pictures of the main metric and of the loss after each epoch, `<metric>.png` in `folder`."""
    logs = {name: read_metrics(path / "metrics.csv") for name, path in folders.items()}
    metrics = {result["metric"]: tasks.metric(result["metric"]) for result in results}
    metrics |= {loss.key: loss for loss in (loss_metric(rows[-1]) for rows in logs.values())}
    sections = []
    for metric in metrics.values():
        lines = {
            name: [row.get(f"val_{metric.key}", float("nan")) for row in rows]
            for name, rows in logs.items()
            if f"val_{metric.key}" in rows[-1]
        }
        if lines:
            sections.append(_curve(folder / f"{metric.key}.png", lines, metric))
    return sections


def _curve(path: Path, lines: Mapping[str, Sequence[float]], metric: tasks.Metric) -> Section:
    return drawn(
        f"Validation {metric.label}",
        "After each epoch; the names in the order of the lines' ends.",
        lambda: figures.comparison(path, lines, metric),
    )


def pictures_of(part: str, sections: Sequence[Section]) -> list[Section]:
    """The pictures that a part handed over, its name in their headings."""
    return [
        replace(section, heading=f"{section.heading}: {part}")
        for section in sections
        if section.picture or section.failure
    ]
