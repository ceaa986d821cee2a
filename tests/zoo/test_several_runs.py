"""Finished runs side by side: what differs between them, and the page."""

import json

import pytest

from zoo.cli.main import main
from zoo.run.several_runs import compare, differences

pytestmark = pytest.mark.once


def write_run(folder, name, value, parts=(), **arguments):
    """A finished run's files, or those of its parts."""
    run = folder / name
    for path in [run / part for part in parts] or [run]:
        path.mkdir(parents=True)
        result = {
            "recipe": "s9_ultimus",
            "part": path.name if parts else "",
            "model": "ultimus",
            "params": 25_978,
            "epochs": 2,
            "metric": "accuracy",
            "value": value,
            "worst_of_last_3": value,
            "train_value": None,
            "metrics": {"loss": 1.5},
        }
        rows = f"epoch,val_accuracy,val_loss\n1,0.1,2.0\n2,{value},1.5\n"
        config = {"recipe": "s9_ultimus", "backend": "torch", "arguments": arguments}
        (path / "result.json").write_text(json.dumps(result))
        (path / "metrics.csv").write_text(rows)
        (path / "config.json").write_text(json.dumps(config))
    if parts:
        (run / "result.json").write_text("[]")
    return run


class TestCompare:
    def test_shows_results_curves_and_what_differs(self, tmp_path):
        runs = [
            write_run(tmp_path, "slow", 0.5, max_lr=0.01, seed=0, out="slow"),
            write_run(tmp_path, "fast", 0.75, max_lr=0.1, seed=0, out="fast"),
        ]
        page = compare(runs, tmp_path / "page" / "report.html").read_text()
        assert "50.00 %" in page and "75.00 %" in page and "max lr" in page
        assert "seed" not in page.split("Settings that differ")[1].split("Validation")[0]
        assert {path.name for path in (tmp_path / "page").glob("*.png")} == {
            "accuracy.png",
            "loss.png",
        }

    def test_each_net_of_a_run_counts(self, tmp_path):
        run = write_run(tmp_path, "both", 0.5, parts=("one", "two"))
        page = compare([run], tmp_path / "report.html").read_text()
        assert "both/one" in page and "both/two" in page

    def test_one_net_is_nothing_to_compare(self, tmp_path):
        run = write_run(tmp_path, "alone", 0.5)
        with pytest.raises(ValueError, match="name the folders of two finished runs, not 1"):
            compare([run], tmp_path / "report.html")

    def test_a_folder_without_a_run_is_named(self, tmp_path, capsys):
        with pytest.raises(SystemExit):
            main(["compare", str(tmp_path), str(tmp_path), f"--out={tmp_path / 'r.html'}"])
        assert f"{tmp_path} holds no result.json" in capsys.readouterr().err


def test_settings_that_only_one_run_has_differ_too():
    configs = {
        "a": {"arguments": {"epochs": 2, "out": "here"}, "backend": "jax"},
        "b": {"arguments": {"epochs": 2, "steps": "3,4"}, "backend": "torch"},
    }
    assert differences(configs) == [
        {"setting": "backend", "a": "jax", "b": "torch"},
        {"setting": "steps", "a": "", "b": "3,4"},
    ]
