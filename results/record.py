"""Add finished runs to results/ and write the tables that are made from it.

    python results/record.py runs/s9_ultimus/20261123-120000 --note "CIFAR-10 re-encoded as JPEG"
    python results/record.py            # the tables only

A run's row goes to results/<recipe>.csv. results/README.md lists every row, the README at the root
the mean and spread of each recipe's model over its seeds.
"""

import argparse
import csv
import json
import statistics
from itertools import groupby
from pathlib import Path

RESULTS = Path(__file__).parent
README = RESULTS.parent / "README.md"
BEGIN, END = "<!-- results: made by results/record.py -->", "<!-- /results -->"
COLUMNS = (
    "recipe", "model", "params", "dataset", "epochs", "seed", "val_accuracy", "val_loss",
    "train_seconds", "backend", "device", "versions", "commit", "note",
)  # fmt: skip


def add(run: Path, note: str) -> None:
    """Append the result.json of a run, one row or several, to its recipe's CSV."""
    try:
        results = json.loads((run / "result.json").read_text())
    except (OSError, ValueError) as error:
        raise SystemExit(f"{run} holds no result of a finished run: {error}") from error
    results = results if isinstance(results, list) else [results]
    path = RESULTS / f"{results[0]['recipe']}.csv"
    rows = read(path) if path.exists() else []
    for result in results:
        said = "; ".join(text for text in (result.get("note"), note) if text)
        rows.append({column: str(result.get(column, "")) for column in COLUMNS} | {"note": said})
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def all_rows() -> list[dict[str, str]]:
    return [row for path in sorted(RESULTS.glob("s[0-9]*.csv")) for row in read(path)]


def summary_table(rows) -> str:
    """Markdown: mean and spread of what has a model, a line for each setting."""

    def setting(row):
        return [row[key] for key in ("recipe", "model", "params", "dataset", "epochs", "backend")]

    lines = [
        "| recipe | model | parameters | data | epochs | last-epoch accuracy | minutes | backend |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for key, group in groupby(sorted((r for r in rows if r["model"]), key=setting), setting):
        group = list(group)
        recipe, model, params, dataset, epochs, backend = key
        accuracies = [100 * float(row["val_accuracy"]) for row in group]
        accuracy = f"{statistics.mean(accuracies):.2f} %"
        if len(group) > 1:
            spread = statistics.stdev(accuracies)
            accuracy = f"{accuracy} ± {spread:.2f} ({len(group)} seeds)"
        minutes = statistics.mean(float(row["train_seconds"]) for row in group) / 60
        dataset += "*" if any("JPEG" in row["note"] for row in group) else ""
        lines.append(
            f"| `{recipe}` | `{model}` | {int(params):,} | {dataset} | {epochs} | {accuracy} "
            f"| {minutes:.0f} | {backend}, {group[0]['device']} |"
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
        "Last epoch, never the best one. Made by `python results/record.py` from the CSV files.\n\n"
        f"{full_table(rows)}\n"
    )
    text = README.read_text()
    before, rest = text.split(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{summary_table(rows)}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--note", default="", help="what was cut, or differs")
    wanted = parser.parse_args()
    for run in wanted.runs:
        add(run, wanted.note)
    write_tables()
