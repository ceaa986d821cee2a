"""Figures of a trained transformer, drawn when training ends."""

import dataclasses

import keras
import numpy as np
import pytest

import zoo
from zoo import explain, inspect
from zoo.report import figures, transformer
from zoo.training.callbacks import AttentionDistanceReport, PositionsReport, RolloutReport

pytestmark = pytest.mark.once


@pytest.fixture
def data():
    """Twelve images of 28x28."""
    digits = zoo.datasets.load("digits", image_shape=(28, 28, 1), limit=12)
    return dataclasses.replace(digits)


@pytest.fixture
def vit():
    model = zoo.get("vit_mnist", depth=2)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(rng.normal(size=variable.shape, scale=0.2))
    return model


def ended(report, model):
    """The report after a training of no epochs."""
    report.set_model(model)
    report.on_train_begin()
    report.on_train_end()
    return report


def test_rollout_is_that_of_the_misclassified_images(data, vit, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(figures, "gallery", lambda path, images, names, **_: shown.append(images))
    ended(RolloutReport(data, tmp_path / "a.png", count=3), vit)
    x = data.normalize(data.x_val)
    mistakes = explain.misclassified(vit, x, data.y_val, 3)
    heat = explain.attention_rollout(vit, x[mistakes.indices])
    for picture, image, cam in zip(shown[0], data.x_val[mistakes.indices], heat, strict=True):
        np.testing.assert_array_equal(picture, figures.overlay(image, cam))


def test_distance_is_that_of_the_first_images(data, vit, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(
        transformer, "attention_distance", lambda path, distances, most: shown.append(distances)
    )
    ended(AttentionDistanceReport(data, tmp_path / "a.png", count=5), vit)
    expected = inspect.attention_distance(vit, data.normalize(data.x_val[:5]))
    for name, heads in expected.items():
        np.testing.assert_allclose(shown[0][name], heads, rtol=1e-5)


@pytest.mark.parametrize("report", [RolloutReport, AttentionDistanceReport])
def test_figures_are_drawn(report, data, vit, tmp_path):
    section = ended(report(data, tmp_path / "a.png"), vit).section
    assert section.picture.stat().st_size > 5000 and section.heading == report.heading


def test_positions_are_drawn_and_a_net_without_them_costs_a_warning(data, vit, tmp_path):
    section = ended(PositionsReport(tmp_path / "a.png"), vit).section
    assert section.picture.stat().st_size > 5000
    with pytest.warns(UserWarning, match="mnist_8k has no learned positions"):
        ended(PositionsReport(tmp_path / "b.png"), zoo.get("mnist_8k"))


class TestPositionSimilarity:
    def test_is_the_cosine_of_every_two_positions(self, vit):
        table = keras.ops.convert_to_numpy(vit.get_layer("positions").table)[1:]
        similarity = inspect.position_similarity(vit)
        assert similarity.shape == (7, 7, 7, 7)
        first, second = table[2 * 7 + 3], table[5 * 7 + 1]
        cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
        assert similarity[2, 3, 5, 1] == pytest.approx(cosine, abs=1e-6)

    def test_of_a_fresh_net_is_zero(self):
        assert not inspect.position_similarity(zoo.get("vit_mnist")).any()
