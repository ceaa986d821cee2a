"""What a detector costs beside its net: boxes from its numbers, and augmented batches.

    KERAS_BACKEND=torch python benchmarks/detection.py

Decoding is measured at its worst, where every image has more candidates than suppression looks at.
"""

import time

import keras
import numpy as np
from measure import ratios, report, row

import zoo
from zoo import datasets, detection
from zoo.datasets import transforms

ROUNDS, IMAGES, SHAPE = 5, 32, (416, 416, 3)
MOVES = [
    transforms.mosaic(0.5),
    transforms.flip(),
    transforms.scale(0.3),
    transforms.translate(0.1),
    transforms.color_shift(0.08),
]


def seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def decoding(name):
    """Boxes of 32 images, in forward passes of the same."""
    net = zoo.get(name, input_shape=SHAPE)
    rng = np.random.default_rng(0)
    images = rng.normal(size=(IMAGES, *SHAPE)).astype("float32")
    outputs = rng.normal(size=(IMAGES, *net.output_shape[1:])).astype("float32")
    values = ratios(
        lambda: seconds(lambda: detection.decode(net, outputs, score=0.01)),
        lambda: seconds(lambda: net.predict_on_batch(images)),
        ROUNDS,
    )
    return row(f"{name}, boxes of {IMAGES} images: forward passes", values, "under 0.33")


def batches(name, data):
    """An augmented batch of 8, made in one thread, in training steps on it."""
    net = zoo.get(name, input_shape=SHAPE, num_classes=data.num_classes)
    loss = detection.YoloLoss(detection.layout_of(net))
    net.compile("adam", loss)
    train = data.batches("train", 8, MOVES, target=loss.targets, workers=0)
    x, y = train[0]
    values = ratios(
        lambda: seconds(lambda: train[1]),
        lambda: seconds(lambda: net.train_on_batch(x, y)),
        ROUNDS,
    )
    return row(f"{name}, an augmented batch of 8: training steps", values, "under 1")


if __name__ == "__main__":
    names = ("yolo_v2_tiny", "yolo_v2_small")
    rows = [decoding(name) for name in (*names, "ssd_small")]
    keras.utils.clear_session()
    data = datasets.load("shapes", image_shape=SHAPE, limit=32)
    report("detection", rows + [batches(name, data) for name in names])
