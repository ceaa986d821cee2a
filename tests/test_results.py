"""What results/ holds, and the two scripts that fill it and the package."""

import hashlib
import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.weights.entry import WeightsEntry

ROOT = Path(__file__).parents[1]


def script(name):
    if str(ROOT / "results") not in sys.path:
        sys.path.append(str(ROOT / "results"))  # as Python does for a script that is run
    spec = importlib.util.spec_from_file_location(name, ROOT / "results" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.once
class TestRecord:
    @pytest.fixture
    def record(self):
        return script("record")

    def test_the_tables_are_made_from_the_files(self, record):
        rows = record.all_rows()
        readme = (ROOT / "README.md").read_text()
        course = record.course_table(json.loads(record.contents_json(rows))["recipes"])
        expected = {
            record.RUNS: record.summary_table(record.headlines(rows)),
            record.COURSE: course,
        }
        for (begin, end), table in expected.items():
            assert readme.split(begin)[1].split(end)[0].strip() == table
        assert record.full_table(rows) in (ROOT / "results" / "README.md").read_text()

    def test_the_index_of_the_zoo_is_not_stale(self, record):
        """After a change of cards, recipes or rows `python results/record.py` writes it again."""
        assert record.CONTENTS.read_text() == record.contents_json(record.all_rows())

    def test_every_row_says_where_it_comes_from(self, record):
        wanted = ("recipe", "dataset", "epochs", "metric", "value", "backend", "versions", "commit")
        for row in record.all_rows():
            assert all(row[column] for column in wanted), row
            assert "-dirty" not in row["commit"], row
            assert row["dataset"] != "cifar10" or "JPEG" in row["note"], row

    def test_every_number_can_be_read(self, record):
        for row in record.all_rows():
            numbers = [row[key] for key in ("value", "worst_of_last_3", "train_value")]
            numbers += [pair.partition("=")[2] for pair in row["metrics"].split()]
            assert all(math.isfinite(float(number)) for number in numbers if number), row

    @pytest.mark.parametrize(
        ("metric", "values", "expected"),
        [
            ("accuracy", ("0.5", "0.6", "0.7"), "| accuracy | 60.00 % ± 10.00 (3 seeds) |"),
            ("map50", ("0.65",), "| mAP50 | 65.00 % |"),
            ("loss", ("1.5", "2.5"), "| loss | 2.000 ± 0.707 (2 seeds) |"),
        ],
    )
    def test_mean_and_spread_are_over_the_seeds(self, record, metric, values, expected):
        row = dict.fromkeys(record.COLUMNS, "") | {"model": "m", "params": "5", "metric": metric}
        rows = [row | {"seed": str(seed), "value": value} for seed, value in enumerate(values)]
        assert expected in record.summary_table(rows)

    @pytest.fixture
    def run(self, record, tmp_path, monkeypatch):
        """A finished run of s2_5_mnist_sum with --binary, and an empty results folder."""
        monkeypatch.setattr(record, "RESULTS", tmp_path)
        write_run(tmp_path, seed=0)
        return tmp_path

    def test_a_setting_that_is_not_the_recipes_has_a_line_of_its_own(self, record, run):
        record.add(run, "", "five bits")
        record.add(run, "timed on a busy machine")
        named, unnamed = record.read(run / "s2_5_mnist_sum.csv")
        assert named["part"] == "five bits" and named["value"] == "0.9"
        assert named["metrics"] == "digit_accuracy=0.95 loss=0.1"
        assert unnamed["part"] == "--binary" and record.headlines([named, unnamed]) == []
        assert unnamed["note"] == "timed on a busy machine" and unnamed["train_value"] == ""

    def test_a_seed_counts_once(self, record, run):
        record.add(run, "", "five bits")
        with pytest.raises(SystemExit, match="has a row of five bits with seed 0"):
            record.add(run, "", "five bits")
        assert len(record.read(run / "s2_5_mnist_sum.csv")) == 1

    def test_two_processes_lose_no_row(self, record, run):
        script = (
            "import pathlib, sys\n"
            "sys.path.append(sys.argv[1])\n"
            "import record\n"
            "record.RESULTS = pathlib.Path(sys.argv[2])\n"
            "for folder in sys.argv[3:]:\n"
            "    record.add(pathlib.Path(folder), '')\n"
        )
        processes = []
        for first in (100, 200):
            folders = [run / str(seed) for seed in range(first, first + 20)]
            for folder in folders:
                folder.mkdir()
                write_run(folder, seed=int(folder.name))
            command = [sys.executable, "-c", script, ROOT / "results", run, *folders]
            processes.append(subprocess.Popen(command))
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
        seeds = {int(row["seed"]) for row in record.read(run / "s2_5_mnist_sum.csv")}
        assert seeds == {*range(100, 120), *range(200, 220)}

    def test_a_folder_without_a_result_is_refused(self, record, tmp_path):
        with pytest.raises(SystemExit, match="holds no result"):
            record.add(tmp_path, "")

    def test_a_training_without_validation_is_refused(self, record, run):
        write_run(run, seed=0, value=None)
        with pytest.raises(SystemExit, match="has no validation result"):
            record.add(run, "")


def write_run(folder, **values):
    """What a finished run leaves that a row is made from."""
    result = {
        "recipe": "s2_5_mnist_sum", "part": "", "model": "mnist_sum", "params": 16_707,
        "dataset": "mnist", "epochs": 3, "metric": "sum_accuracy", "value": 0.9,
        "train_value": None, "metrics": {"digit_accuracy": 0.95, "loss": 0.1}, "backend": "jax",
        "device": "a chip", "versions": "", "commit": "",
    }  # fmt: skip
    (folder / "result.json").write_text(json.dumps(result | values))
    arguments = {"binary": True, "seed": values["seed"], "epochs": 3}
    (folder / "config.json").write_text(json.dumps({"arguments": arguments}))


class TestShipWeights:
    @pytest.fixture
    def ship_weights(self, tmp_path, monkeypatch):
        module = script("ship_weights")
        monkeypatch.setattr(module, "FOLDER", tmp_path)
        monkeypatch.setattr(module, "ENTRIES", tmp_path / "entries.json")
        module.ENTRIES.write_text('{"mnist_8k": {"mnist": {}}}')
        yield module
        keras.config.set_dtype_policy("float32")

    @pytest.fixture
    def run(self, tmp_path):
        folder = tmp_path / "run"
        folder.mkdir()
        net = zoo.get("mnist_8k")
        net.save(folder / "model.keras")
        result = {
            "model": "mnist_8k", "dataset": "digits", "metric": "accuracy", "value": 0.9,
            "recipe": "mine", "epochs": 3, "seed": 0, "backend": "jax", "commit": "0123456789",
        }  # fmt: skip
        (folder / "result.json").write_text(json.dumps(result))
        return folder, net

    @pytest.mark.parametrize(("most", "kind"), [(10**6, "float32"), (10, "float16")])
    def test_the_net_of_a_run_comes_back_from_its_file(self, ship_weights, run, most, kind):
        folder, trained = run
        ship_weights.FLOAT32_BYTES = most
        path = ship_weights.ship(folder)
        keras.config.set_dtype_policy("float32")
        net = zoo.get("mnist_8k", weights=str(path))
        for mine, theirs in zip(net.get_weights(), trained.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs.astype(kind))

    def test_an_entry_says_what_a_user_wants_to_know(self, ship_weights, run):
        path = ship_weights.ship(run[0], "a note")
        entries = json.loads(ship_weights.ENTRIES.read_text())["mnist_8k"]
        assert entries.keys() == {"mnist", "digits"}
        entry = WeightsEntry("digits", **entries["digits"])
        assert entry.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert entry.file == path.name and entry.num_classes == 10
        assert entry.result == "accuracy 90.00 % on digits"
        assert "mine, 3 epochs, seed 0, jax, commit 0123456789 (a note)" in entry.run

    def test_a_folder_without_a_net_is_refused(self, ship_weights, tmp_path):
        with pytest.raises(SystemExit, match="holds no net"):
            ship_weights.ship(tmp_path)

    def test_a_net_with_options_of_its_own_is_refused(self, ship_weights, run):
        zoo.get("mnist_8k", norm=None).save(run[0] / "model.keras")
        with pytest.raises(SystemExit, match="mnist_8k with options of its own"):
            ship_weights.ship(run[0])

    def test_of_several_nets_it_wants_the_folder_of_one(self, ship_weights, run):
        (run[0] / "result.json").write_text("[]")
        with pytest.raises(SystemExit, match="the folder of one"):
            ship_weights.ship(run[0])
