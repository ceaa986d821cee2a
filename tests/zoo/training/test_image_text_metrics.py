"""Zero-shot accuracy and recall in the logs of each epoch."""

import keras
import numpy as np
import pytest

import zoo
from zoo import image_text
from zoo.datasets.captions import CaptionBatches, CaptionDataset
from zoo.report import image_text as figures
from zoo.training import ContrastiveLoss
from zoo.training.callbacks import (
    ImageTextMetrics,
    MetricsLog,
    RetrievalReport,
    SimilarityReport,
)
from zoo.training.callbacks.metrics_log import read_metrics

NAMES = ("black", "grey", "white")
TINY = {
    "input_shape": (16, 16, 1),
    "image_width": 16,
    "image_depth": 1,
    "text_width": 16,
    "text_depth": 1,
    "vocabulary": 6,
    "context": 3,
    "embedding": 8,
}


def tokenize(texts):
    return np.array([[4, 1 + NAMES.index(text), 5] for text in texts])


@pytest.fixture
def data():
    """Twelve images of one grey each, and their names."""
    labels = np.arange(12) % 3
    images = (
        np.ones((12, 16, 16, 1), "uint8")
        * np.array([0, 128, 255], "uint8")[labels, None, None, None]
    )
    texts = [NAMES[label] for label in labels]
    options = {"mean": 0.5, "std": 0.5}
    train = CaptionBatches(images, texts, 6, tokenize, **options)
    val = CaptionBatches(images, texts, 5, tokenize, shuffle=False, **options)
    return train, val, labels


def test_logs_have_what_is_computed_from_the_vectors(data, tmp_path):
    train, val, labels = data
    labels[:2] = -1  # of none of the classes
    model = zoo.get("clip_small", **TINY)
    model.compile(keras.optimizers.Adam(3e-3), ContrastiveLoss())
    prompts = [[name] for name in NAMES]
    metrics = ImageTextMetrics(val, tokenize, prompts, labels, unseen=[2])
    log = MetricsLog(tmp_path / "metrics.csv")
    model.fit(train, validation_data=val, epochs=2, verbose=0, callbacks=[metrics, log])
    row = read_metrics(tmp_path / "metrics.csv")[-1]

    whole = [val[i][0] for i in range(3)]
    outputs = [model.predict(x, verbose=0) for x in whole]
    images, texts = (np.concatenate([o[key] for o in outputs]) for key in ("image", "text"))
    classes = texts[:3]  # black, grey, white
    right = (images @ classes.T).argmax(axis=1) == labels
    assert row["val_zero_shot_accuracy"] == pytest.approx(
        right[(labels == 0) | (labels == 1)].mean()
    )
    assert row["val_unseen_zero_shot_accuracy"] == pytest.approx(right[labels == 2].mean())
    recalls = image_text.recall_at_1(images, texts, np.arange(12) % 3)
    for name, value in recalls.items():
        assert row[f"val_{name}"] == pytest.approx(value)


@pytest.mark.once
@pytest.mark.parametrize(
    ("labels", "message"),
    [([0, 1], "labels must be 12 integers"), ([-1] * 12, "no image has a class")],
)
def test_labels_that_do_not_fit_are_refused(data, labels, message):
    with pytest.raises(ValueError, match=message):
        ImageTextMetrics(data[1], tokenize, [["black"]], labels)


@pytest.mark.once
def test_figures_are_drawn_of_each_caption_once(data, tmp_path, monkeypatch):
    train, val, labels = data
    texts = tuple((NAMES[label],) for label in labels)
    dataset = CaptionDataset("greys", train.x, texts, val.x, texts, (0.5,), (0.5,))
    model = zoo.get("clip_small", **TINY)
    model.compile("adam", ContrastiveLoss())
    metrics = ImageTextMetrics(val, tokenize, [[name] for name in NAMES], labels)
    reports = [
        SimilarityReport(metrics, dataset, tmp_path / "similarity.png"),
        RetrievalReport(metrics, dataset, tmp_path / "retrieved.png"),
    ]
    drawn = []
    for name in ("similarity_matrix", "retrieved"):
        real = getattr(figures, name)
        monkeypatch.setattr(
            figures, name, lambda *given, real=real: drawn.append(given[1:]) or real(*given)
        )
    model.fit(train, epochs=30, verbose=0, callbacks=[metrics, *reports])
    assert all(report.section.picture.exists() for report in reports)

    images, captions, cosines = drawn[0]
    assert captions == list(NAMES)
    assert [image.max() for image in images] == [0, 128, 255]
    assert (cosines.argmax(axis=1) == [0, 1, 2]).all()
    queries, found, right = drawn[1]
    assert queries == list(NAMES)
    for name, row, is_right in zip((0, 128, 255), found, right, strict=True):
        assert [image.max() == name for image in row] == is_right.tolist()
        assert is_right.tolist() == [True] * 4 + [False] * 4


@pytest.mark.once
def test_reports_of_other_data_are_refused(data, tmp_path):
    with pytest.raises(ValueError, match="must be ImageTextMetrics and a CaptionDataset, not list"):
        SimilarityReport([], data[0], tmp_path / "similarity.png")
