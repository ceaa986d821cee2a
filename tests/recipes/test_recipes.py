"""Every recipe, found by itself, run by its command line on embedded data."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "recipes"
RECIPES = sorted(FOLDER.glob("s[0-9]*.py"))
SMALL = ["--dataset=digits", "--limit=60", "--epochs=1", "--batch-size=30"]


def test_there_are_recipes():
    assert RECIPES


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_runs_and_reports(recipe, tmp_path):
    command = [sys.executable, str(recipe), *SMALL, f"--out={tmp_path / 'run'}"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "run" / "report.html").stat().st_size > 50_000
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["arguments"]["dataset"] == "digits" and config["arguments"]["limit"] == 60


@pytest.mark.once
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_is_short_and_says_how_to_run_it(recipe):
    source = recipe.read_text()
    assert f"python recipes/{recipe.name}" in source and "Measured:" in source
    assert len(source.splitlines()) <= 90
