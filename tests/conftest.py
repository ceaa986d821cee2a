"""Fixtures that more than one test file uses."""

import os
from pathlib import Path

# Tiny nets run for moments: compiling them fast matters, running them fast does not.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# On an NVIDIA GPU convolutions of float32 round to ten bits unless this is set: 1e-3 off, not 1e-6.
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")

import keras
import numpy as np
import pytest

from zoo.datasets import Dataset


@pytest.fixture(autouse=True)
def same_start():
    """Each test starts from the same seed and precision."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def real_data():
    """The folder of the real datasets; without ZOO_DATA the test is left out."""
    if not os.environ.get("ZOO_DATA"):
        pytest.skip("ZOO_DATA is not set: no real data beside this checkout")
    return Path(os.environ["ZOO_DATA"])


@pytest.fixture
def tiny():
    """Forty 8x8 images whose class is their brightest channel: learnt in seconds."""
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 3
    images = rng.integers(0, 120, (40, 8, 8, 3))
    images[np.arange(40), :, :, labels] += 130
    images = images.astype("uint8")
    names = ("red", "green", "blue")
    return Dataset(
        "tiny", images[:30], labels[:30], images[30:], labels[30:], names, (0.4,) * 3, (0.3,) * 3
    )


@pytest.fixture
def tiny_model():
    """Convolution, dropout, pooling, logits for `tiny`; compiled with Adam."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
            keras.layers.Dropout(0.3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, name="logits"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    return model
