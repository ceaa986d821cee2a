"""Add finished runs to results/ and write the tables that are made from it.

    python results/record.py runs/s9_ultimus/20261123-120000 --note "CIFAR-10 re-encoded as JPEG"
    python results/record.py runs/... --part "the sum as five bits"   # a setting of your own
    python results/record.py            # the tables only

A run's rows go to results/<recipe>.csv. results/README.md has a table per recipe and then every
row; the README at the root has one line per recipe that trains one net, and for one in steps its
last.
"""

import argparse
import csv
import importlib
import inspect
import io
import json
import statistics
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from course import as_json, course_table

from zoo import tasks
from zoo.contents import PATH as CONTENTS
from zoo.storage import locked, write_atomically

RESULTS = Path(__file__).parent
README = RESULTS.parent / "README.md"
# Where the README's tables begin and end.
RUNS = ("<!-- results: made by results/record.py -->", "<!-- /results -->")
COURSE = ("<!-- course: made by results/record.py -->", "<!-- /course -->")
COLUMNS = (
    "recipe",
    "part",
    "model",
    "params",
    "dataset",
    "epochs",
    "seed",
    "metric",  # the task's main one, with the last epoch's validation value
    "value",
    "worst_of_last_3",
    "train_value",
    "metrics",  # what else was measured in validation: name=value, with spaces between
    "train_seconds",
    "backend",
    "device",
    "versions",
    "commit",
    "note",
)

# What tells two lines of the tables apart; the rows of one line differ in their seeds.
SETTING = ("recipe", "part", "model", "params", "dataset", "epochs", "metric", "backend", "device")
IN_COLUMNS = ("model", "steps", "dataset", "epochs", "seed")  # arguments of a recipe
WAIT = 60  # seconds for another process that is writing here


def add(run: Path, note: str, part: str = "") -> None:
    """Append the result.json of a run, one row or several, to its recipe's CSV.

    The part of a row names the settings that differ from the recipe's defaults; `part` replaces
    them by words.

    Raises:
        SystemExit: if the run is not finished, or its row is there already.
        BlockingIOError: if another process writes here for a minute.
    """
    try:
        results = json.loads((run / "result.json").read_text())
        arguments = json.loads((run / "config.json").read_text())["arguments"]
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(f"{run} holds no result of a finished run: {error}") from error
    results = results if isinstance(results, list) else [results]
    if any(result.get("value") is None for result in results):
        raise SystemExit(f"{run} has no validation result: train it with validation_data")
    if part and len(results) > 1:
        raise SystemExit(f"{run} has {len(results)} parts, each with a name; leave out --part")
    unusual = _unusual_settings(results[0]["recipe"], arguments)
    path = RESULTS / f"{results[0]['recipe']}.csv"
    with locked(RESULTS, WAIT):
        rows = read(path) if path.exists() else []
        known = {_setting(row, "seed") for row in rows}
        for result in results:
            row = _row_of(result, note)
            row["part"] = part or ", ".join(filter(None, [row["part"], *unusual]))
            if _setting(row, "seed") in known:
                raise SystemExit(
                    f"{path.name} has a row of {row['part'] or row['model']} with seed "
                    f"{row['seed']}; remove it, or name another setting by --part"
                )
            rows.append(row)
        _write(path, rows)


def _unusual_settings(recipe: str, arguments: dict) -> list[str]:
    """The flags of a run that differ from the recipe's defaults and have no column."""
    main = importlib.import_module(f"zoo.recipes.{recipe}").main
    usual = {name: value.default for name, value in inspect.signature(main).parameters.items()}
    return [
        f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}")
        for name, value in arguments.items()
        if name not in IN_COLUMNS and value != usual.get(name)
    ]


def _row_of(result: dict, note: str) -> dict[str, str]:
    """A result.json as a row of text."""
    row = {column: result.get(column) for column in COLUMNS}
    others = result.get("metrics") or {}
    row["metrics"] = " ".join(f"{name}={value}" for name, value in others.items())
    row["note"] = note
    return {column: "" if value is None else str(value) for column, value in row.items()}


def _setting(row: dict[str, str], *more: str) -> tuple[str, ...]:
    return tuple(row[key] for key in (*SETTING, *more))


def _write(path: Path, rows: Sequence[dict[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, lambda file: file.write(text.getvalue().encode()))


def read(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def all_rows() -> list[dict[str, str]]:
    return [row for path in sorted(RESULTS.glob("s[0-9]*.csv")) for row in read(path)]


def headlines(rows) -> list[dict[str, str]]:
    """The rows of single trainings, and of a recipe in steps, named by their models, the last."""
    last = {row["recipe"]: row["part"] for row in rows if row["part"] == row["model"]}
    return [row for row in rows if row["part"] in ("", last.get(row["recipe"]))]


def groups(rows) -> list[list[dict[str, str]]]:
    """The rows of each setting, one per seed; settings in the order of their first rows."""
    order = {setting: i for i, setting in reversed(list(enumerate(map(_setting, rows))))}
    ranked = sorted(rows, key=lambda row: order[_setting(row)])
    return [list(group) for _, group in groupby(ranked, _setting)]


def in_words(group: Sequence[dict[str, str]]) -> str:
    """The result of a setting: `99.38 % ± 0.03 (3 seeds)`, mean and standard deviation."""
    metric = tasks.metric(group[0]["metric"])
    values = [float(row["value"]) for row in group]
    text = metric.shown(statistics.mean(values))
    if len(values) == 1:
        return text
    spread = metric.shown(statistics.stdev(values)).removesuffix(" %")
    return f"{text} ± {spread} ({len(values)} seeds)"


def summary_table(rows) -> str:
    """Markdown: mean and spread over the seeds, one line per setting."""
    lines = [
        "| recipe | net | parameters | data | epochs | metric | last epoch | minutes | backend |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for group in groups(rows):
        row = group[0]
        net = f"`{row['model']}`" if row["part"] in ("", row["model"]) else row["part"]
        seconds = [float(row["train_seconds"]) for row in group if row["train_seconds"]]
        minutes = f"{statistics.mean(seconds) / 60:.0f}" if seconds else ""
        jpeg = "*" if any("JPEG" in row["note"] for row in group) else ""
        parameters = f"{int(row['params']):,}" if row["params"] else ""
        lines.append(
            f"| `{row['recipe']}` | {net} | {parameters} | {row['dataset']}{jpeg} "
            f"| {row['epochs']} | {tasks.metric(row['metric']).label} | {in_words(group)} "
            f"| {minutes} | {row['backend']}, {row['device']} |"
        )
    return "\n".join(lines)


def full_table(rows) -> str:
    """Markdown: every row, every column."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    for row in rows:
        cells = [row[column].replace("|", r"\|") for column in COLUMNS]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write_tables() -> None:
    """Write results/README.md, zoo/contents.json, and the two tables of the README at the root."""
    with locked(RESULTS, WAIT):
        rows = all_rows()
        index = contents_json(rows)
        results = (
            "# Measured runs\n\n"
            "Last epoch, never the best one; mean and standard deviation over the seeds. Made by\n"
            "`python results/record.py` from the CSV files. \\* re-encoded as JPEG.\n\n"
            f"{summary_table(rows)}\n\n## Every run\n\n{full_table(rows)}\n"
        )
        readme = README.read_text()
        course = course_table(json.loads(index)["recipes"])
        for marks, table in ((RUNS, summary_table(headlines(rows))), (COURSE, course)):
            before, rest = readme.split(marks[0])
            readme = f"{before}{marks[0]}\n{table}\n{marks[1]}{rest.split(marks[1])[1]}"
        texts = {RESULTS / "README.md": results, README: readme, CONTENTS: index}
        for path, text in texts.items():
            write_atomically(path, lambda file, text=text: file.write(text.encode()))


def contents_json(rows) -> str:
    """The text of zoo/contents.json, from which `zoo list` reads."""
    return as_json(groups(rows), in_words)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--note", default="", help="what was cut, or differs")
    parser.add_argument("--part", default="", help="words for a setting that is not the recipe's")
    arguments = parser.parse_args()
    try:
        for run in arguments.runs:
            add(run, arguments.note, arguments.part)
        write_tables()
    except BlockingIOError as error:
        raise SystemExit(error.strerror) from error
