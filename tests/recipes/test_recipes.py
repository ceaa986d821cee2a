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

import zoo
from zoo.cli.flags import SHARED, comments_of
from zoo.recipes import s4_drill_down, s5_normalization, s7_adversarial, s8_custom_resnet
from zoo.training.callbacks.metrics_log import read_metrics

FOLDER = Path(__file__).parents[2] / "recipes"
RECIPES = sorted(FOLDER.glob("s[0-9]*.py"))
SMALL = {
    "dataset": "digits",
    "limit": 60,
    "epochs": 1,
    "batch-size": 30,
    "max-lr": 0.01,
    "steps": "3,10",
    "lengths": "16,64",
    "points": 5,
    "images": 20,
    "image-size": 96,
}
# What is embedded, for recipes whose own dataset is none of single images.
EMBEDDED = {
    **dict.fromkeys(("coco", "bccd", "shapes"), "shapes"),
    **dict.fromkeys(("shakespeare", "wikitext2", "python_help"), "python_help"),
    "python_docstrings": "python_docstrings",
    "dates": "dates",
}


def parameters_of(recipe):
    """Name -> default of the arguments of a recipe's main."""
    main = importlib.import_module(f"zoo.recipes.{recipe.stem}").main
    return {name: p.default for name, p in inspect.signature(main).parameters.items()}


def flags_of(recipe) -> list[str]:
    """Those of SMALL that the recipe takes."""
    taken = parameters_of(recipe)
    small = SMALL | {"dataset": EMBEDDED.get(taken.get("dataset"), "digits")}
    if small["dataset"] == "python_help":  # characters
        small["limit"] = 20_000
    if isinstance(taken.get("steps"), int):  # iterations, not the steps of a lesson
        small["steps"] = 10
    return [f"--{flag}={small[flag]}" for flag in small if flag.replace("-", "_") in taken]


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
    assert "not in the report" not in run.stdout, "a picture was drawn and not handed over"
    page = (tmp_path / "run" / "report.html").read_text()
    assert len(page) > 50_000 and "could not be drawn" not in page and "is missing" not in page
    arguments = json.loads((tmp_path / "run" / "config.json").read_text())["arguments"]
    assert arguments.keys() <= parameters_of(recipe).keys()  # it runs again
    for flag, value in (flag.removeprefix("--").split("=") for flag in flags):
        assert str(arguments[flag.replace("-", "_")]) == value


@pytest.mark.once
@pytest.mark.parametrize("steps", ["3,3", "0", "3;4", "", 3.5])
def test_steps_that_there_are_not_leave_no_run(steps, tmp_path):
    with pytest.raises(ValueError, match=f"steps={steps} must be numbers from 1 to 10, each once"):
        s4_drill_down.main(steps=steps, dataset="digits", out=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.once
@pytest.mark.parametrize(
    ("sizes", "wrong"), [({"epsilons": "1,two"}, "'two'"), ({"shown": -1.0}, "'-1.0'")]
)
def test_sizes_of_attacks_that_are_no_numbers_are_refused(sizes, wrong, tmp_path):
    with pytest.raises(ValueError, match=f"epsilon={wrong} must be a finite number, above 0"):
        s7_adversarial.main(dataset="digits", out=str(tmp_path / "run"), **sizes)


@pytest.mark.once
@pytest.mark.filterwarnings("ignore:(no suggestion|the loss still fell)")
def test_a_range_test_of_two_steps_finds_no_cycle_and_says_so(tmp_path):
    small = {"dataset": "digits", "limit": 60, "epochs": 1, "batch_size": 30}
    with pytest.raises(ValueError, match="no rates for a cycle: .* choose the rates"):
        s8_custom_resnet.main(out=str(tmp_path / "run"), **small)
    assert (tmp_path / "run" / "range_test.png").exists()


@pytest.mark.once
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_refuses_arguments_that_make_no_training(recipe, tmp_path):
    taken = parameters_of(recipe)
    wrong = {"epochs": 2.5, "batch_size": 2.5, "limit": "10", "seed": -1, "learning_rate": "high"}
    main = importlib.import_module(f"zoo.recipes.{recipe.stem}").main
    for name in wrong.keys() & taken.keys():
        with pytest.raises(ValueError, match=f"{name}={wrong[name]!r} must be a"):
            main(out=str(tmp_path / "run"), **{name: wrong[name]})
    assert not (tmp_path / "run").exists()


@pytest.mark.once
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_each_flag_has_a_line_of_help(recipe):
    main = importlib.import_module(f"zoo.recipes.{recipe.stem}").main
    described = comments_of(main).keys() | SHARED.keys()
    assert parameters_of(recipe).keys() - described == set()


@pytest.mark.once
def test_a_page_shows_the_numbers_of_its_own_run(tmp_path):
    """On other data, and cut short, no finding of the recorded runs stands beside the measured."""
    out = tmp_path / "run"
    s4_drill_down.main("3,4", dataset="digits", epochs=1, batch_size=30, limit=30, out=str(out))
    page = (out / "report.html").read_text()
    text = re.sub(r'"data:image[^"]*"', "", page)
    assert "overfits" not in text and "gap, points" in text
    results = json.loads((out / "result.json").read_text())
    for result in results:
        assert f"<td>{100 * (result['train_value'] - result['value']):+.2f}</td>" in text


@pytest.mark.once
def test_step_10_cuts_its_rate_after_epoch_6(tmp_path):
    out = tmp_path / "run"
    s4_drill_down.main("10", dataset="digits", epochs=7, batch_size=5, limit=10, out=str(out))
    rates = [row["learning_rate"] for row in read_metrics(out / "mnist_step10" / "metrics.csv")]
    np.testing.assert_allclose(rates, 6 * [0.01] + [0.001], rtol=1e-6)


@pytest.mark.parametrize("model", ["resnet20", "dilated_net", "custom_resnet"])
def test_the_decay_of_the_recipes_spares_norms_and_biases(model):
    """Keras matches the names against the layer's name too on tensorflow, elsewhere not."""
    net = zoo.get(model)
    sgd = keras.optimizers.SGD(0.1, weight_decay=5e-3)
    sgd.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    sgd.build(net.trainable_variables)
    spared = {v.path for v in net.trainable_variables if not sgd._use_weight_decay(v)}
    assert spared == {v.path for v in net.trainable_variables if len(v.shape) == 1}


@pytest.mark.once
def test_early_stopping_is_counted_on_a_finished_training(tmp_path):
    losses = (1.0, 0.9, 0.95, 0.91, 0.92, 0.5)  # the fifth is the third without a lower one
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
    assert f"python recipes/{recipe.name}" in source
    assert re.search("^(Measured|Checked): ", source, re.M)
    assert re.search("^What it shows[:,]", source, re.M)
    assert len(source.splitlines()) <= 100


@pytest.mark.once
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_has_the_rows_it_says_it_has(recipe):
    rows = FOLDER.parent / "results" / f"{recipe.stem}.csv"
    assert (f"Measured: the {recipe.stem} rows of results/" in recipe.read_text()) == rows.exists()
