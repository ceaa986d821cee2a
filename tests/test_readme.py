"""What the README says is true."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SHELL = re.findall(r"^((?:python|zoo) .*?)(?:\s{2,}#.*)?$", README, re.MULTILINE)


def test_its_python_runs_in_an_empty_folder(tmp_path):
    assert len(PYTHON) == 2
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
def test_its_shell_commands_are_accepted(tmp_path):
    commands = [shlex.split(line) for line in SHELL]
    assert ["python", "recipes/s9_ultimus.py", "--dataset=digits", "--epochs=20"] in commands
    for command in commands:
        script = ROOT / command[1]
        run = subprocess.run(
            [sys.executable, script, *command[2:], "--help"], capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr


@pytest.mark.once
def test_every_file_it_names_exists():
    for path in re.findall(r"\]\(([^)#:]+)\)|`([\w./]+/)`", README):
        assert (ROOT / (path[0] or path[1])).exists(), path
