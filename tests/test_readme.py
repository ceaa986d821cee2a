"""What the README says is true."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from zoo import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
RECIPE = r"python recipes/(\w+)\.py([^`#\n]*)"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "recipes").glob("s*.py"))]


def test_its_python_runs_in_an_empty_folder(tmp_path):
    assert len(PYTHON) == 4
    script = tmp_path / "readme.py"
    script.write_text(
        "\n".join(PYTHON).replace(
            'data = zoo.datasets.load("digits",', 'data = zoo.datasets.load("digits", limit=128,'
        )
    )
    run = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert {"range_test.png", "gradcam.png"} <= set(os.listdir(tmp_path))


@pytest.mark.once
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_commands_of_the_readme_and_the_recipes_are_accepted(document):
    commands = re.findall(RECIPE, document.read_text().replace("\\\n", " "))
    assert commands
    for recipe, flags in commands:
        main = importlib.import_module(f"zoo.recipes.{recipe}").main
        cli.parse(main, shlex.split(flags))


@pytest.mark.once
def test_every_file_it_names_exists():
    for path in re.findall(r"\]\(([^)#:]+)\)|`([\w./]+/)`", README):
        assert (ROOT / (path[0] or path[1])).exists(), path
