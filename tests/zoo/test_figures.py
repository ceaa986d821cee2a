"""Figures: what a reader has to be able to tell, and names that look like markup."""

import tracemalloc

import cv2
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from zoo import tasks
from zoo.report import canvas, figures, page
from zoo.report.page import Section, drawn
from zoo.report.pictures import Picture, pictures, strips
from zoo.report.plots import Contours, Plot, contours, histograms, plots

pytestmark = pytest.mark.once

BAD_MATHTEXT = r"$\frac{1$"  # matplotlib cannot parse it as a formula


def pixels(path):
    return np.array(Image.open(path).convert("RGB")) / 255


@pytest.mark.parametrize(
    ("wrong", "red"), [(None, True), ([False, True], True), ([False] * 2, False)]
)
def test_a_gallery_has_red_captions_where_something_is_wrong(wrong, red, tmp_path):
    images, captions = np.zeros((2, 8, 8, 1), "uint8"), [("7", "1"), ("3", "3")]
    path = figures.gallery(tmp_path / "gallery.png", images, captions, wrong=wrong)
    assert (np.abs(pixels(path) - to_rgb(canvas.ACCENT)).max(axis=-1) < 0.02).any() == red


class TestNames:
    """A name is written as it is, whatever it looks like."""

    IMAGE = np.zeros((4, 4, 1), "uint8")
    ROWS = [{"epoch": 1, "loss": 0.5, "val_loss": 0.6}]
    DRAWINGS = {
        "confusion": lambda path, name: figures.confusion(path, [0, 1], [1, 1], [name, "b"]),
        "large confusion": lambda path, name: figures.confusion(
            path, [0, 1], [1, 1], [name, *map(str, range(60))]
        ),
        "gallery": lambda path, name: figures.gallery(path, [TestNames.IMAGE], [(name, name)]),
        "comparison": lambda path, name: figures.comparison(path, {name: [1, 2]}, tasks.LOSS),
        "history": lambda path, name: figures.history(
            path, TestNames.ROWS, [tasks.Metric("loss", name, False)]
        ),
        "plots": lambda path, name: plots(
            path, [Plot(name, {name: [1, 2], "b": [1, 2]}, None, name, name, "xy")]
        ),
        "contours": lambda path, name: contours(
            path, [Contours(name, [0, 1], [0, 1], np.eye(2), {name: np.eye(2)})], axes=(name, name)
        ),
        "histograms": lambda path, name: histograms(
            path, {name: {name: np.arange(9), "b": np.arange(9)}}
        ),
        "pictures": lambda path, name: pictures(
            path, [Picture(name, np.eye(2), caption=name, rows=[name], columns=[name], label=name)]
        ),
        "strips": lambda path, name: strips(path, {name: [(TestNames.IMAGE, name)]}),
    }

    @pytest.mark.parametrize("drawing", DRAWINGS)
    def test_are_no_formulas(self, drawing, tmp_path):
        plain = self.DRAWINGS[drawing](tmp_path / "plain.png", "the name")
        path = self.DRAWINGS[drawing](tmp_path / "odd.png", BAD_MATHTEXT)
        assert pixels(path).size and plain.exists()

    def test_dollars_are_seen(self, tmp_path):
        paths = [
            self.DRAWINGS["gallery"](tmp_path / f"{i}.png", name)
            for i, name in enumerate(("$a$", "a"))
        ]
        dollars, without = [(pixels(path) < 0.5).sum() for path in paths]
        assert dollars > without  # as a formula, $a$ is one letter

    def test_that_are_long_leave_their_neighbours_room(self):
        assert canvas.shortened("a" * 22) == "a" * 22
        assert canvas.shortened("a" * 23) == "a" * 21 + "…"

    def test_that_are_no_utf8_can_be_written(self, tmp_path):
        path = page.write(
            tmp_path / "page.html", title="caf\udce9", subtitle="", numbers=[], sections=[],
            tables={}, command="",
        )  # fmt: skip
        assert r"<h1>caf\udce9</h1>" in path.read_text()


def test_logarithmic_axes_are_numbered_without_formulas(tmp_path):
    with canvas.style():
        figure, (axis,) = canvas.new_figure(4, 3)
        axis.plot([1e-3, 1], [0.3, 0.9])
        canvas.logarithmic(axis, "xy")
        canvas.save(figure, tmp_path / "log.png")
        labels = [label.get_text() for label in axis.get_xticklabels()]
        minor = [label.get_text() for label in axis.get_yticklabels(minor=True)]
    assert {"0.001", "0.01", "0.1", "1"} <= set(labels)
    assert "".join(minor) and not any("$" in text for text in labels + minor)


class TestConfusion:
    def test_a_thousand_classes_fit_into_memory(self, tmp_path):
        true, predicted = np.random.default_rng(0).integers(0, 1000, (2, 5000))
        names = [f"class {i}" for i in range(1000)]
        tracemalloc.start()
        path = figures.confusion(tmp_path / "c.png", true, predicted, names)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 500e6 and max(pixels(path).shape) < 2000

    def test_the_most_frequent_mistakes_of_many_classes_come_first(self, tmp_path, monkeypatch):
        texts = []
        monkeypatch.setattr(
            "matplotlib.axes.Axes.text", lambda axes, x, y, text, **look: texts.append(text)
        )
        true = [5] * 4 + [7] * 10 + [9]
        predicted = [5, 6, 6, 6] + [8, 8] + [7] * 8 + [1]
        names = [f"class {i}" for i in range(50)]
        figures.confusion(tmp_path / "c.png", true, predicted, names)
        assert texts[0].splitlines() == [
            "3 of 4   class 5 → class 6",
            "2 of 10   class 7 → class 8",
            "1 of 1   class 9 → class 1",
        ]

    def test_cells_of_several_classes_hold_their_mean_share(self, tmp_path, monkeypatch):
        shown = []
        monkeypatch.setattr(
            "matplotlib.axes.Axes.imshow", lambda axes, cells, **look: shown.append(cells)
        )
        true = np.arange(150)  # two classes per cell
        predicted = np.where(true == 3, 20, true)
        figures.confusion(tmp_path / "c.png", true, predicted, [f"{i}" for i in true])
        cells = (shown[0] ** 2).round(6)
        assert cells.shape == (75, 75)
        assert cells[0, 0] == 1 and cells[1, 1] == cells[1, 10] == 0.5  # of 2 and 3, 3 as 20


def test_a_metric_measured_in_some_epochs_only_is_drawn_there(tmp_path):
    rows = [{"epoch": n, "loss": 1 / n} for n in range(1, 5)]
    rows[3] |= {"val_map50": 0.5}
    metrics = [tasks.LOSS, tasks.metric("map50")]
    assert figures.history(tmp_path / "history.png", rows, metrics).exists()


class TestDrawn:
    def test_a_picture_that_fails_costs_a_warning_and_says_why_on_the_page(self, tmp_path):
        def draw():
            raise MemoryError("90 GB")

        with pytest.warns(UserWarning, match="'Curves' could not be drawn: MemoryError: 90 GB"):
            section = drawn("Curves", "How to read them.", draw)
        text = self.page(tmp_path, section)
        assert "This picture could not be drawn: MemoryError: 90 GB" in text and "<img" not in text

    def test_a_missing_file_is_named(self, tmp_path):
        text = self.page(tmp_path, Section("Errors", picture=tmp_path / "errors.png"))
        assert f"{tmp_path}/errors.png is missing" in text and "<img" not in text

    def page(self, folder, *sections):
        nothing = {"title": "", "subtitle": "", "numbers": [], "tables": {}, "command": ""}
        return page.write(folder / "page.html", sections=sections, **nothing).read_text()


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "page.html").write_text("old")

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        TestDrawn().page(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "old"


def test_words_are_aligned_left_and_numbers_right(tmp_path):
    rows = [{"layer": "conv", "output": "28 x 28 x 1", "params": "1,024", "loss": "–"}]
    page_text = TestDrawn().page(tmp_path, Section("Table", table=rows))
    for cell in ('<td class="text">conv</td>', '<td class="text">28 x', "<td>1,024<", "<td>–<"):
        assert cell in page_text


def test_the_colours_of_heat_grow_lighter_in_even_steps():
    ramp = np.linspace(0, 1, 9, dtype="float32")[None].repeat(128, axis=0).repeat(16, axis=1)
    picture = figures.overlay(np.zeros((*ramp.shape, 1), "uint8"), ramp, strength=1)
    lightness = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[0, 8::16, 0].astype(float)
    steps = np.diff(lightness)
    assert steps.min() > 0.7 * steps.mean() and steps.max() < 1.3 * steps.mean()


def test_a_comparison_joins_the_epochs_that_were_measured(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "save", lambda figure, path: drawn.append(figure) or path)
    curves = {"every fifth": [float("nan"), 0.5, float("nan"), 0.7], "all": [0.1, 0.2, 0.3, 0.4]}
    figures.comparison(tmp_path / "c.png", curves, tasks.metric("accuracy"))
    lines = {len(line.get_xdata()): list(line.get_xdata()) for line in drawn[0].axes[0].lines}
    assert lines == {2: [2, 4], 4: [1, 2, 3, 4]}
