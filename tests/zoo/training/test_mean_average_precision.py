"""Mean average precision while a detector trains, and the figures of what it found."""

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo import datasets, detection
from zoo.training import callbacks


@pytest.fixture(scope="module")
def data():
    return datasets.load("shapes", image_shape=(64, 64, 3), limit=16)


@pytest.fixture
def net(data):
    keras.utils.set_random_seed(0)
    net = zoo.get("yolo_v2_small", input_shape=data.image_shape, num_classes=3, width=0.05)
    loss = detection.YoloLoss(detection.layout_of(net))
    net.compile("adam", loss, metrics=[loss.terms()])
    return net


def batches(net, data, split):
    return data.batches(split, 8, target=net.loss.targets)


class TestMeanAveragePrecision:
    def test_is_logged_every_so_many_epochs_and_after_the_last(self, net, data, tmp_path):
        log = callbacks.MetricsLog(tmp_path / "metrics.csv")
        measured = callbacks.MeanAveragePrecision(data, every=2)
        net.fit(
            batches(net, data, "train"),
            validation_data=batches(net, data, "val"),
            epochs=3,
            verbose=0,
            callbacks=[measured, log],
        )
        assert ["val_map50" in row for row in log.rows] == [False, True, True]
        assert {"coordinates", "object", "no_object", "classes"} <= log.rows[0].keys()
        assert {"val_coordinates", "val_map"} <= log.rows[2].keys()

    def test_is_that_of_all_validation_images(self, net, data):
        measured = callbacks.MeanAveragePrecision(data, batch_size=5, score=0.001)
        measured.set_model(net)
        measured.measure()
        images = np.concatenate([images for images, _ in data.batches("val", 16)])
        found = detection.detect(net, images, score=0.001, iou=0.5)
        assert len(measured.detections) == len(data.val) == 16
        assert measured.evaluation.map50 == pytest.approx(
            detection.evaluate(found, data).map50, abs=1e-6
        )

    @pytest.mark.once
    def test_other_data_are_refused(self):
        with pytest.raises(ValueError, match="must be a dataset of images with boxes"):
            callbacks.MeanAveragePrecision(datasets.load("digits"))


@pytest.mark.once
class TestReports:
    REPORTS = (
        callbacks.BestAndWorstReport,
        callbacks.PrecisionRecallReport,
        callbacks.ObjectConfusionReport,
    )

    @pytest.mark.parametrize("report", REPORTS)
    @pytest.mark.parametrize("found", ["everything", "nothing"])
    def test_are_drawn(self, report, found, data, tmp_path):
        measured = callbacks.MeanAveragePrecision(data)
        measured.detections = [
            detection.Detections(o.boxes, np.ones(len(o), "float32"), o.classes)
            if found == "everything"
            else detection.Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
            for o in data.val.objects
        ]
        measured.evaluation = detection.evaluate(measured.detections, data)
        drawn = report(measured, tmp_path / "figure.png")
        drawn.on_train_begin()
        drawn.on_train_end()
        assert not drawn.section.failure
        with Image.open(tmp_path / "figure.png") as picture:
            assert picture.width > 300

    @pytest.mark.parametrize("report", REPORTS)
    def test_need_the_measurement(self, report, data, tmp_path):
        with pytest.raises(ValueError, match="must be the callback MeanAveragePrecision"):
            report(data, tmp_path / "figure.png")
