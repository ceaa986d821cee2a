"""zoo list | info | run | cache, and flags from signatures."""

import ast
import gc
import importlib
import inspect
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import zoo
from zoo import cli, contents
from zoo.cli import flags
from zoo.datasets import cache

pytestmark = pytest.mark.once


def recipe(
    epochs=2, max_lr=0.1, name="a", deep=False, limit: int | None = None, resume: str | None = None
):
    """A recipe."""
    return dict(epochs=epochs, max_lr=max_lr, name=name, deep=deep, limit=limit)


class TestFlags:
    def test_come_from_the_signature_with_its_types(self):
        got = cli.run(recipe, ["--epochs=3", "--max-lr=1e-3", "--deep", "--limit=7"])
        assert got == {"epochs": 3, "max_lr": 1e-3, "name": "a", "deep": True, "limit": 7}
        assert cli.run(recipe, [])["limit"] is None

    @pytest.mark.parametrize("recipe", contents.recipes())
    def test_every_flag_of_every_recipe_has_a_line_of_help(self, recipe):
        main = importlib.import_module(f"zoo.recipes.{recipe}").main
        described = flags.SHARED.keys() | flags.comments_of(main).keys()
        assert set(inspect.signature(main).parameters) <= described

    def test_the_comment_behind_a_parameter_is_its_help(self, capsys):
        def main(
            rate=0.5,  # 50 % of the highest
            seed=0,
        ):
            return rate

        with pytest.raises(SystemExit):
            cli.run(main, ["--help"])
        shown = capsys.readouterr().out
        assert "50 % of the highest (default 0.5)" in shown
        assert "of weights, order, augmentation and dropout (default 0)" in shown

    @pytest.mark.parametrize(
        ("flag", "message"),
        [
            ("--epoch=3", "unknown argument --epoch=3; did you mean --epochs?"),
            ("--epochs=two", "argument --epochs: invalid int value: 'two'"),
            ("--limit=1.5", "argument --limit: invalid int value: '1.5'"),
            ("extra", "unknown argument extra"),
        ],
    )
    def test_that_are_wrong_are_refused_with_what_was_meant(self, flag, message, capsys):
        with pytest.raises(SystemExit) as exit:
            cli.run(recipe, [flag])
        assert exit.value.code == 2 and message in capsys.readouterr().err

    def test_resume_brings_the_arguments_of_its_run(self, tmp_path):
        (tmp_path / "config.json").write_text('{"arguments": {"epochs": 9, "deep": true}}')
        got = cli.run(recipe, [f"--resume={tmp_path}"])
        assert got["epochs"] == 9 and got["deep"] is True and got["max_lr"] == 0.1

    def test_a_users_mistake_is_one_sentence_and_a_debugger_gets_the_rest(
        self, capsys, monkeypatch
    ):
        def fails(epochs=1):
            raise ValueError("epochs are scarce")

        with pytest.raises(SystemExit) as exit:
            cli.run(fails, [])
        assert exit.value.code == 1 and capsys.readouterr().err == "error: epochs are scarce\n"
        monkeypatch.setenv("ZOO_DEBUG", "1")
        with pytest.raises(ValueError):
            cli.run(fails, [])


@pytest.mark.parametrize("swallowed", [False, True])
def test_control_c_is_heard_even_where_python_drops_it(swallowed, capsys):
    """What a callback of the garbage collector raises, Python reports and forgets."""
    presses = []

    def press(phase="", info=None):
        if not presses:
            presses.append(1)
            raise KeyboardInterrupt

    def main(resume: str | None = None):
        if swallowed:
            gc.collect()
        else:
            press()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            time.sleep(0.01)

    usual = sys.unraisablehook
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.callbacks.append(press)
    try:
        with pytest.raises(SystemExit, match="130"):
            cli.run(main, [])
    finally:
        gc.callbacks.remove(press)
        signal.signal(signal.SIGINT, before)
    assert "--resume" in capsys.readouterr().err
    assert sys.unraisablehook is usual


class TestCommand:
    def test_list_shows_models_datasets_and_recipes(self, capsys):
        cli.main(["list"])
        shown = capsys.readouterr().out
        for name in [*zoo.list_models(), *zoo.datasets.names(), *contents.recipes()]:
            assert name in shown

    def test_list_takes_a_kind_and_a_pattern(self, capsys):
        cli.main(["list", "custom*"])
        shown = capsys.readouterr().out
        assert "custom_resnet" in shown and "ultimus_residual" not in shown
        cli.main(["list", "recipes", "s4*"])
        shown = capsys.readouterr().out
        assert "s4_under_8k" in shown and "s5_" not in shown and "custom_resnet" not in shown

    def test_list_imports_no_backend(self):
        """Nothing that takes seconds: neither Keras nor what draws, learns or augments."""
        code = (
            "import sys; from zoo import cli; cli.main(['list']);"
            "heavy = {'keras', 'tensorflow', 'torch', 'jax', 'albumentations', 'sklearn', 'cv2'};"
            "print(sorted(sys.modules.keys() & heavy))"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert run.stdout.splitlines()[-1] == "[]", run.stdout + run.stderr

    def test_importing_the_zoo_brings_in_nothing_that_keras_does_not(self):
        code = (
            "import sys, keras, zoo; print(sorted(sys.modules.keys() & "
            "{'albumentations', 'sklearn', 'matplotlib', 'cv2', 'scipy'}))"
        )
        environment = os.environ | {"KERAS_BACKEND": "jax"}
        command = [sys.executable, "-c", code.replace("keras, zoo", "keras")]
        bare, ours = [
            ast.literal_eval(
                subprocess.run(
                    [*command[:2], text], env=environment, capture_output=True, text=True
                ).stdout
            )
            for text in (command[2], code)
        ]
        assert ours == bare

    def test_info_shows_card_and_summary(self, capsys):
        cli.main(["info", "ultimus"])
        shown = capsys.readouterr().out
        assert "EVA session 9" in shown and "25,978 trainable" in shown

    def test_info_of_a_recipe_shows_its_description_and_best_result(self, capsys):
        cli.main(["info", "s4_under_8k"])
        shown = capsys.readouterr().out
        assert "fewer than 8,000 parameters" in shown and "Best result: 99." in shown

    def test_cache_is_listed_and_emptied(self, capsys, tmp_path, monkeypatch):
        monkeypatch.setattr(cache, "folder", lambda: tmp_path)
        (tmp_path / "[pets]-0123456789abcdef.npz").write_bytes(bytes(3_000_000))
        cli.main(["cache"])
        shown = capsys.readouterr().out
        assert "[pets]" in shown and "3" in shown and str(tmp_path) in shown
        cli.main(["cache", "--clear"])
        assert "3 MB are free again" in capsys.readouterr().out
        assert list(tmp_path.iterdir()) == []

    def test_run_starts_a_recipe(self, capsys):
        with pytest.raises(SystemExit) as exit:
            cli.main(["run", "s9_ultimus", "--help"])
        assert exit.value.code == 0
        assert re.search(
            r"--epochs int +passes over the training data \(default 24\)", capsys.readouterr().out
        )

    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            (["info", "ultimatum"], "no model or recipe named 'ultimatum'; nearest: ultimus"),
            (["run", "s9_ultimatum"], "no recipe named 's9_ultimatum'; nearest: s9_ultimus"),
            (["list", "nothing*"], "no model matches 'nothing*'"),
            (["run", "s9_ultimus", "--dataset=digitz", "--out=x"], "nearest: digits"),
        ],
    )
    def test_what_is_not_there_is_answered_with_what_is(
        self, argv, message, capsys, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as exit:
            cli.main(argv)
        assert exit.value.code == 1 and message in capsys.readouterr().err
