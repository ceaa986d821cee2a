"""The run folder: made, refused, killed, resumed, finished."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import pytest

from zoo.report.page import Section
from zoo.run import Run
from zoo.run.result import result_of
from zoo.training.callbacks.metrics_log import read_metrics

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "recipes" / "s9_ultimus.py"


def start(tmp_path, **config):
    out = None if "resume" in config else str(tmp_path / "run")
    return Run.start("recipes/mine.py", {"seed": 0, "out": out} | config)


def without_seconds(path):
    with open(path, newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


class TestStart:
    def test_writes_down_what_it_was_started_with(self, tmp_path):
        run = start(tmp_path, epochs=3)
        config = json.loads((run.folder / "config.json").read_text())
        assert config["recipe"] == "mine" and config["arguments"] == {"seed": 0, "epochs": 3}
        assert config["backend"] == keras.config.backend()
        assert {"device", "versions", "commit", "started"} <= config.keys()

    def test_switches_the_precision(self, tmp_path):
        start(tmp_path, precision="mixed_bfloat16")
        assert keras.config.dtype_policy().compute_dtype == "bfloat16"

    def test_two_runs_in_one_second_get_two_folders(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(time, "strftime", lambda form: "now")
        folders = [Run.start("mine.py", {}).folder.name for _ in range(3)]
        assert folders == ["now", "now-2", "now-3"]

    @pytest.mark.once
    def test_an_unknown_precision_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="'float8' must be one of float32, mixed_float16"):
            start(tmp_path, precision="float8")

    @pytest.mark.once
    def test_an_output_folder_that_exists_is_left_alone(self, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "mine.txt").write_text("keep")
        with pytest.raises(FileExistsError, match="exists already.*--resume="):
            start(tmp_path)
        assert (tmp_path / "run" / "mine.txt").read_text() == "keep"

    @pytest.mark.once
    def test_a_start_that_came_to_nothing_does_not_block_its_folder(self, tmp_path):
        assert start(tmp_path, epochs=1).folder == start(tmp_path, epochs=2).folder

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("epochs", 0),
            ("batch_size", -1),
            ("seed", -1),
            ("patience", -3),
            ("learning_rate", -0.01),
            ("max_lr", -1),
            ("learning_rate", float("nan")),
        ],
    )
    def test_a_number_that_makes_no_training_is_refused(self, tmp_path, name, value):
        with pytest.raises(ValueError, match=f"--{name.replace('_', '-')} {value} must be"):
            start(tmp_path, **{name: value})
        assert not (tmp_path / "run").exists()

    @pytest.mark.once
    def test_an_output_folder_that_cannot_be_made_is_refused(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="cannot be made .Not a directory.*--out"):
            start(tmp_path, out=str(tmp_path / "file" / "run"))


@pytest.mark.once
class TestResume:
    def test_of_no_run_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="is not the folder of a run"):
            start(tmp_path, resume=str(tmp_path))

    def test_with_other_arguments_is_refused(self, tmp_path):
        run = start(tmp_path, epochs=3)
        with pytest.raises(ValueError, match="--epochs was 3, not 4"):
            start(tmp_path, epochs=4, resume=str(run.folder))

    def test_of_another_recipe_says_only_that(self, tmp_path):
        run = Run.start("s1_other.py", config={"peak_epoch": 3, "out": str(tmp_path / "run")})
        with pytest.raises(ValueError, match=r"started: recipe was s1_other, not \w+$"):
            start(tmp_path, resume=str(run.folder))

    def test_an_argument_of_an_older_recipe_is_named_as_its_flag(self, tmp_path):
        run = start(tmp_path, peak_epoch=3)
        with pytest.raises(ValueError, match="--peak-epoch was 3, not known any more"):
            start(tmp_path, resume=str(run.folder))

    def test_after_an_upgrade_says_what_both_halves_were_made_with(self, tmp_path):
        run = start(tmp_path)
        config = json.loads((run.folder / "config.json").read_text())
        now = config["versions"]["keras"]
        older = {"versions": config["versions"] | {"keras": "3.14.0"}, "commit": "0123456789"}
        (run.folder / "config.json").write_text(json.dumps(config | older))
        for _ in range(2):  # a second resume adds nothing
            again = start(tmp_path, resume=str(run.folder)).config
            assert again["versions"] == config["versions"] | {"keras": f"3.14.0, then {now}"}
            assert again["commit"] == f"0123456789, then {config['commit']}"

    @pytest.mark.parametrize(
        "content", ["[]", '{"arguments": []}', "{", '{"arguments": {"old": 1}}']
    )
    def test_of_a_damaged_or_foreign_config_is_refused(self, tmp_path, content):
        (tmp_path / "config.json").write_text(content)
        with pytest.raises(ValueError, match="not the folder of a run|cannot be resumed"):
            start(tmp_path, resume=str(tmp_path))

    def test_without_a_readable_checkpoint_is_refused(self, tmp_path, tiny_model):
        run = start(tmp_path)
        (run.folder / "metrics.csv").write_text("epoch,loss\n1,0.5\n2,0.4\n")
        again = start(tmp_path, resume=str(run.folder))
        with pytest.raises(ValueError, match="has had 2 epochs, but no checkpoint"):
            again.restore(tiny_model)

    def test_into_another_folder_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="leave --out out"):
            start(tmp_path, resume="a", out="b")

    def test_on_another_backend_is_refused(self, tmp_path):
        run = start(tmp_path)
        config = json.loads((run.folder / "config.json").read_text())
        (run.folder / "config.json").write_text(json.dumps(config | {"backend": "theano"}))
        with pytest.raises(ValueError, match="backend was theano, not "):
            start(tmp_path, resume=str(run.folder))


@pytest.mark.once
def test_what_is_computed_once_is_kept_for_a_resumed_run(tmp_path):
    run = start(tmp_path)
    assert run.once("max_lr", lambda: 0.3) == 0.3
    again = start(tmp_path, resume=str(run.folder))
    assert again.once("max_lr", lambda: 0.4) == 0.3


class TestFinish:
    def test_leaves_everything_a_reader_wants(self, tmp_path, tiny, tiny_model):
        run = start(tmp_path, epochs=2, dataset="tiny")
        tiny_model.fit(
            tiny.batches("train", 10),
            validation_data=tiny.batches("val", 10),
            epochs=2,
            verbose=0,
            initial_epoch=run.restore(tiny_model),
            callbacks=run.callbacks,
        )
        result = run.finish(tiny_model)
        last = read_metrics(run.folder / "metrics.csv")[-1]
        assert result["epochs"] == 2 and result["val_loss"] == pytest.approx(
            last["val_loss"], abs=1e-4
        )
        assert {p.name for p in run.folder.iterdir()} == {
            "checkpoint",
            "config.json",
            "history.png",
            "lr.png",
            "metrics.csv",
            "model.keras",
            "report.html",
            "result.json",
        }
        page = (run.folder / "report.html").read_text()
        assert (
            f"{result['val_accuracy']:.2%}" in page and "zoo run mine --seed=0 --epochs=2" in page
        )
        assert page.count("data:image/png;base64") == 2 and 'src="/' not in page
        assert "<th>val accuracy</th>" in page
        restored = keras.saving.load_model(run.folder / "model.keras", safe_mode=True)
        assert restored.count_params() == tiny_model.count_params()

    def test_a_training_without_validation_is_reported_as_it_is(self, tmp_path, tiny, tiny_model):
        run = start(tmp_path)
        tiny_model.fit(tiny.batches("train", 10), verbose=0, callbacks=run.callbacks)
        result = run.finish(tiny_model)
        assert result["val_accuracy"] is None and 0 <= result["train_accuracy"] <= 1
        assert json.loads((run.folder / "result.json").read_text()) == result

    def test_without_a_finished_epoch_says_so(self, tmp_path, tiny_model):
        with pytest.raises(ValueError, match="no finished epoch"):
            start(tmp_path).finish(tiny_model)


@pytest.mark.once
def test_a_table_of_ones_own_keeps_its_headings_on_the_page_and_the_console(tmp_path, capsys):
    run = Run.start("mine.py", {"out": str(tmp_path / "run")})
    rows = [{"E_total": 0.24, "w1": "0.15"}]
    run.print_table(rows, "First steps")
    run.report("Table", [Section("First steps", table=rows)])
    page, printed = (run.folder / "report.html").read_text(), capsys.readouterr().out
    assert "<th>E_total</th>" in page and "<td>0.15</td>" in page
    assert "Environment" in page and "Configuration" not in page  # there is none
    assert "First steps" in printed and "E_total" in printed and "0.24" in printed


class TestParts:
    """Several nets in one run, each with a folder of its own."""

    def train(self, run, data, epochs, plain=False):
        for name, rate in {"slow": 0.001, "too fast?": 0.01}.items():
            part = run.part(name)
            net = keras.Sequential(
                [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3)], name="net"
            )
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            beside = keras.metrics.SparseCategoricalCrossentropy("cross_entropy", from_logits=True)
            metrics = ["accuracy", beside] if plain else ["accuracy"]
            net.compile(keras.optimizers.Adam(rate), loss, metrics=metrics)
            train = data.batches("train", 10)
            net.fit(
                train,
                validation_data=data.batches("val", 10),
                epochs=epochs,
                initial_epoch=part.restore(net, train),
                verbose=0,
                callbacks=part.callbacks,
            )
            part.finish(net)

    def test_start_from_the_same_seed_and_end_side_by_side(self, tmp_path, tiny):
        run = start(tmp_path, dataset="tiny")
        self.train(run, tiny, epochs=2)
        rows = run.finish_comparison("Rates", columns={"slow": {"target": "a target in words"}})
        assert [row["part"] for row in rows] == ["slow", "too fast?"]
        assert rows[0]["params"] == rows[1]["params"] == 8 * 8 * 3 * 3 + 3
        for row, folder in zip(rows, ("slow", "too-fast"), strict=True):
            log = read_metrics(run.folder / folder / "metrics.csv")
            accuracies = [epoch["val_accuracy"] for epoch in log]
            assert row["val_accuracy"] == pytest.approx(accuracies[-1], abs=1e-4)
            assert row["lowest_of_last_3"] == pytest.approx(min(accuracies), abs=1e-4)
            assert (run.folder / folder / "model.keras").exists()
        page = (run.folder / "report.html").read_text()
        assert "too fast?" in page and "a target in words" in page
        assert json.loads((run.folder / "result.json").read_text()) == rows

    def test_a_stopped_comparison_goes_on_where_it_was(self, tmp_path, tiny):
        whole = start(tmp_path / "whole", dataset="tiny")
        self.train(whole, tiny, epochs=3)
        cut = start(tmp_path / "cut", dataset="tiny")
        self.train(cut, tiny, epochs=1)
        again = start(tmp_path, resume=str(cut.folder), dataset="tiny")
        self.train(again, tiny, epochs=3)
        for name in ("slow", "too-fast"):
            logs = [without_seconds(run.folder / name / "metrics.csv") for run in (whole, again)]
            assert logs[0] == logs[1] and len(logs[0]) == 3

    @pytest.mark.once
    def test_a_resumed_comparison_says_which_commit_made_which_part(self, tmp_path, tiny):
        run = start(tmp_path, dataset="tiny")
        self.train(run, tiny, epochs=1)
        now, old = run.config["commit"], {"commit": "0123456789"}
        for path in (run.folder / "config.json", run.folder / "slow" / "result.json"):
            path.write_text(json.dumps(json.loads(path.read_text()) | old))
        shutil.rmtree(run.folder / "too-fast")  # it had not begun
        again = start(tmp_path, resume=str(run.folder), dataset="tiny")
        self.train(again, tiny, epochs=1)
        rows = again.finish_comparison("Rates")
        assert [row["commit"] for row in rows] == ["0123456789", now]
        assert rows[0]["versions"] == rows[1]["versions"]

    @pytest.mark.once
    def test_a_cross_entropy_beside_the_loss_is_what_is_compared(self, tmp_path, tiny):
        run = start(tmp_path, dataset="tiny")
        self.train(run, tiny, epochs=1, plain=True)
        (run.folder / "slow" / "gradcam.png").write_bytes(b"a heat map")
        rows = run.finish_comparison("Rates")
        assert (run.folder / "cross_entropy.png").exists()
        assert not (run.folder / "loss.png").exists()
        page = (run.folder / "report.html").read_text()
        assert "Validation cross-entropy" in page
        assert "Where it looked: slow" in page and "Where it looked: too fast" not in page
        last = read_metrics(run.folder / "slow" / "metrics.csv")[-1]
        assert rows[0]["val_loss"] == pytest.approx(last["val_cross_entropy"], abs=1e-4)

    @pytest.mark.once
    def test_a_penalty_is_no_part_of_the_loss_in_results(self, tmp_path):
        (tmp_path / "run").mkdir()
        rows = [{"epoch": 1, "seconds": 2.0, "val_loss": 0.9, "val_cross_entropy": 0.2}]
        config = start(tmp_path).config | {"arguments": {}}
        net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        assert result_of(net, rows, config)["val_loss"] == 0.2
        del rows[0]["val_cross_entropy"]
        assert result_of(net, rows, config)["val_loss"] == 0.9

    @pytest.mark.once
    @pytest.mark.parametrize("second", ["rate 1", "rate 1?"])
    def test_two_of_one_folder_are_refused(self, tmp_path, second):
        run = start(tmp_path)
        run.part("rate 1")
        with pytest.raises(ValueError, match="would be the second in .*rate-1"):
            run.part(second)

    @pytest.mark.once
    def test_comparing_nothing_says_what_is_missing(self, tmp_path):
        run = start(tmp_path)
        with pytest.raises(ValueError, match=r"no part\(name\)"):
            run.finish_comparison("Nothing")
        run.part("begun")
        with pytest.raises(ValueError, match=r"no finish\(\) for begun"):
            run.finish_comparison("Nothing")


@pytest.mark.skipif(keras.config.backend() == "jax", reason="a minute of compiling; as on torch")
class TestInterruption:
    """A real process, killed in the middle of an epoch, ends with the numbers of a whole run."""

    FLAGS = ("--dataset=digits", "--limit=600", "--epochs=4", "--batch-size=20", "--deterministic")

    def launch(self, *flags):
        command = [sys.executable, str(RECIPE), *flags]
        pipe = subprocess.PIPE
        # A shell's background jobs ignore Ctrl-C, and so would their children.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True)
        finally:
            signal.signal(signal.SIGINT, before)

    def finish(self, *flags):
        process = self.launch(*flags)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
        return output

    def interrupt(self, folder, with_signal):
        """Start a run and send it a signal some batches into its third epoch."""
        with self.launch(*self.FLAGS, f"--out={folder}") as process:
            lines = iter(process.stdout.readline, "")
            assert any(line.startswith("epoch   2/4") for line in lines)
            deadline = time.monotonic() + 60
            while not (folder / "checkpoint" / "epoch-0002.npz").exists():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            time.sleep(0.1)
            process.send_signal(with_signal)
            return process.wait(timeout=60), process.stdout.read()

    def test_kill_and_resume_equals_an_uninterrupted_run(self, tmp_path):
        self.finish(*self.FLAGS, f"--out={tmp_path / 'whole'}")
        code, _ = self.interrupt(tmp_path / "cut", signal.SIGKILL)
        assert code == -signal.SIGKILL
        assert len(read_metrics(tmp_path / "cut" / "metrics.csv")) == 2
        output = self.finish(f"--resume={tmp_path / 'cut'}")
        assert "going on after epoch 2" in output
        whole, cut = [without_seconds(tmp_path / run / "metrics.csv") for run in ("whole", "cut")]
        assert cut == whole
        assert (tmp_path / "cut" / "report.html").exists()

    def test_control_c_says_how_to_go_on(self, tmp_path):
        code, output = self.interrupt(tmp_path / "cut", signal.SIGINT)
        assert code == 130, output
        assert "--resume" in output and "Traceback" not in output
        assert os.listdir(tmp_path / "cut" / "checkpoint") != []
