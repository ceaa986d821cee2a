"""Training steps of yolo_v2_small against keras_cv's YOLOV8Detector of like size.

    KERAS_BACKEND=tensorflow python benchmarks/detection_peer.py

keras-cv gets no further releases and trains on tensorflow alone; `pip install keras-cv==0.9.0`
brings it. Both take batches of 8 images of 320x416 with 30 boxes each, have 3.6 and 3.4 million
parameters, and compare boxes by CIoU.
"""

import time

import keras_cv
import numpy as np
import tensorflow as tf
from measure import ratios, report, row

import zoo
from zoo import detection

BATCH, STEPS, ROUNDS, SHAPE = 8, 4, 5, (320, 416, 3)


def their_detector():
    backbone = keras_cv.models.YOLOV8Backbone(
        stackwise_channels=[32, 64, 128, 256],
        stackwise_depth=[1, 2, 2, 1],
        include_rescaling=True,
        input_shape=SHAPE,
    )
    net = keras_cv.models.YOLOV8Detector(
        num_classes=3, bounding_box_format="xyxy", backbone=backbone, fpn_depth=1
    )
    losses = {"classification_loss": "binary_crossentropy", "box_loss": "ciou"}
    net.compile(optimizer="adam", jit_compile=False, **losses)
    return net


def seconds(net, batches):
    began = time.perf_counter()
    net.fit(batches, verbose=0)
    return time.perf_counter() - began


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    images = rng.random((BATCH, *SHAPE), "float32")
    corners = rng.uniform(0, 250, (BATCH, 30, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(20, 60, corners.shape)], axis=-1)
    targets = {"boxes": boxes.astype("float32"), "classes": rng.integers(0, 3, (BATCH, 30))}

    ours, theirs = zoo.get("yolo_v2_small"), their_detector()
    loss = detection.YoloLoss(detection.layout_of(ours), boxes="ciou", objects="cross_entropy")
    ours.compile("adam", loss)
    our_batches = tf.data.Dataset.from_tensors((images, loss.targets(targets))).repeat(STEPS)
    float_classes = targets["classes"].astype("float32")
    their_targets = targets | {"classes": float_classes}
    their_batches = tf.data.Dataset.from_tensors((images, their_targets)).repeat(STEPS)
    values = ratios(
        lambda: seconds(theirs, their_batches), lambda: seconds(ours, our_batches), ROUNDS
    )
    what = f"yolo_v2_small against YOLOV8Detector, batch {BATCH}"
    report("training steps per second against keras_cv", [row(what, values, "1.5")])
