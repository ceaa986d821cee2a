"""What results/ holds, and the two scripts that fill it and the package."""

import hashlib
import importlib.util
import json
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.weights import load_into

ROOT = Path(__file__).parents[1]


def script(name):
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
        table = readme.split(record.BEGIN)[1].split(record.END)[0].strip()
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
            assert "-dirty" not in row["commit"], row
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

    @pytest.fixture
    def run(self, record, tmp_path, monkeypatch):
        """A finished run of s2_5_mnist_sum with --binary, and an empty results folder."""
        monkeypatch.setattr(record, "RESULTS", tmp_path)
        row = dict.fromkeys(record.COLUMNS, "") | {"recipe": "s2_5_mnist_sum", "model": "mnist_sum"}
        (tmp_path / "result.json").write_text(json.dumps(row | {"seed": 0, "val_accuracy": 0.9}))
        arguments = {"binary": True, "seed": 0, "epochs": 3}
        (tmp_path / "config.json").write_text(json.dumps({"arguments": arguments}))
        return tmp_path

    def test_a_setting_that_is_not_the_recipes_has_a_line_of_its_own(self, record, run):
        record.add(run, "", "five bits")
        record.add(run, "timed on a busy machine")
        named, unnamed = record.read(run / "s2_5_mnist_sum.csv")
        assert named["part"] == "five bits" and named["val_accuracy"] == "0.9"
        assert unnamed["part"] == "--binary" and record.headlines([named, unnamed]) == []

    def test_a_seed_counts_once(self, record, run):
        record.add(run, "", "five bits")
        with pytest.raises(SystemExit, match="has a row of five bits with seed 0"):
            record.add(run, "", "five bits")
        assert len(record.read(run / "s2_5_mnist_sum.csv")) == 1

    def test_a_folder_without_a_result_is_refused(self, record, tmp_path):
        with pytest.raises(SystemExit, match="holds no result"):
            record.add(tmp_path, "")


class TestShipWeights:
    @pytest.fixture
    def ship_weights(self, tmp_path, monkeypatch):
        module = script("ship_weights")
        monkeypatch.setattr(module, "FOLDER", tmp_path)
        monkeypatch.setattr("zoo.weights.FOLDER", tmp_path)
        yield module
        keras.config.set_dtype_policy("float32")

    @pytest.fixture
    def run(self, tmp_path):
        folder = tmp_path / "run"
        folder.mkdir()
        net = zoo.get("mnist_8k")
        net.save(folder / "model.keras")
        result = {"model": "mnist_8k", "dataset": "digits"}
        (folder / "result.json").write_text(json.dumps(result))
        return folder, net

    @pytest.mark.parametrize(("most", "kind"), [(10**6, "float32"), (10, "float16")])
    def test_the_net_of_a_run_comes_back_by_its_tag(self, ship_weights, run, most, kind):
        folder, trained = run
        ship_weights.FLOAT32_BYTES = most
        path, checksum = ship_weights.ship(folder)
        assert checksum == hashlib.sha256(path.read_bytes()).hexdigest()
        keras.config.set_dtype_policy("float32")
        net = zoo.get("mnist_8k")
        load_into(net, "mnist_8k", "digits", {"digits": checksum})
        for mine, theirs in zip(net.get_weights(), trained.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs.astype(kind))

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
