"""GradCAM of ten images in forward passes of the same ten.

KERAS_BACKEND=torch python benchmarks/grad_cam.py
"""

import time

import keras
import numpy as np
from measure import ratios, report, row

import zoo

ROUNDS = 9


def seconds(function):
    began = time.perf_counter()
    keras.ops.convert_to_numpy(function())
    return time.perf_counter() - began


def measure(name):
    model = zoo.get(name)
    images = np.random.default_rng(0).normal(size=(10, 32, 32, 3)).astype("float32")
    tensor = keras.ops.convert_to_tensor(images)
    values = ratios(
        lambda: seconds(lambda: zoo.explain.grad_cam(model, images)),
        lambda: seconds(lambda: model(tensor, training=False)),
        ROUNDS,
    )
    return row(name, values, "under 3")


if __name__ == "__main__":
    rows = [measure(name) for name in ("ultimus", "custom_resnet")]
    report("GradCAM of ten images: forward passes", rows)
