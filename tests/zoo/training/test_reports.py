"""Figures of the validation images, from every kind of validation data."""

import keras
import numpy as np
import pytest

from zoo import explain
from zoo.report import figures
from zoo.training.callbacks import ConfusionReport, GradCAMReport, MisclassifiedReport
from zoo.training.callbacks.validation_data import ROWS, ValidationData

REPORTS = [ConfusionReport, MisclassifiedReport, GradCAMReport]


class Pairs(keras.utils.PyDataset):
    """Batches of four."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self):
        return -(-len(self.x) // 4)

    def __getitem__(self, index):
        rows = slice(4 * index, 4 * index + 4)
        return self.x[rows], self.y[rows]


def dataset_of(x, y):
    return pytest.importorskip("tensorflow").data.Dataset.from_tensor_slices((x, y)).batch(4)


def loader_of(x, y):
    torch = pytest.importorskip("torch")
    pairs = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
    return torch.utils.data.DataLoader(pairs, batch_size=4)


SOURCES = {
    "arrays": lambda x, y: (x, y),
    "arrays and weights": lambda x, y: (x, y, np.ones(len(y))),
    "one-hot labels": lambda x, y: (x, np.eye(3, dtype="float32")[y]),
    "a column of labels": lambda x, y: [x, y[:, None].astype("float32")],
    "a list of batches": lambda x, y: [(x[:7], y[:7]), (x[7:], y[7:])],
    "a PyDataset": Pairs,
    "a tf.data.Dataset": dataset_of,
    "a DataLoader": loader_of,
}


def drawn(monkeypatch, model, report, *arguments, **options):
    """What a report hands to its figure when a training of no epochs ends."""
    calls = []
    for name in ("gallery", "confusion"):
        monkeypatch.setattr(figures, name, lambda path, *given, **_: calls.append(given) or path)
    callback = report(*arguments, **options)
    callback.set_model(model)
    callback.on_train_begin()
    callback.on_train_end()
    assert not callback.section.failure
    (given,) = calls
    return given


def same(first, second):
    return len(first) == len(second) and all(map(np.array_equal, first, second))


class TestReports:
    def test_draw_when_training_ends(self, tiny, tiny_model, tmp_path):
        paths = [tmp_path / "figures" / f"{report.__name__}.png" for report in REPORTS]
        reports = [report(tiny, path) for report, path in zip(REPORTS, paths, strict=True)]
        tiny_model.fit(tiny.batches("train", 10), verbose=0, callbacks=reports)
        assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
        assert [report.section.picture for report in reports] == paths

    @pytest.mark.parametrize("kind", SOURCES)
    def test_are_the_same_from_any_validation_data(
        self, kind, tiny, tiny_model, tmp_path, monkeypatch
    ):
        names = {"class_names": tiny.class_names}
        x = tiny.normalize(tiny.x_val)
        for report in REPORTS:
            path = tmp_path / "figure.png"
            expected = drawn(monkeypatch, tiny_model, report, tiny, path)
            raw = SOURCES[kind](tiny.x_val, tiny.y_val)
            got = drawn(
                monkeypatch, tiny_model, report, raw, path, preprocess=tiny.normalize, **names
            )
            assert all(map(same, got, expected))
            ready = SOURCES[kind](x, tiny.y_val)
            got = drawn(monkeypatch, tiny_model, report, ready, path, **names)
            assert same(got[1], expected[1])  # predicted classes, or captions

    def test_are_what_explain_finds(self, tiny, tiny_model, tmp_path, monkeypatch):
        x = tiny.normalize(tiny.x_val)
        mistakes = explain.misclassified(tiny_model, x, tiny.y_val, k=3)
        pictures, captions = drawn(
            monkeypatch, tiny_model, MisclassifiedReport, tiny, tmp_path / "a.png", 3
        )
        np.testing.assert_array_equal(pictures, tiny.x_val[mistakes.indices])
        assert captions == mistakes.captions(tiny.class_names)
        true, predicted, names = drawn(
            monkeypatch, tiny_model, ConfusionReport, tiny, tmp_path / "a.png"
        )
        np.testing.assert_array_equal(true, tiny.y_val)
        logits = tiny_model.predict(x, verbose=0)
        np.testing.assert_array_equal(predicted, logits.argmax(axis=-1))
        assert tuple(names) == tiny.class_names

    @pytest.mark.once
    def test_read_batch_by_batch(self, tiny, tiny_model, tmp_path, monkeypatch):
        class Images:
            """Ten images a hundred and twenty times over, which notes how many are read at once."""

            shape, read = (1200, 8, 8, 3), []

            def __len__(self):
                return 1200

            def __getitem__(self, rows):
                rows = np.arange(1200)[rows]
                self.read.append(len(rows))
                return tiny.x_val[rows % 10]

        images, options = Images(), {"preprocess": tiny.normalize, "class_names": tiny.class_names}
        many, path = (images, np.tile(tiny.y_val, 120)), tmp_path / "a.png"
        pictures, captions = drawn(
            monkeypatch, tiny_model, MisclassifiedReport, many, path, 15, **options
        )
        assert set(images.read) == {ROWS, 1200 - 2 * ROWS}
        (worst, *_), (caption, *_) = drawn(
            monkeypatch, tiny_model, MisclassifiedReport, tiny, tmp_path / "a.png"
        )
        assert captions == [caption] * 15 and same(pictures, [worst] * 15)

    @pytest.mark.once
    def test_without_names_the_classes_have_numbers(self, tiny, tiny_model, tmp_path, monkeypatch):
        source = (tiny.normalize(tiny.x_val), tiny.y_val)
        *_, names = drawn(monkeypatch, tiny_model, ConfusionReport, source, tmp_path / "a.png")
        assert names == ["0", "1", "2"]
        named = {"class_names": ["red"]}
        *_, names = drawn(
            monkeypatch, tiny_model, ConfusionReport, source, tmp_path / "a.png", **named
        )
        assert names == ["red", "1", "2"]

    @pytest.mark.once
    def test_a_net_without_mistakes_is_drawn(self, tiny, tiny_model, tmp_path):
        right = tiny_model.predict(tiny.normalize(tiny.x_val), verbose=0).argmax(axis=-1)
        report = GradCAMReport((tiny.normalize(tiny.x_val), right), tmp_path / "a.png")
        report.set_model(tiny_model)
        report.on_train_end()
        assert report.section.picture == tmp_path / "a.png" and not report.section.failure

    def test_a_net_of_one_output_has_two_classes(self, tiny, tmp_path, monkeypatch):
        model = keras.Sequential(
            [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]
        )
        x, y = tiny.normalize(tiny.x_val), (tiny.y_val > 0).astype(int)
        true, predicted, names = drawn(
            monkeypatch, model, ConfusionReport, (x, y), tmp_path / "a.png"
        )
        np.testing.assert_array_equal(predicted, model.predict(x, verbose=0)[:, 0] > 0)
        assert names == ["0", "1"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("layer", "message"), [("lost", "no layer 'lost'"), ("logits", "needed are .h, w, chan")]
    )
    def test_a_layer_that_will_not_do_is_refused_before_the_training(
        self, layer, message, tiny, tiny_model, tmp_path
    ):
        before = tiny_model.get_weights()
        report = GradCAMReport(tiny, tmp_path / "heat.png", layer=layer)
        with pytest.raises(ValueError, match=message):
            tiny_model.fit(tiny.batches("train", 10), verbose=0, callbacks=[report])
        assert all(map(np.array_equal, before, tiny_model.get_weights()))

    @pytest.mark.once
    @pytest.mark.parametrize("report", [ConfusionReport, MisclassifiedReport])
    def test_a_net_that_is_no_classifier_is_refused_before_the_training(
        self, report, tiny, tmp_path
    ):
        image = keras.Input((8, 8, 3))
        flat = keras.layers.Flatten()(image)
        one, two = keras.layers.Dense(1, name="one")(flat), keras.layers.Dense(3, name="two")(flat)
        maps = keras.layers.Conv2D(1, 8)(image)
        for outputs, message in ((maps, r"gives \(None, 1, 1, 1\)"), ([one, two], "2 outputs")):
            model = keras.Model(image, outputs)
            targets = [np.zeros((30, 1)) for _ in model.outputs]
            model.compile(loss=["mse" for _ in model.outputs])
            reports = [report(tiny, tmp_path / "figure.png")]
            with pytest.raises(ValueError, match=message):
                model.fit(tiny.normalize(tiny.x_train), targets, verbose=0, callbacks=reports)

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda x, y: None, "must be a dataset, arrays .x, y. or batches .x, y., not None"),
            (lambda x, y: "cifar10", "not a str"),
            (lambda x, y: iter([(x, y)]), "a list_iterator only once; give arrays"),
            (lambda x, y: (x, y[:5]), r"with n labels, not of shapes \(10, 8, 8, 3\) and \(5,\)"),
            (lambda x, y: (x[0], y), r"not of shapes \(8, 8, 3\) and \(10,\)"),
            (lambda x, y: (x[..., :2], y), r"takes images .* 8, 8, 3\), not \(10, 8, 8, 2\)"),
            (lambda x, y: (x, y + 1), "validation labels run from 1 to 3; the 3 classes are 0 to"),
            (lambda x, y: (x, y + 0.5), "validation labels must be 10 integers"),
            (lambda x, y: (x, np.ones((10, 3))), "labels of shape .10, 3. are not one class per"),
            (lambda x, y: [x, x], "validation labels must be 10 integers"),
            (lambda x, y: [x], "a batch of validation data is a ndarray, not .x, y."),
            (lambda x, y: [], "there are no validation images"),
        ],
    )
    def test_other_data_are_refused_before_the_training(
        self, change, message, tiny, tiny_model, tmp_path
    ):
        source = change(tiny.normalize(tiny.x_val), tiny.y_val)
        train, before = tiny.batches("train", 10), tiny_model.get_weights()
        with pytest.raises(ValueError, match=message):
            report = MisclassifiedReport(source, tmp_path / "a.png")
            tiny_model.fit(train, verbose=0, callbacks=[report])
        assert all(map(np.array_equal, before, tiny_model.get_weights()))

    @pytest.mark.once
    def test_a_dataset_that_repeats_for_ever_is_refused(self, tiny):
        endless = dataset_of(tiny.x_val, tiny.y_val).repeat()
        with pytest.raises(ValueError, match=r"must end; give this dataset without repeat\(\)"):
            next(iter(ValidationData(endless)))

    @pytest.mark.once
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"count": 0}, "count=0 must be a whole number, 1 or more"),
            ({"count": 2.5}, "count=2.5 must be a whole number"),
            ({"path": None}, "path=None must be the path"),
            ({"class_names": "abc"}, "class_names='abc' must be a list"),
            ({"preprocess": 255}, "preprocess=255 must be a function"),
        ],
    )
    def test_other_settings_are_refused(self, wrong, message, tiny, tmp_path):
        with pytest.raises(ValueError, match=message):
            MisclassifiedReport(tiny, **({"path": tmp_path / "a.png"} | wrong))


@pytest.mark.once
def test_looking_at_zoo_batches_begins_no_epoch_of_them(tiny):
    val = tiny.batches("val", 4)
    batches = list(ValidationData(val))
    assert [len(batch.labels) for batch in batches] == [4, 4, 2] and val.epoch == 0
    images = np.concatenate([batch.inputs for batch in batches])
    np.testing.assert_array_equal(images, tiny.normalize(tiny.x_val))
