"""Each task says how its result is measured, written and compared."""

import pytest

from zoo import tasks

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("task", "label", "higher", "text"),
    [
        ("classification", "accuracy", True, "90.37 %"),
        ("detection", "mAP50", True, "90.37 %"),
        ("language modelling", "loss in nats per token", False, "0.904"),
        ("masked language modelling", "masked-word accuracy", True, "90.37 %"),
        ("image-text", "zero-shot accuracy", True, "90.37 %"),
    ],
)
def test_a_task_knows_its_main_metric(task, label, higher, text):
    main = tasks.get(task).main
    assert (main.label, main.higher_is_better, main.shown(0.90371)) == (label, higher, text)


def test_no_value_is_a_dash():
    assert tasks.ACCURACY.shown(None) == "–"


def test_an_unknown_task_gets_the_nearest():
    with pytest.raises(ValueError, match="no task named 'detecton'.*mean 'detection'"):
        tasks.get("detecton")


@pytest.mark.parametrize(
    ("key", "label", "higher", "text"),
    [
        ("val_accuracy", "accuracy", True, "50.00 %"),
        ("digit_accuracy", "digit accuracy", True, "50.00 %"),
        ("val_map50", "mAP50", True, "50.00 %"),
        ("val_loss", "loss", False, "0.500"),
        ("coordinate_loss", "coordinate loss", False, "0.500"),
        ("val_top5", "top5", True, "0.5000"),
        ("mean_absolute_error", "mean absolute error", False, "0.5000"),
    ],
)
def test_a_number_of_the_logs_is_written_as_its_task_writes_it(key, label, higher, text):
    metric = tasks.metric(key)
    assert (metric.label, metric.higher_is_better) == (label, higher)
    assert metric.shown(0.5) == text


def test_a_task_of_ones_own_is_known_once_it_is_added(monkeypatch):
    monkeypatch.setattr(tasks, "_BY_NAME", dict(tasks._BY_NAME))
    depth = tasks.Metric("rmse", "RMSE", higher_is_better=False)
    tasks.add(tasks.Task("depth", "images", "maps of depth", depth))
    assert tasks.get("depth").main is depth
    assert tasks.names()[-1] == "depth"
