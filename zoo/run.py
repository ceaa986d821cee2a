"""A run: its folder, what every training wants besides the model, resuming, the report."""

import json
import math
import shlex
import subprocess
import time
from pathlib import Path

import keras
import numpy as np
from rich.console import Console

from zoo import backend
from zoo.datasets.files import write_atomically
from zoo.report import figures, page
from zoo.training.callbacks import Checkpoint, MetricsLog, Progress, StopOnNonFinite
from zoo.training.callbacks.checkpoint import restore
from zoo.training.callbacks.metrics_log import read_metrics
from zoo.training.schedules import OneCycle, rate_at

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
NOT_CONFIGURATION = ("out", "resume", "data_dir")  # where things lie does not change a result

# File of a picture -> heading and a sentence that says how to read it; the report's order.
PICTURES = {
    "history": ("Curves", "A gap between the lines is overfitting. The last epoch counts."),
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
}


class Run:
    """The folder of one training and all that is written into it.

        run = Run.start(__file__, config=locals())  # first line of a recipe's main
        ...
        model.fit(..., initial_epoch=run.restore(model, train), callbacks=run.callbacks, verbose=0)
        return run.finish(model)

    Attributes:
        folder: where config.json, metrics.csv, checkpoint/, pictures, model and report go.
        config: what config.json holds.
        callbacks: progress, the finite check, metrics.csv and checkpoints.
    """

    def __init__(self, folder: Path, config: dict, console: Console):
        self.folder, self.config, self.console = folder, config, console
        self._callbacks: list[keras.callbacks.Callback] = []

    @classmethod
    def start(cls, recipe: str | Path, config: dict) -> "Run":
        """Make the run's folder, or open the one to resume; set seed, precision, determinism.

        Args:
            recipe: the recipe's `__file__`, whose stem names the run.
            config: the arguments of its `main`; `seed`, `precision`, `deterministic`, `out` and
                `resume` mean something here.

        Raises:
            ValueError: an unknown precision, a folder to resume that is no run or was started
                with other arguments or another backend.
            OSError: the folder exists already, or cannot be made.
        """
        recipe = Path(recipe).stem
        for name, least in {"epochs": 1, "batch_size": 1, "seed": 0}.items():
            if config.get(name, least) < least:
                flag = f"--{name.replace('_', '-')}"
                raise ValueError(f"{flag} {config[name]} must be {least} or more")
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
            described = _resumable(folder, described)
            console.print(f"resuming {folder}")
        else:
            folder = _new_folder(recipe, config.get("out"))
            _write_json(folder / "config.json", described)
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

    def finish(self, model: keras.Model) -> dict:
        """Save the model, draw the curves, write result.json and report.html; returns the result.

        The result is the last epoch's, a row for `results/`.
        """
        rows = read_metrics(self.folder / "metrics.csv")
        if not rows:
            raise ValueError(f"{self.folder} has no finished epoch to report")
        result = self._result(model, rows)
        _write_json(self.folder / "result.json", result)
        temporary = self.folder / "unfinished.keras"
        model.save(temporary)
        temporary.replace(self.folder / "model.keras")
        figures.history(self.folder / "history.png", rows)
        self._draw_rates(model.optimizer, rows)
        report = self._write_report(model, rows, result)
        self.console.print(
            f"\n[bold]{result['val_accuracy']:.2%}[/bold] validation accuracy after epoch "
            f"{result['epochs']}, {result['train_seconds']:.0f} s of training"
        )
        self._announce(report)
        return result

    def finish_comparison(self, histories: dict[str, dict[str, list]], title: str) -> list[dict]:
        """Report several short trainings side by side, from their names and `History.history`.

        Writes comparison.png, result.json and report.html; returns a result row for each.
        """
        arguments = self.config["arguments"]
        results = [
            self._described()
            | {
                "epochs": len(history["val_accuracy"]),
                "val_accuracy": round(history["val_accuracy"][-1], 4),
                "val_loss": round(history["val_loss"][-1], 4),
                "note": name,
            }
            for name, history in histories.items()
        ]
        _write_json(self.folder / "result.json", results)
        curves = {name: history["val_accuracy"] for name, history in histories.items()}
        text = "Validation accuracy after each epoch; the order of the names is that of the ends."
        picture = figures.comparison(self.folder / "comparison.png", curves)
        report = page.write(
            self.folder / "report.html",
            title=title,
            subtitle=f"{self.config['recipe']} on {arguments['dataset']}, {self.config['started']}",
            numbers=[],
            sections=[page.Section("Comparison", text, picture)],
            epochs=[
                {
                    "choice": name,
                    "validation accuracy": f"{history['val_accuracy'][-1]:.2%}",
                    "validation loss": f"{history['val_loss'][-1]:.3f}",
                    "training accuracy": f"{history['accuracy'][-1]:.2%}",
                }
                for name, history in histories.items()
            ],
            tables=self._tables(),
            command=self._command(),
        )
        self._announce(report)
        return results

    def _described(self) -> dict:
        """The columns of a result row that the configuration gives."""
        arguments = self.config["arguments"]
        return {
            "recipe": self.config["recipe"],
            "dataset": arguments.get("dataset", ""),
            "seed": arguments.get("seed", 0),
            "backend": self.config["backend"],
            "device": self.config["device"],
            "versions": " ".join(f"{k} {v}" for k, v in self.config["versions"].items()),
            "commit": self.config["commit"],
        }

    def _result(self, model, rows) -> dict:
        last = rows[-1]
        return self._described() | {
            "model": model.name,
            "params": sum(math.prod(v.shape) for v in model.trainable_variables),
            "epochs": int(last["epoch"]),
            "val_accuracy": round(last.get("val_accuracy", math.nan), 4),
            "val_loss": round(last.get("val_loss", math.nan), 4),
            "train_seconds": round(sum(row["seconds"] for row in rows), 1),
        }

    def _draw_rates(self, optimizer, rows) -> None:
        """lr.png: the schedule step by step, or, without one, the rate of each epoch."""
        schedule = getattr(optimizer, "inner_optimizer", optimizer)._learning_rate
        if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            rates = [row["learning_rate"] for row in rows]
            figures.learning_rate(self.folder / "lr.png", [row["epoch"] for row in rows], rates)
            return
        taken = int(optimizer.iterations)
        steps = np.unique(np.linspace(0, max(taken - 1, 0), 300).astype(int))
        momenta = None
        if isinstance(schedule, OneCycle) and schedule.momentum:
            momenta = [float(schedule.momentum_at(step)) for step in steps]
        rates = [rate_at(optimizer, step) for step in steps]
        epochs = steps * rows[-1]["epoch"] / taken
        figures.learning_rate(self.folder / "lr.png", epochs, rates, momenta)

    def _write_report(self, model, rows, result) -> Path:
        pictures = [
            page.Section(heading, text, self.folder / f"{name}.png")
            for name, (heading, text) in PICTURES.items()
            if (self.folder / f"{name}.png").exists()
        ]
        minutes, seconds = divmod(round(result["train_seconds"]), 60)
        return page.write(
            self.folder / "report.html",
            title=model.name,
            subtitle=f"{result['recipe']} on {result['dataset']}, {self.config['started']}",
            numbers=[
                (f"{result['val_accuracy']:.2%}", "validation accuracy, last epoch"),
                (f"{result['val_loss']:.3f}", "validation loss"),
                (f"{result['params']:,}", "trainable parameters"),
                (f"{result['epochs']}", "epochs"),
                (f"{minutes}:{seconds:02d} min", "training and validating"),
            ],
            sections=pictures,
            epochs=[{key: _cell(key, value) for key, value in row.items()} for row in rows],
            tables=self._tables(),
            command=self._command(),
        )

    def _tables(self) -> dict[str, dict]:
        environment = {key: self.config[key] for key in ("backend", "device", "commit")}
        return {
            "Configuration": self.config["arguments"],
            "Environment": environment | self.config["versions"],
        }

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

    def _announce(self, report: Path) -> None:
        self.console.print(f"report: {report.resolve()}", soft_wrap=True)


def _new_folder(recipe: str, out) -> Path:
    folder = (
        Path(out).expanduser() if out else Path("runs") / recipe / time.strftime("%Y%m%d-%H%M%S")
    )
    for attempt in range(1, 100):
        candidate = folder if attempt == 1 else folder.with_name(f"{folder.name}-{attempt}")
        try:
            candidate.mkdir(parents=True)
            return candidate
        except FileExistsError as error:
            if out and {path.name for path in folder.glob("*")} <= {"config.json"}:
                return folder  # empty, or a start that came to nothing
            if out:
                raise FileExistsError(
                    error.errno,
                    f"--out {out} exists already; name a new folder, or go on with what is in it "
                    f"by --resume={out}",
                ) from None
        except OSError as error:
            raise type(error)(
                error.errno,
                f"the run's folder {candidate} cannot be made ({error.strerror}); "
                f"name one that can with --out",
            ) from None
    raise FileExistsError(f"{folder} and 99 more names are taken")


def _resumable(folder: Path, now: dict) -> dict:
    """The config.json of a run that may be resumed with what is asked now."""
    try:
        then = json.loads((folder / "config.json").read_text())
        differ = {
            f"--{key.replace('_', '-')}": (then["arguments"].get(key), value)
            for key, value in now["arguments"].items()
            if then["arguments"].get(key) != value
        }
        differ |= {
            f"--{key}": (value, "known any more")
            for key, value in then["arguments"].items()
            if key not in now["arguments"]
        }
        differ |= {k: (then[k], now[k]) for k in ("recipe", "backend") if then[k] != now[k]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"--resume {folder} is not the folder of a run (config.json: {error})"
        ) from error
    if differ:
        changes = "; ".join(f"{name} was {old}, not {new}" for name, (old, new) in differ.items())
        raise ValueError(f"{folder} cannot be resumed otherwise than it was started: {changes}")
    return then


def commit() -> str:
    """The commit of the source tree, `-dirty` with changes in it; "" for an installed wheel."""
    here = Path(__file__).parent

    def git(*arguments):
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)  # not the repository of a user
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=10", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _write_json(path: Path, content: dict) -> None:
    text = json.dumps(content, indent=2, default=str) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def _cell(key: str, value: float) -> str:
    if "accuracy" in key:
        return f"{value:.2%}"
    if key == "learning_rate":
        return f"{value:.3g}"
    return f"{value:.0f}" if key == "epoch" else f"{value:.4g}"
