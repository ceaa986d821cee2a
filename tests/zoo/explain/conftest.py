"""Nets that more than one test of the explanations looks at."""

import keras
import numpy as np
import pytest
import torch
from keras import layers
from torch.nn import functional as F

import zoo


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(3, 32, 32, 3)).astype("float32")


@pytest.fixture
def net():
    """Two convolutions with ReLU, maps 30x30 and 10x10; four classes."""
    return make_net()


@pytest.fixture
def other_net():
    """The same with other weights."""
    return make_net("other")


def make_net(name="small"):
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="first")(image)
    x = layers.Conv2D(5, 3, strides=3, activation="relu", name="last")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(image, layers.Dense(4, name="logits")(x), name=name)


@pytest.fixture
def twin(net):
    """`net` again in PyTorch, from the same weights: NHWC images to ({layer: maps}, logits)."""
    weights = {
        layer.name: [torch.tensor(np.array(keras.ops.convert_to_numpy(w))) for w in layer.weights]
        for layer in net.layers
    }

    def forward(x):
        maps = {}
        for name, stride in (("first", 1), ("last", 3)):
            kernel, bias = weights[name]
            y = F.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias, stride)
            maps[name] = x = F.relu(y).permute(0, 2, 3, 1)
        kernel, bias = weights["logits"]
        return maps, x.flatten(1) @ kernel + bias

    return forward


class TwoInputs(keras.Model):
    """An image and a vector, subclassed; the vector weighs the image's channels."""

    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(4, 3, activation="relu", name="maps")
        self.dense = layers.Dense(2)

    def call(self, inputs, training=False):
        pooled = keras.ops.mean(self.conv(inputs["image"]), axis=(1, 2))
        return self.dense(pooled * inputs["vector"])


@pytest.fixture
def two_inputs(images):
    """(model, its inputs, the same model of the image alone): both must be explained alike."""
    model = TwoInputs()
    vector = np.array([0.5, -1, 2, 1], "float32")
    inputs = {"vector": np.tile(vector, (3, 1)), "image": images}
    model(inputs)

    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="maps")(image)
    x = layers.GlobalAveragePooling2D()(x)
    alone = keras.Model(image, layers.Dense(2)(x * vector))
    alone.set_weights(model.get_weights())
    return model, inputs, alone


@pytest.fixture
def mnist_sum():
    """(the zoo's net of session 2.5 cut to its sum, an image and the number to add)."""
    net = zoo.get("mnist_sum", weights="mnist")
    rng = np.random.default_rng(0)
    inputs = {
        "image": rng.uniform(size=(2, 28, 28, 1)).astype("float32"),
        "number": np.eye(10, dtype="float32")[[3, 8]],
    }
    return keras.Model(net.input, net.output["sum"]), inputs
