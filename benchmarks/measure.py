"""Paired measurements: what two functions cost in turn, so that a drifting machine hurts both."""

import csv
import statistics
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zoo import backend
from zoo.run import commit

RECORD = Path(__file__).parents[1] / "results" / "benchmarks.csv"


def ratios(ours, theirs, rounds):
    """ours() / theirs() of each round, both giving seconds; the first round only warms up."""
    pairs = [(ours(), theirs()) for _ in range(rounds + 1)][1:]
    return [a / b for a, b in pairs]


class PlainPyTorch:
    """A training of a net of a script, in a process that imports nothing but PyTorch."""

    def __init__(self, name: str, batch: int, steps: int, script: str = "torch_nets.py"):
        script = Path(__file__).with_name(script)
        command = [sys.executable, str(script), name, str(batch), str(steps)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, **pipes)
        self.params = int(self.process.stdout.readline())

    def seconds(self) -> float:
        """What one more round of the steps takes."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate()


def report(title: str, rows: list[dict]) -> None:
    """Print rows of what, value, low, high, goal; append them to results with `--record`."""
    table = Table(title=f"{title}, {backend.NAME}, {backend.device()}", title_justify="left")
    for heading in ("what", "median", "lowest", "highest", "goal"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in rows:
        table.add_row(*[str(row[key]) for key in ("what", "median", "lowest", "highest", "goal")])
    Console().print(table)
    if "--record" not in sys.argv:
        return
    versions = " ".join(f"{name} {version}" for name, version in backend.versions().items())
    place = {"backend": backend.NAME, "device": backend.device(), "versions": versions}
    new = not RECORD.exists()
    with open(RECORD, "a", newline="") as file:
        fields = ["benchmark", *rows[0], *place, "commit"]
        writer = csv.DictWriter(file, fieldnames=fields, lineterminator="\n")
        if new:
            writer.writeheader()
        for row in rows:
            writer.writerow({"benchmark": title} | row | place | {"commit": commit()})


def row(what: str, values: list[float], goal: str, form: str = ".2f") -> dict:
    """A row of `report`."""
    numbers = {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}
    return {"what": what} | {k: format(v, form) for k, v in numbers.items()} | {"goal": goal}
