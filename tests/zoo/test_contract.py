"""The contract of each task, on the smallest model that keeps it and on one that does not."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from zoo import tasks

spec = importlib.util.spec_from_file_location("contract", Path(__file__).with_name("contract.py"))
contract = importlib.util.module_from_spec(spec)
spec.loader.exec_module(contract)

pytestmark = pytest.mark.once


def nets(task):
    """(inputs, outputs) of a model that keeps the task's contract, and of one that breaks it."""
    image = keras.Input((8, 8, 3), name="image")
    ids = keras.Input((None,), name="ids", dtype="int32")
    pooled = layers.GlobalAveragePooling2D()(image)
    maps = layers.Conv2D(6, 1)(image)
    rows = layers.Reshape((-1, 12))(layers.Conv2D(12, 1)(image))
    logits = layers.Dense(7)(pooled)
    digit, total = layers.Dense(10)(pooled), layers.Dense(19)(pooled)
    words = layers.Embedding(2, 4)(ids)
    more = keras.Input((None,), name="more", dtype="int32")
    words_of_more = layers.Embedding(2, 4)(more) + layers.GlobalAveragePooling1D(keepdims=True)(
        words
    )
    text = layers.GlobalAveragePooling1D()(words)
    is_next = layers.Dense(2)(text)
    scale = keras.ops.max(logits, axis=-1, keepdims=True)
    return {
        "classification": ((image, logits), (image, maps)),
        "digit sum": ((image, [digit, total]), (image, [total, digit])),
        "detection": ((image, rows), (image, maps)),
        "language modelling": ((ids, words), (ids, text)),
        "masked language modelling": ((ids, [words, is_next]), (ids, [words, text])),
        "translation": (([ids, more], words_of_more), ([ids, more], text)),
        "image-text": (
            ([image, ids], [layers.Dense(4)(pooled), text, scale]),
            ([image, ids], [pooled, text, scale]),
        ),
    }[task]


@pytest.mark.parametrize("task", tasks.names())
def test_a_model_that_keeps_it_passes_and_another_fails(task):
    for (inputs, outputs), keeps in zip(nets(task), (True, False), strict=True):
        model = keras.Model(inputs, outputs)
        examples = contract.examples(model, 3, np.random.default_rng(0))
        predicted = keras.tree.map_structure(keras.ops.convert_to_numpy, model(examples))
        if keeps:
            contract.require(task, predicted, examples, classes=7)
        else:
            with pytest.raises(AssertionError):
                contract.require(task, predicted, examples, classes=7)


def test_a_number_that_is_not_finite_fails():
    with pytest.raises(AssertionError):
        contract.require("classification", np.full((3, 7), np.nan), np.ones((3, 8, 8, 3)), 7)
