"""The end of a run: its result, the model, the report; several trainings side by side."""

import csv
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo import tasks
from zoo.report.page import Section
from zoo.run import Run
from zoo.run.result import loss_metric, measured, result_of
from zoo.training.callbacks import MisclassifiedReport
from zoo.training.callbacks.metrics_log import read_metrics

CONFIG = {
    "recipe": "mine", "arguments": {}, "backend": "jax", "device": "a chip", "versions": {},
    "commit": "",
}  # fmt: skip


def start(tmp_path, task=None, **config):
    out = None if "resume" in config else str(tmp_path / "run")
    return Run.start("recipes/mine.py", {"seed": 0, "out": out} | config, task)


def fit(run, model, data, epochs=1, callbacks=()):
    model.fit(
        data.batches("train", 10),
        validation_data=data.batches("val", 10),
        epochs=epochs,
        verbose=0,
        initial_epoch=run.restore(model),
        callbacks=[*run.callbacks, *callbacks],
    )


def write_metrics(run, *rows):
    """A metrics.csv as a training writes it."""
    rows = [
        {"epoch": n, "learning_rate": 0.1, "seconds": 2.0} | row for n, row in enumerate(rows, 1)
    ]
    with open(run.folder / "metrics.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, dict.fromkeys(key for row in rows for key in row))
        writer.writeheader()
        writer.writerows(rows)


def page_of(run):
    return (run.folder / "report.html").read_text()


class TestFinish:
    def test_leaves_everything_a_reader_wants(self, tmp_path, tiny, tiny_model):
        run = start(tmp_path, epochs=2, dataset="tiny")
        fit(run, tiny_model, tiny, epochs=2)
        result = run.finish(tiny_model)
        last = read_metrics(run.folder / "metrics.csv")[-1]
        assert result["epochs"] == 2 and result["metric"] == "accuracy"
        assert result["value"] == pytest.approx(last["val_accuracy"], abs=1e-4)
        assert result["train_value"] == pytest.approx(last["accuracy"], abs=1e-4)
        assert result["metrics"] == {"loss": pytest.approx(last["val_loss"], abs=1e-4)}
        assert {path.name for path in run.folder.iterdir()} - {".lock"} == {
            "checkpoint",
            "config.json",
            "history.png",
            "lr.png",
            "metrics.csv",
            "model.keras",
            "report.html",
            "result.json",
        }
        page = page_of(run)
        assert f"{100 * result['value']:.2f} %" in page
        assert "python recipes/mine.py --seed=0 --epochs=2" in page
        assert page.count("data:image/png;base64") == 2 and 'src="/' not in page
        assert "<th>val accuracy</th>" in page
        restored = keras.saving.load_model(run.folder / "model.keras", safe_mode=True)
        assert restored.count_params() == tiny_model.count_params()

    def test_a_training_without_validation_is_reported_as_it_is(self, tmp_path, tiny, tiny_model):
        run = start(tmp_path)
        tiny_model.fit(tiny.batches("train", 10), verbose=0, callbacks=run.callbacks)
        result = run.finish(tiny_model)
        assert result["value"] is None and 0 <= result["train_value"] <= 1
        assert json.loads((run.folder / "result.json").read_text()) == result

    @pytest.mark.once
    def test_without_a_finished_epoch_says_so(self, tmp_path, tiny_model):
        with pytest.raises(ValueError, match="no finished epoch"):
            start(tmp_path).finish(tiny_model)

    @pytest.mark.once
    @pytest.mark.parametrize("key", ["loss", "val_loss", "val_accuracy", "val_digit_loss"])
    def test_refuses_a_result_that_is_no_number(self, tmp_path, tiny_model, key):
        run = start(tmp_path)
        row = {"loss": 1.0, "val_loss": 1.0, "val_accuracy": 0.5} | {key: float("nan")}
        write_metrics(run, row)
        with pytest.raises(FloatingPointError, match=f"{key} is nan.*lower learning rate"):
            run.finish(tiny_model)
        assert not {"model.keras", "result.json", "report.html"} & {
            p.name for p in run.folder.iterdir()
        }

    def test_refuses_weights_that_are_no_numbers(self, tmp_path, tiny_model):
        run = start(tmp_path)
        write_metrics(run, {"loss": 1.0})
        kernel = tiny_model.get_layer("conv").kernel
        kernel.assign(np.full(kernel.shape, np.inf))
        with pytest.raises(FloatingPointError, match="the weight .*conv/kernel is not finite"):
            run.finish(tiny_model)


@pytest.mark.once
class TestTask:
    """The task says which metric counts, how it is written, and what is better."""

    DETECTION = (
        {"loss": 2.0, "val_loss": 2.5, "val_map50": 0.70, "val_map": 0.4},
        {"loss": 1.0, "val_loss": 1.5, "val_map50": 0.65, "val_map": 0.5},
    )

    def test_of_a_detector_is_told_when_the_run_starts(self, tmp_path, tiny_model):
        run = start(tmp_path, task="detection")
        write_metrics(run, *self.DETECTION)
        result = run.finish(tiny_model)
        assert (result["metric"], result["value"], result["worst_of_last_3"]) == (
            "map50",
            0.65,
            0.65,
        )
        assert result["metrics"] == {"loss": 1.5, "map": 0.5} and result["train_value"] is None
        page = page_of(run)
        for tile in ("<b>65.00 %</b><span>validation mAP50", "<b>50.00 %</b><span>validation mAP,"):
            assert tile in page

    def test_of_a_registered_model_is_on_its_card(self, tmp_path, tiny_model, monkeypatch):
        monkeypatch.setattr("zoo.registry.list_models", lambda: [tiny_model.name])
        card = type("Card", (), {"task": "language modelling"})
        monkeypatch.setattr("zoo.registry.card", lambda name: card)
        run = start(tmp_path)
        write_metrics(run, {"loss": 3.0, "val_loss": 2.0}, {"loss": 2.0, "val_loss": 2.5})
        result = run.finish(tiny_model)
        assert (result["metric"], result["value"], result["worst_of_last_3"]) == ("loss", 2.5, 2.5)
        page = page_of(run)
        assert page.count("<b>2.500</b>") == 1
        assert "<b>2.500</b><span>validation loss in nats per token" in page

    @pytest.mark.parametrize(
        ("keys", "expected"),
        [
            (["accuracy", "top5_accuracy", "loss"], ["accuracy", "top5_accuracy"]),
            (["digit_accuracy", "digit_loss", "sum_accuracy"], ["sum_accuracy", "digit_accuracy"]),
            (["loss", "mean_squared_error"], ["loss"]),
        ],
    )
    def test_finds_its_metrics_among_the_logs(self, keys, expected):
        row = {f"val_{key}": 0.5 for key in keys}
        found = measured(tasks.get("classification"), row)
        assert [metric.key for metric in found] == expected

    def test_several_outputs_are_all_reported(self, tmp_path, tiny_model):
        run = start(tmp_path)
        write_metrics(run, {"loss": 1.0, "val_digit_accuracy": 0.9, "val_sum_accuracy": 0.8})
        result = run.finish(tiny_model)
        assert (result["metric"], result["value"]) == ("sum_accuracy", 0.8)
        assert result["metrics"] == {"digit_accuracy": 0.9}
        assert "validation sum accuracy" in page_of(run) and "<b>90.00 %</b>" in page_of(run)

    def test_a_penalty_is_no_part_of_the_loss_that_is_shown(self):
        row = {"val_loss": 0.9, "val_cross_entropy": 0.2}
        assert loss_metric(row) is tasks.CROSS_ENTROPY
        assert loss_metric({"val_loss": 0.9}) is tasks.LOSS

    def test_the_worst_epoch_is_the_highest_loss_and_the_lowest_accuracy(self, tiny_model):
        rows = [
            {"epoch": n, "seconds": 1.0, "val_accuracy": a, "val_loss": 1 - a}
            for n, a in enumerate((0.1, 0.7, 0.5, 0.9), 1)
        ]
        accuracy = result_of(tiny_model, tasks.get("classification"), rows, CONFIG)
        loss = result_of(tiny_model, tasks.get("language modelling"), rows, CONFIG)
        assert (accuracy["value"], accuracy["worst_of_last_3"]) == (0.9, 0.5)
        assert (loss["value"], loss["worst_of_last_3"]) == (0.1, 0.5)


@pytest.mark.once
class TestPictures:
    @pytest.fixture
    def finished(self, tmp_path):
        """A run whose training is over."""
        run = start(tmp_path)
        write_metrics(run, {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5})
        return run

    def test_are_shown_with_heading_and_caption_where_they_are_handed_over(
        self, finished, tiny_model, png, capsys
    ):
        path = png(finished.folder / "errors.png")
        finished.finish(tiny_model, [Section("Errors", "Red is wrong.", path)])
        page = page_of(finished)
        assert "<h2>Errors</h2>" in page and "Red is wrong." in page and 'alt="Errors"' in page
        assert "not in the report" not in capsys.readouterr().out

    def test_that_are_not_handed_over_are_named(self, finished, tiny_model, png, capsys):
        png(finished.folder / "errors.png")
        finished.finish(tiny_model)
        assert "not in the report: errors.png; hand pictures over" in capsys.readouterr().out
        assert page_of(finished).count("<img") == 2  # the curves and the rate

    def test_that_are_no_sections_are_refused_once_the_model_is_saved(self, finished, tiny_model):
        with pytest.raises(ValueError, match="'errors.png' is no Section"):
            finished.finish(tiny_model, ["errors.png"])
        assert (finished.folder / "model.keras").exists()

    def test_of_callbacks_come_with_their_own_words(self, tmp_path, tiny, tiny_model):
        run = start(tmp_path)
        mistakes = MisclassifiedReport(tiny, run.folder / "mistakes.png", count=2)
        fit(run, tiny_model, tiny, callbacks=[mistakes])
        run.finish(tiny_model, [mistakes])
        page = page_of(run)
        assert "<h2>Misclassified</h2>" in page and mistakes.caption in page

    def test_of_a_resumed_run_stay(self, finished, tiny, tiny_model, png):
        path = png(finished.folder / "mistakes.png")
        again = start(finished.folder, resume=str(finished.folder))
        again.finish(tiny_model, [MisclassifiedReport(tiny, path)])  # it did not train again
        assert 'alt="Misclassified"' in page_of(again)

    def test_that_fail_cost_the_picture_and_not_the_run(self, finished, tiny_model, monkeypatch):
        def fail(*arguments):
            raise RuntimeError("no font")

        monkeypatch.setattr("zoo.report.figures.history", fail)
        with pytest.warns(UserWarning, match="'Curves' could not be drawn: RuntimeError: no font"):
            finished.finish(tiny_model)
        assert "This picture could not be drawn: RuntimeError: no font" in page_of(finished)
        assert (finished.folder / "model.keras").exists()

    def test_take_class_names_that_look_like_formulas(self, tmp_path, tiny, tiny_model):
        names = (r"$\frac{1$", "[red]", "<b>&")
        data = type(tiny)("$x_", *list(vars(tiny).values())[1:5], names, tiny.mean, tiny.std)
        run = start(tmp_path)
        mistakes = MisclassifiedReport(data, run.folder / "mistakes.png")
        fit(run, tiny_model, data, callbacks=[mistakes])
        run.finish(tiny_model, [mistakes])
        assert (run.folder / "mistakes.png").exists() and page_of(run).count("<img") == 3

    @pytest.fixture
    def png(self):
        def write(path):
            keras.utils.save_img(path, np.zeros((2, 2, 3)))
            return path

        return write


@pytest.mark.once
def test_a_page_says_how_to_run_a_recipe_of_the_zoo_again(tmp_path):
    recipe = Path(__file__).parents[2] / "recipes" / "s9_ultimus.py"
    run = Run.start(recipe, {"out": str(tmp_path / "run"), "epochs": 2, "model": "a b"})
    run.report("Page", [])
    assert "zoo run s9_ultimus --epochs=2 &#39;--model=a b&#39;" in page_of(run)


@pytest.mark.once
def test_a_table_of_ones_own_keeps_its_headings_on_the_page_and_the_console(tmp_path, capsys):
    run = Run.start("mine.py", {"out": str(tmp_path / "run")})
    rows = [{"E_total": 0.24, "w1": "[0.15]"}]
    run.print_table(rows, "First [steps]")
    run.report("Table", [Section("First steps", table=rows)])
    page, printed = page_of(run), capsys.readouterr().out
    assert "<th>E_total</th>" in page and "<td>[0.15]</td>" in page
    assert "Environment" in page and "Configuration" not in page  # there is none
    assert "First [steps]" in printed and "E_total" in printed and "[0.15]" in printed


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
            assert row["value"] == pytest.approx(accuracies[-1], abs=1e-4)
            assert row["worst_of_last_3"] == pytest.approx(min(accuracies), abs=1e-4)
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
            logs = [read_metrics(run.folder / name / "metrics.csv") for run in (whole, again)]
            for row in logs[0] + logs[1]:
                del row["seconds"]
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
        rows = run.finish_comparison("Rates")
        assert (run.folder / "cross_entropy.png").exists()
        assert not (run.folder / "loss.png").exists()
        assert "Validation cross-entropy" in page_of(run)
        last = read_metrics(run.folder / "slow" / "metrics.csv")[-1]
        expected = pytest.approx(last["val_cross_entropy"], abs=1e-4)
        assert rows[0]["metrics"]["cross_entropy"] == expected

    @pytest.mark.once
    def test_the_pictures_that_parts_handed_over_are_compared_too(self, tmp_path, tiny_model):
        run = start(tmp_path)
        for name in ("one", "two"):
            part = run.part(name)
            write_metrics(part, {"loss": 1.0, "val_loss": 1.0, "val_accuracy": 0.5})
            picture = part.folder / "heat.png"
            keras.utils.save_img(picture, np.zeros((2, 2, 3)))
            part.finish(
                tiny_model, [Section("Heat", "Red is hot.", picture)] if name == "one" else []
            )
        run.finish_comparison("Two")
        page = page_of(run)
        assert "<h2>Heat: one</h2>" in page and "Red is hot." in page and "Heat: two" not in page

    @pytest.mark.once
    def test_a_comparison_of_losses_says_so(self, tmp_path, tiny_model):
        run = start(tmp_path, task="language modelling")
        write_metrics(run.part("a part"), {"loss": 3.0, "val_loss": 2.0})
        run._parts[0].finish(tiny_model)
        run.finish_comparison("Losses")
        page = page_of(run)
        assert "<th>validation loss</th>" in page and "<th>highest of last 3</th>" in page
        assert "<td>2.000</td>" in page and (run.folder / "loss.png").exists()

    @pytest.mark.once
    @pytest.mark.parametrize("second", ["rate 1", "rate 1?"])
    def test_two_of_one_folder_are_refused(self, tmp_path, second):
        run = start(tmp_path)
        run.part("rate 1")
        with pytest.raises(ValueError, match="a second part .*rate-1; choose another name"):
            run.part(second)

    @pytest.mark.once
    @pytest.mark.parametrize("name", ["", "..", "/"])
    def test_a_name_that_makes_no_folder_is_refused(self, tmp_path, name):
        with pytest.raises(ValueError, match="needs a letter or a digit"):
            start(tmp_path).part(name)

    @pytest.mark.once
    def test_comparing_nothing_says_what_is_missing(self, tmp_path):
        run = start(tmp_path)
        with pytest.raises(ValueError, match=r"no part\(name\)"):
            run.finish_comparison("Nothing")
        run.part("begun")
        with pytest.raises(ValueError, match=r"no finish\(\) for begun"):
            run.finish_comparison("Nothing")
