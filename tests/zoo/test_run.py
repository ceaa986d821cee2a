"""The run folder: made, refused, locked, killed, resumed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import pytest

from zoo.run import Run
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
        ("argument", "expected"),
        [
            ({"epochs": 0}, "epochs=0 must be a whole number, 1 or more"),
            ({"epochs": None}, "epochs=None must be a whole number"),
            ({"batch_size": 2.5}, "batch_size=2.5 must be a whole number, 1 or more"),
            ({"limit": "10"}, "limit='10' must be a whole number, 1 or more"),
            ({"limit": 0}, "limit=0 must be a whole number, 1 or more"),
            ({"seed": -1}, "seed=-1 must be a whole number, 0 or more"),
            ({"seed": True}, "seed=True must be a whole number"),
            ({"patience": -3}, "patience=-3 must be a whole number, 0 or more"),
            ({"learning_rate": -0.01}, "learning_rate=-0.01 must be a finite number, above 0"),
            ({"learning_rate": "0.1"}, "learning_rate='0.1' must be a finite number"),
            ({"max_lr": float("nan")}, "max_lr=nan must be a finite number, above 0"),
            ({"l2": -1}, "l2=-1 must be a finite number, 0 or more"),
            ({"deterministic": "yes"}, "deterministic='yes' must be True or False"),
            ({"data_dir": 3}, "data_dir=3 must be the path of a file or folder"),
            ({"out": ""}, "out='' must be the path of a file or folder"),
            ({"precision": "float8"}, "precision='float8' must be one of float32, mixed_float16"),
        ],
    )
    def test_an_argument_that_makes_no_training_is_refused(self, tmp_path, argument, expected):
        with pytest.raises(ValueError, match=expected):
            start(tmp_path, **argument)
        assert not (tmp_path / "run").exists()

    @pytest.mark.once
    def test_what_a_recipe_decides_itself_may_be_none(self, tmp_path):
        arguments = {"limit": None, "max_lr": None, "peak_epoch": None}
        assert start(tmp_path, **arguments).config["arguments"] == {"seed": 0} | arguments

    @pytest.mark.once
    def test_an_unknown_task_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="did you mean 'detection'"):
            Run.start("mine.py", {"out": str(tmp_path / "run")}, task="detections")
        assert not (tmp_path / "run").exists()

    @pytest.mark.once
    @pytest.mark.parametrize("out", ["file", "file/run"])
    def test_an_output_folder_that_cannot_be_made_is_refused(self, tmp_path, out):
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="cannot be made .(File exists|Not a directory).*--out"):
            start(tmp_path, out=str(tmp_path / out))

    @pytest.mark.once
    def test_prints_a_path_with_brackets_as_it_is(self, tmp_path, capsys):
        for name in ("[red]", "[/bold]", ":smile:"):
            folder = tmp_path / name
            start(tmp_path, out=str(folder))
            assert f": {folder}\n" in capsys.readouterr().out


@pytest.mark.once
class TestNothingCameOfIt:
    """A folder goes with the process that made it, if that made nothing else."""

    def run(self, tmp_path, *flags):
        command = [sys.executable, str(RECIPE), *flags]
        process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert process.returncode == 1, process.stderr
        return process.stderr

    def test_a_wrong_dataset_leaves_no_folder(self, tmp_path):
        assert "nearest: digits" in self.run(tmp_path, "--dataset=digitz")
        assert os.listdir(tmp_path) == []

    def test_a_wrong_model_leaves_an_empty_folder_of_the_user_empty(self, tmp_path):
        (tmp_path / "mine").mkdir()
        flags = ("--model=ultimos", "--dataset=digits", "--out=mine")
        assert "nearest: ultimus" in self.run(tmp_path, *flags)
        assert os.listdir(tmp_path) == ["mine"] and os.listdir(tmp_path / "mine") == []

    def test_what_was_made_stays(self, tmp_path):
        script = (
            "from zoo.run import Run\n"
            "run = Run.start('mine.py', {'out': 'run'})\n"
            "(run.folder / 'notes.txt').write_text('keep')\n"
        )
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=120)
        assert {"config.json", "notes.txt"} <= set(os.listdir(tmp_path / "run"))


@pytest.mark.once
class TestTwoProcesses:
    """One folder belongs to one process at a time; the second gets a sentence."""

    HOLD = """
import sys, time
from zoo.run import Run
run = Run.start("mine.py", {"seed": 0, sys.argv[1]: sys.argv[2]})
print("begun", flush=True)
time.sleep(300)
"""

    @pytest.fixture
    def other_process(self):
        processes = []

        def begin(argument, folder):
            command = [sys.executable, "-c", self.HOLD, argument, str(folder)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            processes.append(process)
            assert any(line == "begun\n" for line in process.stdout)
            return process

        yield begin
        for process in processes:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_with_the_same_new_folder(self, tmp_path, other_process):
        other_process("out", tmp_path / "run")
        with pytest.raises(BlockingIOError, match="another run is starting there"):
            start(tmp_path)

    def test_resuming_the_same_run(self, tmp_path, other_process):
        folder = tmp_path / "run"
        process = other_process("out", folder)
        with pytest.raises(BlockingIOError, match="another process is running it"):
            start(tmp_path, resume=str(folder))
        process.kill()
        process.wait()
        assert start(tmp_path, resume=str(folder)).folder == folder

    def test_after_a_kill_a_resume_removes_half_written_files(self, tmp_path):
        folder = start(tmp_path).folder
        (folder / "checkpoint").mkdir()
        leftover = folder / "checkpoint" / f".epoch-0001.npz-{os.getpid()}.tmp"
        leftover.write_text("half")
        start(tmp_path, resume=str(folder))
        assert not leftover.exists()


@pytest.mark.once
class TestResume:
    def test_of_no_run_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="is not the folder of a run"):
            start(tmp_path, resume=str(tmp_path))

    def test_with_other_arguments_is_refused(self, tmp_path):
        run = start(tmp_path, epochs=3)
        with pytest.raises(ValueError, match="--epochs was 3, now 4"):
            start(tmp_path, epochs=4, resume=str(run.folder))

    def test_knows_arguments_that_json_writes_otherwise(self, tmp_path):
        arguments = {"dataset": tmp_path / "images", "sizes": (1, 2)}
        run = start(tmp_path, **arguments)
        assert start(tmp_path, resume=str(run.folder), **arguments).folder == run.folder

    def test_of_another_recipe_says_only_that(self, tmp_path):
        run = Run.start("s1_other.py", config={"peak_epoch": 3, "out": str(tmp_path / "run")})
        with pytest.raises(ValueError, match=r"settings: recipe was s1_other, now \w+$"):
            start(tmp_path, resume=str(run.folder))

    def test_an_argument_of_an_older_recipe_is_named_as_its_flag(self, tmp_path):
        run = start(tmp_path, peak_epoch=3)
        with pytest.raises(ValueError, match="--peak-epoch was 3, now not an argument"):
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
        with pytest.raises(ValueError, match="not the folder of a run"):
            start(tmp_path, resume=str(tmp_path))

    def test_without_a_readable_checkpoint_is_refused(self, tmp_path, tiny_model):
        run = start(tmp_path)
        (run.folder / "metrics.csv").write_text("epoch,loss\n1,0.5\n2,0.4\n")
        again = start(tmp_path, resume=str(run.folder))
        with pytest.raises(ValueError, match="has 2 finished epochs, but no checkpoint"):
            again.restore(tiny_model)

    def test_into_another_folder_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="leave out --out"):
            start(tmp_path, resume="a", out="b")

    def test_on_another_backend_is_refused(self, tmp_path):
        run = start(tmp_path)
        config = json.loads((run.folder / "config.json").read_text())
        (run.folder / "config.json").write_text(json.dumps(config | {"backend": "theano"}))
        with pytest.raises(ValueError, match="backend was theano, now "):
            start(tmp_path, resume=str(run.folder))

    def test_reads_what_was_computed_once(self, tmp_path):
        run = start(tmp_path)
        assert run.once("max_lr", lambda: 0.3) == 0.3
        again = start(tmp_path, resume=str(run.folder))
        assert again.once("max_lr", lambda: 0.4) == 0.3


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
        assert "continuing after epoch 2" in output
        whole, cut = [without_seconds(tmp_path / run / "metrics.csv") for run in ("whole", "cut")]
        assert cut == whole
        assert (tmp_path / "cut" / "report.html").exists()

    def test_control_c_says_how_to_go_on(self, tmp_path):
        code, output = self.interrupt(tmp_path / "cut", signal.SIGINT)
        assert code == 130, output
        assert "--resume" in output and "Traceback" not in output
        assert os.listdir(tmp_path / "cut" / "checkpoint") != []
