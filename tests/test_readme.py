"""What the README says is true."""

import importlib.util
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


@pytest.fixture(scope="module")
def record():
    spec = importlib.util.spec_from_file_location("record", ROOT / "results" / "record.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


@pytest.mark.once
class TestResults:
    def test_the_tables_are_made_from_the_files(self, record):
        rows = record.all_rows()
        table = README.split(record.BEGIN)[1].split(record.END)[0].strip()
        assert table == record.summary_table(record.headlines(rows))
        assert record.full_table(rows) in (ROOT / "results" / "README.md").read_text()

    def test_every_row_says_where_it_comes_from(self, record):
        for row in record.all_rows():
            wanted = (
                "recipe",
                "dataset",
                "epochs",
                "val_accuracy",
                "backend",
                "versions",
                "commit",
            )
            assert all(row[column] for column in wanted), row
            assert not row["commit"].endswith("-dirty"), row
            assert row["dataset"] != "cifar10" or "JPEG" in row["note"], row

    def test_mean_and_spread_are_over_the_seeds(self, record):
        row = dict.fromkeys(record.COLUMNS, "") | {
            "model": "m",
            "params": "5",
            "train_seconds": "60",
        }
        rows = [
            row | {"seed": str(i), "val_accuracy": a} for i, a in enumerate(("0.5", "0.6", "0.7"))
        ]
        assert "60.00 % ± 10.00 (3 seeds)" in record.summary_table(rows)

    def test_a_folder_without_a_result_is_refused(self, record, tmp_path):
        with pytest.raises(SystemExit, match="holds no result"):
            record.add(tmp_path, "")
