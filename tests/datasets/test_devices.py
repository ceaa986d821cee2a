"""The last batch on two devices, which a test process has to be started for."""

import subprocess
import sys

import keras
import pytest

pytestmark = pytest.mark.slow
DEVICES = {
    "jax": """
import os
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
import keras
def use_devices():
    devices = keras.distribution.list_devices()
    assert len(devices) == 2
    return keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False).scope()
""",
    "tensorflow": """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
def use_devices():
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope()
""",
}
TRAINING = """
import numpy as np
from zoo.datasets.image_batches import ImageBatches

x = np.random.default_rng(0).integers(0, 256, (9, 6, 6, 1)).astype("uint8")

def batches(last, **options):
    return ImageBatches(x, np.arange(9) % 3, 4, mean=0.5, std=0.2, last=last, **options)

def normed():
    keras.utils.set_random_seed(0)
    layers = keras.layers.BatchNormalization(), keras.layers.Flatten(), keras.layers.Dense(3)
    model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, weighted_metrics=["accuracy"])
    return model

alone = normed().evaluate(batches("keep", shuffle=False), verbose=0)
with use_devices():
    model = normed()
    shared = model.evaluate(batches("pad", shuffle=False), verbose=0)
    np.testing.assert_allclose(shared, alone, rtol=1e-5)
    for last in ("pad", "drop"):
        train = batches(last)
        model.fit(train, epochs=2, verbose=0, class_weight={0: 2.0})
        assert train.epoch == 2
        assert all(np.isfinite(weights).all() for weights in model.get_weights())
    if keras.config.backend() == "jax":
        try:
            model.evaluate(batches("keep"), verbose=0)
        except ValueError as error:
            assert "the last of 1, do not divide among 2 devices; give last='pad'" in str(error)
        else:
            raise AssertionError("batches that do not divide were taken")
print("done")
"""


@pytest.mark.skipif(keras.config.backend() not in DEVICES, reason="one device only on torch")
def test_a_padded_or_dropped_last_batch_trains_on_two_devices():
    code = DEVICES[keras.config.backend()] + TRAINING
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "done", done.stderr
