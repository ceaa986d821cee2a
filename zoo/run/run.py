"""What every training wants besides the model, and what is made of it when it ends."""

import math
import re
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Column, Table

from zoo import backend, tasks
from zoo.backend.optimizer import schedule_of
from zoo.report import figures, page
from zoo.report.page import Section
from zoo.run.folder import commit, new_folder, newest, read_json, resumable, write_json
from zoo.run.result import accuracies_of, cell, compared, loss_of, result_of
from zoo.training.callbacks import Checkpoint, MetricsLog, Progress, StopOnNonFinite
from zoo.training.callbacks.checkpoint import restore
from zoo.training.callbacks.metrics_log import read_metrics
from zoo.training.schedules import OneCycle, rate_at, steps_taken

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
NOT_CONFIGURATION = ("out", "resume", "data_dir")  # where things lie does not change a result

# File of a picture -> heading and a sentence that says how to read it; the report's order.
PICTURES = {
    "history": (
        "Curves",
        "Better in training than in validation is overfitting, "
        "the other way round dropout or augmentation. The last epoch counts.",
    ),
    "misclassified": (
        "Misclassified",
        "The mistakes it is surest of: the true name above, what it said beneath.",
    ),
    "gradcam": (
        "Where it looked",
        "GradCAM of the predicted class on the same images: red places spoke for it.",
    ),
    "confusion": ("Confusion", "Per cent of a true class (row) taken for each class (column)."),
    "lr": ("Learning rate", "What the schedule gave in each step."),
    "range_test": (
        "Range test",
        "The loss while the rate rose; the cycle stays in the shaded range.",
    ),
}


class Run:
    """The folder of one training and all that is written into it.

        run = Run.start(__file__, config=locals())  # first line of a recipe's main
        ...
        model.fit(..., initial_epoch=run.restore(model, train), callbacks=run.callbacks, verbose=0)
        return run.finish(model)

    A recipe that trains several nets makes each in a `run.part(name)` of its own and ends with
    `run.finish_comparison(...)`; one that trains none draws, and ends with `run.report(...)`.

    Attributes:
        folder: where config.json, metrics.csv, checkpoint/, pictures, model and report go.
        config: what config.json holds.
        callbacks: progress, the finite check, metrics.csv and checkpoints.
    """

    def __init__(self, folder: Path, config: dict, console: Console):
        self.folder, self.config, self.console = folder, config, console
        self._callbacks: list[keras.callbacks.Callback] = []
        self._parts: list[Run] = []

    @classmethod
    def start(cls, recipe: str | Path, config: dict) -> "Run":
        """Make the run's folder, or open the one to resume; set seed, precision, determinism.

        Args:
            recipe: the recipe's `__file__`, whose stem names the run.
            config: the arguments of its `main`; `seed`, `precision`, `deterministic`, `out` and
                `resume` mean something here. `epochs`, `batch_size`, `patience`, `learning_rate`
                and `max_lr`, where there are any, must make a training.

        Raises:
            ValueError: such a number that does not, an unknown precision, both `out` and `resume`,
                a folder to resume that is no run or was started with other arguments or another
                backend.
            OSError: the folder exists already, or cannot be made.
        """
        recipe = Path(recipe).stem
        for name, least in {"epochs": 1, "batch_size": 1, "patience": 0, "seed": 0}.items():
            if config.get(name, least) < least:
                flag = f"--{name.replace('_', '-')}"
                raise ValueError(f"{flag} {config[name]} must be {least} or more")
        for name in ("learning_rate", "max_lr"):
            if (rate := config.get(name)) is not None and not 0 < rate < math.inf:
                raise ValueError(f"--{name.replace('_', '-')} {rate} must be a number above 0")
        precision = config.get("precision", "float32")
        if precision not in PRECISIONS:
            raise ValueError(f"--precision {precision!r} must be one of {', '.join(PRECISIONS)}")
        arguments = {k: v for k, v in config.items() if k not in NOT_CONFIGURATION}
        described = {
            "recipe": recipe,
            "arguments": arguments,
            "backend": backend.NAME,
            "device": backend.device(),
            "versions": backend.versions(),
            "commit": commit(),
            "started": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        console = Console(highlight=False)
        if config.get("resume") is not None:
            if config.get("out") is not None:
                raise ValueError("--resume goes on in its own folder; leave --out out")
            folder = Path(config["resume"]).expanduser()
            described = resumable(folder, described)
            write_json(folder / "config.json", described)
            console.print(f"resuming {folder}")
        else:
            folder = new_folder(recipe, config.get("out"))
            write_json(folder / "config.json", described)
            console.print(f"{recipe} on {backend.NAME}, {described['device']}: {folder}")
        keras.utils.set_random_seed(config.get("seed", 0))
        keras.config.set_dtype_policy(precision)
        backend.set_determinism(bool(config.get("deterministic")))
        return cls(folder, described, console)

    @property
    def callbacks(self) -> list[keras.callbacks.Callback]:
        if not self._callbacks:
            self._callbacks = [
                Progress(self.console),
                StopOnNonFinite(),
                MetricsLog(self.folder / "metrics.csv"),
                Checkpoint(self.folder / "checkpoint", self.config["arguments"].get("seed", 0)),
            ]
        return self._callbacks

    def restore(self, model: keras.Model, train=None) -> int:
        """Bring a compiled model to the last checkpoint; the epochs it has had, 0 for a new run.

        `train`, the training batches, go on with that epoch's order and augmentation.

        Raises:
            ValueError: a checkpoint of another model, or no readable one after several epochs.
        """
        epoch = restore(model, self.folder / "checkpoint")
        done = read_metrics(self.folder / "metrics.csv")
        if len(done) > 1 and not epoch:  # after one, a kill can fall between row and checkpoint
            raise ValueError(
                f"{self.folder} has had {len(done)} epochs, but no checkpoint of it can be read; "
                f"put one back, or start anew without --resume"
            )
        if train is not None:
            train.epoch = epoch
        if epoch:
            self.console.print(f"going on after epoch {epoch}")
        return epoch

    def once(self, name: str, compute: Callable[[], object]):
        """What `compute()` gave when the run began; a resumed run reads it in `<name>.json`.

        For what a training depends on and what a second computation may give a little otherwise,
        such as the rate that a range test finds.
        """
        path = self.folder / f"{name}.json"
        if not path.exists():
            write_json(path, compute())
        return read_json(path)

    def part(self, name: str) -> "Run":
        """A training of its own within this one, in a folder of its own; from the same seed.

        Raises:
            ValueError: a second part whose folder has that name.
        """
        folder = self.folder / re.sub(r"[^\w.]+", "-", name).strip("-")
        if folder in [part.folder for part in self._parts]:
            raise ValueError(
                f"a part {name!r} would be the second in {folder}; name this one otherwise"
            )
        begun = folder.exists()
        folder.mkdir(exist_ok=True)
        keras.utils.set_random_seed(self.config["arguments"].get("seed", 0))
        self.console.print(f"\n[bold]{name}[/bold]")
        config = self.config if begun else newest(self.config)
        part = Run(folder, config | {"part": name}, self.console)
        self._parts.append(part)
        return part

    def finish(self, model: keras.Model, sections: Sequence[Section] = ()) -> dict:
        """Save the model, draw the curves, write result.json and report.html; returns the result.

        The result is the last epoch's, a row for `results/`. `sections` go into the report after
        the pictures that every training has.

        Raises:
            ValueError: no epoch has been finished.
        """
        rows = read_metrics(self.folder / "metrics.csv")
        if not rows:
            raise ValueError(f"{self.folder} has no finished epoch to report")
        result = result_of(model, rows, self.config)
        path = self.folder / "result.json"
        if path.exists():  # finished before a resume, by what it was then
            finished = read_json(path)
            result |= {key: finished[key] for key in ("device", "versions", "commit")}
        write_json(path, result)
        temporary = self.folder / "unfinished.keras"
        model.save(temporary)
        temporary.replace(self.folder / "model.keras")
        keys = ["loss", *(k for k in rows[-1] if re.fullmatch(r"(?!val_)(.*_)?accuracy", k))]
        figures.history(self.folder / "history.png", rows, [tasks.metric(k) for k in keys])
        self._draw_rates(model.optimizer, rows)
        accuracies = accuracies_of(rows[-1])
        said = ", ".join(f"[bold]{v:.2%}[/bold] {name}" for name, v in accuracies.items()) or "done"
        self.console.print(
            f"{said} after epoch {result['epochs']}, {result['train_seconds']:.0f} s of training",
            soft_wrap=True,
        )
        minutes, seconds = divmod(round(result["train_seconds"]), 60)
        numbers = [
            *((f"{value:.2%}", f"{name}, last epoch") for name, value in accuracies.items()),
            *((f"{value:.3f}", "validation loss") for value in loss_of(rows[-1])),
            (f"{result['params']:,}", "trainable parameters"),
            (f"{result['epochs']}", "epochs"),
            (f"{minutes}:{seconds:02d} min", "training and validating"),
        ]
        pictures = [
            Section(heading, text, self.folder / f"{name}.png")
            for name, (heading, text) in PICTURES.items()
            if (self.folder / f"{name}.png").exists()
        ]
        table = [{k.replace("_", " "): cell(k, value) for k, value in row.items()} for row in rows]
        every = Section("Every epoch", table=table, folded=True)
        self.report(model.name, [*pictures, *sections, every], numbers)
        return result

    def finish_comparison(
        self,
        title: str,
        text: str = "",
        columns: Mapping[str, Mapping[str, str]] | None = None,
        sections: Sequence[Section] = (),
    ) -> list[dict]:
        """Report the finished parts side by side; returns a result row for each.

        Args:
            title: of the page.
            text: what the comparison shows, beneath the heading of its table.
            columns: part -> heading -> text, what there is to say of each besides: a target.
            sections: further pictures, after the curves and before the parts' mistakes.

        Raises:
            ValueError: there is no part, or one that is not finished.
        """
        unfinished = [
            p.config["part"] for p in self._parts if not (p.folder / "result.json").exists()
        ]
        if unfinished or not self._parts:
            raise ValueError(
                f"nothing to compare in {self.folder}: "
                f"{'no finish() for ' + ', '.join(unfinished) if unfinished else 'no part(name)'}"
            )
        results, table, curves = [], [], {"accuracy": {}, "cross_entropy": {}, "loss": {}}
        said = columns or {}
        headings = dict.fromkeys(heading for cells in said.values() for heading in cells)
        for part in self._parts:
            name = part.config["part"]
            rows = read_metrics(part.folder / "metrics.csv")
            results.append(read_json(part.folder / "result.json"))
            for key, of in curves.items():
                if f"val_{key}" in rows[-1]:
                    of[name] = [row[f"val_{key}"] for row in rows]
            besides = {heading: said.get(name, {}).get(heading, "") for heading in headings}
            table.append(compared(name, results[-1]) | besides)
        write_json(self.folder / "result.json", results)
        if curves["cross_entropy"]:
            del curves["loss"]  # it may hold a penalty; what is measured beside it compares
        pictures = [
            Section(
                f"Validation {key.replace('_', '-')}",
                "After each epoch; the names in the order of the lines' ends.",
                figures.comparison(self.folder / f"{key}.png", of, tasks.metric(key)),
            )
            for key, of in curves.items()
            if of
        ]
        mistakes = [
            Section(f"{PICTURES[name][0]}: {part.config['part']}", PICTURES[name][1], picture)
            for part in self._parts
            for name in ("misclassified", "gradcam")
            if (picture := part.folder / f"{name}.png").exists()
        ]
        measured = Section("What was measured", text, table=table)
        self.report(title, [measured, *pictures, *sections, *mistakes])
        return results

    def print_table(
        self, rows: Sequence[Mapping[str, object]], title: str | None = None, *, without: str = ""
    ) -> None:
        """Print rows to the console, a column a key, but for one that only a page has room for."""
        rows = [{key: cell for key, cell in row.items() if key != without} for row in rows]
        columns = [Column(heading, overflow="fold") for heading in rows[0]]
        look = {"box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0), "pad_edge": False}
        table = Table(*columns, title=title, title_justify="left", **look)
        for row in rows:
            table.add_row(*map(str, row.values()))
        self.console.print(table)

    def report(
        self, title: str, sections: Sequence[Section], numbers: Sequence[tuple[str, str]] = ()
    ) -> Path:
        """Write report.html: what is shown, then configuration, versions and the command."""
        dataset = self.config["arguments"].get("dataset")
        on = f" on {dataset}" if dataset else ""
        environment = {key: self.config[key] for key in ("backend", "device", "commit")}
        tables = {
            "Configuration": self.config["arguments"],
            "Environment": environment | self.config["versions"],
        }
        path = page.write(
            self.folder / "report.html",
            title=title,
            subtitle=f"{self.config['recipe']}{on}, {self.config['started']}",
            numbers=numbers,
            sections=sections,
            tables={heading: rows for heading, rows in tables.items() if rows},
            command=self._command(),
        )
        if "part" not in self.config:
            self.console.print(f"report: {path.resolve()}", soft_wrap=True)
        return path

    def _draw_rates(self, optimizer, rows) -> None:
        """lr.png: the schedule step by step, or, without one, the rate of each epoch."""
        schedule = schedule_of(optimizer)
        if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            rates = [row["learning_rate"] for row in rows]
            figures.learning_rate(self.folder / "lr.png", [row["epoch"] for row in rows], rates)
            return
        taken = steps_taken(optimizer)
        steps = np.unique(np.linspace(0, max(taken - 1, 0), 300).astype(int))
        momenta = None
        if isinstance(schedule, OneCycle) and schedule.momentum:
            momenta = [float(schedule.momentum_at(step)) for step in steps]
        rates = [rate_at(optimizer, step) for step in steps]
        epochs = steps * rows[-1]["epoch"] / taken
        figures.learning_rate(self.folder / "lr.png", epochs, rates, momenta)

    def _command(self) -> str:
        """The shell line that makes this run again."""
        flags = []
        for name, value in self.config["arguments"].items():
            flag = f"--{name.replace('_', '-')}"
            if value is True:
                flags.append(flag)
            elif value is not None and value is not False:
                flags.append(f"{flag}={value}")
        recipe = self.config["recipe"]
        return f"KERAS_BACKEND={self.config['backend']} zoo run {recipe} {shlex.join(flags)}"
