"""Add finished runs to results/ and write the tables that are made from it.

    python results/record.py runs/s9_ultimus/20261123-120000 --note "CIFAR-10 re-encoded as JPEG"
    python results/record.py runs/... --part "the sum as five bits"    # a setting not the recipe's
    python results/record.py            # the tables only

A run's rows go to results/<recipe>.csv. results/README.md has a table a recipe and then every row;
the README at the root a line for each recipe that trains one net, and for one in steps its last.
"""

import argparse
import csv
import importlib
import inspect
import json
import statistics
from itertools import groupby
from pathlib import Path

RESULTS = Path(__file__).parent
README = RESULTS.parent / "README.md"
BEGIN, END = "<!-- results: made by results/record.py -->", "<!-- /results -->"
COLUMNS = (
    "recipe", "part", "model", "params", "dataset", "epochs", "seed", "val_accuracy",
    "lowest_of_last_3", "train_accuracy", "val_loss", "train_seconds", "backend", "device",
    "versions", "commit", "note",
)  # fmt: skip


# What tells two lines of the tables apart, and in a line its seeds.
SETTING = ("recipe", "part", "model", "params", "dataset", "epochs", "backend", "device")
IN_COLUMNS = ("model", "steps", "dataset", "epochs", "seed")  # of a recipe's arguments


def add(run: Path, note: str, part: str = "") -> None:
    """Append the result.json of a run, one row or several, to its recipe's CSV.

    A row's part names what was set otherwise than the recipe does; `part` says it in words.
    """
    try:
        results = json.loads((run / "result.json").read_text())
        arguments = json.loads((run / "config.json").read_text())["arguments"]
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(f"{run} holds no result of a finished run: {error}") from error
    results = results if isinstance(results, list) else [results]
    main = importlib.import_module(f"zoo.recipes.{results[0]['recipe']}").main
    usual = {name: value.default for name, value in inspect.signature(main).parameters.items()}
    unusual = [
        f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}")
        for name, value in arguments.items()
        if name not in IN_COLUMNS and value != usual.get(name)
    ]
    if part and len(results) > 1:
        raise SystemExit(
            f"{run} has {len(results)} parts with names of their own; leave --part out"
        )
    path = RESULTS / f"{results[0]['recipe']}.csv"
    rows = read(path) if path.exists() else []
    known = {tuple(row[key] for key in (*SETTING, "seed")) for row in rows}
    for result in results:
        result["part"] = part or ", ".join(filter(None, [result["part"], *unusual]))
        if tuple(str(result[key]) for key in (*SETTING, "seed")) in known:
            raise SystemExit(
                f"{path.name} has a row of {result['part'] or result['model']} with seed "
                f"{result['seed']}; take that out, or name the other setting by --part"
            )
        said = "; ".join(text for text in (result.get("note"), note) if text)
        rows.append(
            {
                column: str(result.get(column) if result.get(column) is not None else "")
                for column in COLUMNS
            }
            | {"note": said}
        )
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def all_rows() -> list[dict[str, str]]:
    return [row for path in sorted(RESULTS.glob("s[0-9]*.csv")) for row in read(path)]


def headlines(rows) -> list[dict[str, str]]:
    """The rows of single trainings, and of a recipe in steps, named by their models, the last."""
    last = {row["recipe"]: row["part"] for row in rows if row["part"] == row["model"]}
    return [row for row in rows if row["part"] in ("", last.get(row["recipe"]))]


def summary_table(rows) -> str:
    """Markdown: mean and spread over the seeds, a line for each setting."""

    def setting(row):
        return [row[key] for key in SETTING]

    lines = [
        "| recipe | net | parameters | data | epochs | last-epoch accuracy | minutes | backend |",
        "|---|---|---|---|---|---|---|---|",
    ]
    order = {tuple(setting(row)): place for place, row in reversed(list(enumerate(rows)))}
    ranked = sorted(rows, key=lambda row: order[tuple(setting(row))])
    for key, group in groupby(ranked, setting):
        group = list(group)
        recipe, part, model, params, dataset, epochs, backend, device = key
        net = f"`{model}`" if part in ("", model) else part
        accuracies = [100 * float(row["val_accuracy"]) for row in group]
        accuracy = f"{statistics.mean(accuracies):.2f} %"
        if len(group) > 1:
            spread = statistics.stdev(accuracies)
            accuracy = f"{accuracy} ± {spread:.2f} ({len(group)} seeds)"
        seconds = [float(row["train_seconds"]) for row in group if row["train_seconds"]]
        minutes = f"{statistics.mean(seconds) / 60:.0f}" if seconds else ""
        dataset += "*" if any("JPEG" in row["note"] for row in group) else ""
        parameters = f"{int(params):,}" if params else ""
        lines.append(
            f"| `{recipe}` | {net} | {parameters} | {dataset} | {epochs} | {accuracy} "
            f"| {minutes} | {backend}, {device} |"
        )
    return "\n".join(lines)


def full_table(rows) -> str:
    """Markdown: every row, every column."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    lines += [f"| {' | '.join(row[column] for column in COLUMNS)} |" for row in rows]
    return "\n".join(lines)


def write_tables() -> None:
    rows = all_rows()
    (RESULTS / "README.md").write_text(
        "# Measured runs\n\n"
        "Last epoch, never the best one; mean and standard deviation over the seeds. Made by\n"
        "`python results/record.py` from the CSV files. \\* re-encoded as JPEG.\n\n"
        f"{summary_table(rows)}\n\n## Every run\n\n{full_table(rows)}\n"
    )
    text = README.read_text()
    before, rest = text.split(BEGIN)
    table = summary_table(headlines(rows))
    README.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--note", default="", help="what was cut, or differs")
    parser.add_argument("--part", default="", help="the name of a setting not the recipe's")
    wanted = parser.parse_args()
    for run in wanted.runs:
        add(run, wanted.note, wanted.part)
    write_tables()
