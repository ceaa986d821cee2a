"""Every recipe, found by itself, run by its command line on embedded data."""

import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from zoo.recipes import s4_drill_down, s5_normalization
from zoo.training.callbacks.metrics_log import read_metrics

FOLDER = Path(__file__).parents[2] / "recipes"
RECIPES = sorted(FOLDER.glob("s[0-9]*.py"))
SMALL = {
    "dataset": "digits",
    "limit": 60,
    "epochs": 1,
    "batch-size": 30,
    "steps": "3,10",
    "points": 5,
    "images": 20,
}


def flags_of(recipe) -> list[str]:
    """Those of SMALL that the recipe takes."""
    source = recipe.read_text()
    takes = {flag: rf"^    {flag.replace('-', '_')}(=|: )" for flag in SMALL}
    return [f"--{flag}={SMALL[flag]}" for flag in SMALL if re.search(takes[flag], source, re.M)]


def backends_of(recipe):
    """Two stand for all on the other backends, whose machinery is tested by itself."""
    everywhere = recipe.stem in ("s9_ultimus", "s2_5_mnist_sum")  # one input, and several
    return pytest.param(recipe, id=recipe.stem, marks=[] if everywhere else [pytest.mark.once])


def test_there_are_recipes():
    assert RECIPES


@pytest.mark.parametrize("recipe", [*map(backends_of, RECIPES)])
def test_runs_and_reports(recipe, tmp_path):
    flags = flags_of(recipe)
    command = [sys.executable, str(recipe), *flags, f"--out={tmp_path / 'run'}"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "run" / "report.html").stat().st_size > 50_000
    arguments = json.loads((tmp_path / "run" / "config.json").read_text())["arguments"]
    module = importlib.import_module(f"zoo.recipes.{recipe.stem}")
    assert arguments.keys() <= inspect.signature(module.main).parameters.keys()  # it runs again
    for flag, value in (flag.removeprefix("--").split("=") for flag in flags):
        assert str(arguments[flag.replace("-", "_")]) == value


@pytest.mark.once
@pytest.mark.parametrize("steps", ["3,3", "0", "3;4", ""])
def test_steps_that_there_are_not_leave_no_run(steps, tmp_path):
    with pytest.raises(
        ValueError, match=f"--steps={steps} must be numbers from 1 to 10, each once"
    ):
        s4_drill_down.main(steps=steps, dataset="digits", out=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.once
def test_step_10_cuts_its_rate_after_epoch_6(tmp_path):
    out = tmp_path / "run"
    s4_drill_down.main("10", dataset="digits", epochs=7, batch_size=5, limit=10, out=str(out))
    rates = [row["learning_rate"] for row in read_metrics(out / "mnist_step10" / "metrics.csv")]
    np.testing.assert_allclose(rates, 6 * [0.01] + [0.001], rtol=1e-6)


@pytest.mark.once
def test_early_stopping_is_counted_on_a_finished_training(tmp_path):
    losses = (
        1.0,
        0.9,
        0.95,
        0.91,
        0.92,
        0.5,
    )  # three epochs without a lower one end with the fifth
    lines = [f"{i},{loss},0.9{i}" for i, loss in enumerate(losses, 1)]
    columns = "epoch,val_cross_entropy,val_accuracy"
    (tmp_path / "metrics.csv").write_text("\n".join([columns, *lines]) + "\n")
    part, net = SimpleNamespace(folder=tmp_path), keras.Model()
    assert s5_normalization.stopped(net, part, 3) == "after epoch 5, at 95.00%"
    assert s5_normalization.stopped(net, part, 4) == "not yet"


@pytest.mark.once
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_is_short_and_says_how_to_run_it(recipe):
    source = recipe.read_text()
    assert f"python recipes/{recipe.name}" in source and re.search(
        "^(Measured|Checked): ", source, re.M
    )
    assert len(source.splitlines()) <= 100


@pytest.mark.once
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_has_the_rows_it_says_it_has(recipe):
    rows = FOLDER.parent / "results" / f"{recipe.stem}.csv"
    assert (f"Measured: the {recipe.stem} rows of results/" in recipe.read_text()) == rows.exists()
