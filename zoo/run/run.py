"""One run of a recipe, from its start to its report."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
from rich.console import Console

from zoo import backend, tasks
from zoo.report import page
from zoo.report.page import Section
from zoo.run import comparison, finishing, settings
from zoo.run.console import new_console, text_table
from zoo.run.folder import locked_folder, new_folder, read_json, write_json
from zoo.run.result import tiles
from zoo.run.resume import newest, resumable
from zoo.training.callbacks import Checkpoint, MetricsLog, Progress, StopOnNonFinite
from zoo.training.callbacks.checkpoint import restore
from zoo.training.callbacks.metrics_log import read_metrics


class Run:
    """The folder of one training and all that is written into it.

        run = Run.start(__file__, config=locals())  # first line of a recipe's main
        ...
        model.fit(..., initial_epoch=run.restore(model, train), callbacks=run.callbacks, verbose=0)
        return run.finish(model)

    A recipe that trains several nets gives each a `run.part(name)` of its own and ends with
    `run.finish_comparison(...)`; one that trains none draws, and ends with `run.report(...)`.

    Attributes:
        folder: of config.json, metrics.csv, checkpoint/, pictures, model and report.
        config: the content of config.json.
        console: prints user's names as they are; rich's markup is off.
        callbacks: progress, the finite check, metrics.csv and checkpoints.
    """

    def __init__(self, folder: Path, config: dict, console: Console, lock=None):
        self.folder, self.config, self.console = folder, config, console
        self._lock = lock
        self._callbacks: list[keras.callbacks.Callback] = []
        self._parts: list[Run] = []
        self._sections: list[Section] = []  # that finish() was given

    @classmethod
    def start(cls, recipe: str | Path, config: dict, task: str | None = None) -> "Run":
        """Make the run's folder, or open the one to resume; set seed, precision, determinism.

        A folder in which nothing is made until the process ends is removed again.

        Args:
            recipe: the `__file__` of the recipe or of a script of yours; its stem names the run.
            config: the arguments of its `main`; `seed`, `precision`, `deterministic`, `out` and
                `resume` have an effect here. Counts and rates, such as `epochs`, are checked.
            task: one of `zoo.tasks.names()`; None: the one on the model's card.

        Raises:
            ValueError: if an argument makes no training, the task or precision is unknown, both
                `out` and `resume` are given, or the folder to resume is no run or one of other
                arguments or another backend.
            OSError: if the folder exists already, cannot be made, or is in use by another process.
        """
        if task is not None:
            tasks.get(task)
        described = settings.described(Path(recipe), settings.checked(config), task)
        name = described["recipe"]
        console = new_console()
        if config.get("resume") is not None:
            if config.get("out") is not None:
                raise ValueError("--resume continues in its own folder; leave out --out")
            folder = Path(config["resume"]).expanduser()
            described = resumable(folder, described)
            lock = locked_folder(folder)
            console.print(f"resuming {folder}", soft_wrap=True)
        else:
            folder, lock = new_folder(name, config.get("out"))
            device = described["device"]
            console.print(f"{name} on {backend.NAME}, {device}: {folder}", soft_wrap=True)
        write_json(folder / "config.json", described)
        keras.utils.set_random_seed(config.get("seed", 0))
        keras.config.set_dtype_policy(config.get("precision", "float32"))
        backend.set_determinism(bool(config.get("deterministic")))
        return cls(folder, described, console, lock)

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
        """Load the last checkpoint into a compiled model; returns its epochs, 0 for a new run.

        `train`, the training batches, continue with the order and augmentation of that epoch.

        Raises:
            ValueError: if the checkpoint is of another model, none can be read after several
                epochs, or the backend cannot compute a layer of the model on this processor.
        """
        backend.require_kernels(model)
        epoch = restore(model, self.folder / "checkpoint")
        done = read_metrics(self.folder / "metrics.csv")
        if len(done) > 1 and not epoch:  # after one, a kill can fall between row and checkpoint
            raise ValueError(
                f"{self.folder} has {len(done)} finished epochs, but no checkpoint that can be "
                f"read; put one back, or start again without --resume"
            )
        if train is not None:
            train.epoch = epoch
        if epoch:
            self.console.print(f"continuing after epoch {epoch}")
        return epoch

    def once(self, name: str, compute: Callable[[], object]):
        """The result of `compute()` when the run began; a resumed run reads it in `<name>.json`.

        For what a training depends on and a second computation may give slightly differently,
        such as the rate that a range test finds.
        """
        path = self.folder / f"{name}.json"
        if not path.exists():
            write_json(path, compute())
        return read_json(path)

    def part(self, name: str) -> "Run":
        """One of several trainings of this run, in a folder of its own; from the same seed.

        Raises:
            ValueError: if the name leaves no folder name, or another part has that folder.
        """
        folder_name = re.sub(r"[^\w.]+", "-", name).strip("-.")
        if not folder_name:
            raise ValueError(f"a part {name!r} needs a letter or a digit in its name")
        folder = self.folder / folder_name
        if folder in [part.folder for part in self._parts]:
            raise ValueError(f"a second part {name!r} in {folder}; choose another name")
        begun = folder.exists()
        folder.mkdir(exist_ok=True)
        keras.utils.set_random_seed(self.config["arguments"].get("seed", 0))
        self.console.print(f"\n{name}", style="bold")
        config = self.config if begun else newest(self.config)
        part = Run(folder, config | {"part": name}, self.console)
        self._parts.append(part)
        return part

    def finish(self, model: keras.Model, sections: Sequence = ()) -> dict:
        """Save the model, draw the curves, write result.json and report.html.

        Args:
            model: the trained model.
            sections: what the report shows after the curves: a `Section` with heading, text and
                a picture or table, or a callback that draws one, such as `GradCAMReport`.

        Returns:
            The last epoch's result, a row for `results/`.

        Raises:
            ValueError: if no epoch has been finished, or a section is none.
            FloatingPointError: if the training ended with a loss or weights that are not finite.
        """
        rows = read_metrics(self.folder / "metrics.csv")
        if not rows:
            raise ValueError(f"{self.folder} has no finished epoch to report")
        task = finishing.task_of(model, self.config.get("task"))
        result = finishing.save(self.folder, model, task, rows, self.config)
        self.console.print(finishing.in_words(task, rows[-1], result), style="bold", soft_wrap=True)
        self._sections = [page.as_section(section) for section in sections]
        shown_sections = [
            finishing.curves(self.folder, task, rows),
            *self._sections,
            finishing.rates(self.folder, model.optimizer, rows),
            finishing.every_epoch(rows),
        ]
        self.report(model.name, shown_sections, tiles(task, rows[-1], result))
        return result

    def finish_comparison(
        self,
        title: str,
        text: str = "",
        columns: Mapping[str, Mapping[str, str]] | None = None,
        sections: Sequence[Section] = (),
    ) -> list[dict]:
        """Report the finished parts side by side; returns one result row per part.

        Args:
            title: of the page.
            text: what the comparison shows, below the heading of its table.
            columns: part -> heading -> text, further columns of the table.
            sections: further pictures and tables, after the curves and before the parts' pictures.

        Raises:
            ValueError: if there is no part, or one that is not finished.
        """
        folders = {part.config["part"]: part.folder for part in self._parts}
        results = comparison.results_of(folders)
        write_json(self.folder / "result.json", results)
        shown_sections = [
            Section("What was measured", text, table=comparison.table(results, columns or {})),
            *comparison.curves(self.folder, results, folders),
            *sections,
        ]
        for part in self._parts:
            shown_sections += comparison.pictures_of(part.config["part"], part._sections)
        self.report(title, shown_sections)
        return results

    def print_table(
        self, rows: Sequence[Mapping[str, object]], title: str | None = None, *, without: str = ""
    ) -> None:
        """Print rows to the console, one column per key; `without` names one for the page only."""
        self.console.print(text_table(rows, title, without=without))

    def report(
        self, title: str, sections: Sequence[Section], numbers: Sequence[tuple[str, str]] = ()
    ) -> Path:
        """Write report.html: the sections, then configuration, versions and the command."""
        dataset = self.config["arguments"].get("dataset")
        on_dataset = f" on {dataset}" if dataset else ""
        named = ("backend", "device", "processor", "onednn", "commit")
        environment = {key: self.config[key] for key in named if self.config.get(key) is not None}
        tables = {
            "Configuration": self.config["arguments"],
            "Environment": environment | self.config["versions"],
        }
        path = page.write(
            self.folder / "report.html",
            title=title,
            subtitle=f"{self.config['recipe']}{on_dataset}, {self.config['started']}",
            numbers=numbers,
            sections=sections,
            tables={heading: rows for heading, rows in tables.items() if rows},
            command=settings.command(self.config),
        )
        if left_out := page.pictures_left_out(self.folder, sections):
            self.console.print(
                f"not in the report: {', '.join(left_out)}; hand pictures over as "
                f"Section(heading, text, path)",
                soft_wrap=True,
            )
        if self._lock is not None:  # not a part
            self.console.print(f"report: {path.resolve()}", soft_wrap=True)
            self._lock.release(force=True)
        return path
