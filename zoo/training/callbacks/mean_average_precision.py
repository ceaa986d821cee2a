"""Mean average precision of the validation images while a detector trains."""

import keras

from zoo import checks, detection
from zoo.datasets import DetectionDataset


class MeanAveragePrecision(keras.callbacks.Callback):
    """Adds `val_map50` and `val_map` to the logs, of all validation images, by pycocotools.

    It comes before callbacks that write the logs, `run.callbacks` among them. The last epoch always
    counts.

    Args:
        data: images with boxes.
        every: epochs from one measurement to the next.
        batch_size: images per batch.
        score: the least score that counts; a higher one than 0.01 cuts the precision-recall curve.
        iou: detections of a class that overlap more are of one object.

    Attributes:
        detections: in each validation image, after the latest measurement.
        evaluation: its `zoo.detection.Evaluation`.

    Raises:
        ValueError: if an argument is something else.
    """

    def __init__(self, data, *, every=1, batch_size=32, score=0.01, iou=0.5):
        super().__init__()
        if not isinstance(data, DetectionDataset):
            raise ValueError(f"data={data!r} must be a dataset of images with boxes")
        self.data = data
        self.every = checks.whole_number("every", every, least=1)
        self.batch_size = checks.whole_number("batch_size", batch_size, least=1)
        self.options = {
            "score": checks.probability("score", score),
            "iou": checks.probability("iou", iou),
        }
        self.detections = self.evaluation = None

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every and epoch + 1 != self.params["epochs"]:
            return
        self.measure()
        if logs is not None:
            logs |= {"val_map50": self.evaluation.map50, "val_map": self.evaluation.map}

    def on_train_end(self, logs=None):
        if self.evaluation is None:  # resumed behind the last epoch
            self.measure()

    def measure(self):
        """Find and compare what is in every validation image."""
        self.detections = []
        for images, _ in self.data.batches("val", self.batch_size):
            outputs = self.model.predict_on_batch(images)
            self.detections += detection.decode(self.model, outputs, **self.options)
        self.evaluation = detection.evaluate(self.detections, self.data)
