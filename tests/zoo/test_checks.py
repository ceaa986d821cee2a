"""Each check takes what is right and names what is wrong."""

from pathlib import Path

import numpy as np
import pytest

from zoo import checks

pytestmark = pytest.mark.once


@pytest.mark.parametrize("value", [1, 3, np.int64(2), np.uint8(3)])
def test_integers_are_whole_numbers(value):
    assert checks.whole_number("steps", value, least=1, most=3) == value


@pytest.mark.parametrize("value", [2.0, 2.5, "2", True, np.bool_(True), None, np.nan, 0, 4, [2]])
def test_what_is_no_whole_number_is_named(value):
    with pytest.raises(ValueError, match=r"^steps=.* must be a whole number from 1 to 3$"):
        checks.whole_number("steps", value, least=1, most=3)


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.25)])
def test_real_numbers_are_numbers(value):
    assert checks.number("rate", value, above=0, most=1) == value


@pytest.mark.parametrize("value", ["a", np.inf, np.nan, None, True, 1j, 0, 1.1, (0.5,)])
def test_what_is_no_number_is_named(value):
    with pytest.raises(ValueError, match=r"^rate=.* finite number, above 0 and 1 or less$"):
        checks.number("rate", value, above=0, most=1)


@pytest.mark.parametrize(
    "values", [0.5, (0.5,), [0, 1, 0.5], np.float32([0.25, 0.5, 1]), np.int64(1)]
)
def test_one_or_three_numbers(values):
    assert checks.several_numbers("fill", values, (1, 3), least=0, most=1) == tuple(
        np.ravel(values).tolist()
    )


@pytest.mark.parametrize(
    "values",
    ["a", "abc", None, (0.5, 0.5), (), (0, 0, np.nan), (0, 0, 2), [[0.5]], np.zeros((1, 1)), True],
)
def test_another_number_of_numbers_is_named(values):
    with pytest.raises(
        ValueError, match=r"^fill=[\s\S]* must be 1 or 3 finite numbers from 0 to 1$"
    ):
        checks.several_numbers("fill", values, (1, 3), least=0, most=1)


@pytest.mark.parametrize("values", [1, [1.5, 2], [[True]], np.zeros((0, 3))])
def test_numbers_become_an_array(values):
    np.testing.assert_array_equal(checks.array("labels", values), values)


@pytest.mark.parametrize(
    "values, message",
    [
        (["cat", "dog"], r"^labels must be numbers, not <U3 of shape \(2,\)$"),
        (None, "must be numbers, not object"),
        ([[1], [1, 2]], "must be one array, not lists of different lengths"),
    ],
)
def test_what_is_no_array_is_named(values, message):
    with pytest.raises(ValueError, match=message):
        checks.array("labels", values)


@pytest.mark.parametrize("value", [True, False, np.bool_(True)])
def test_a_flag_is_true_or_false(value):
    assert checks.flag("binary", value) is bool(value)


@pytest.mark.parametrize("value", [1, 0, None, "no", []])
def test_what_is_no_flag_is_named(value):
    with pytest.raises(ValueError, match=r"^binary=.* must be True or False$"):
        checks.flag("binary", value)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ValueError, match="'lienar' must be one of cos, linear; did you mean 'lin"):
        checks.one_of("anneal", "lienar", ("cos", "linear"))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.eye(3), "one-hot"),
        ([0.0, 1.0, 2.0], "3 integers, one per image, not float64"),
        ([0, 1], "3 integers"),
        ([0, 1, 5], "run from 0 to 5; the 4 classes are 0 to 3"),
        ([0, -1, 2], "run from -1"),
    ],
)
def test_labels_are_integers_of_known_classes(labels, message):
    with pytest.raises(ValueError, match=message):
        checks.class_labels("labels", labels, 3, 4)


@pytest.mark.parametrize("shape", [(32.5, 32, 3), (32, 32), (32, 32, 2), 32, None, (0, 1, 1)])
def test_an_image_shape_has_three_whole_sides(shape):
    with pytest.raises(ValueError, match=r"image_shape=.*\(height, width, 1 or 3\)"):
        checks.image_shape(shape)


@pytest.mark.parametrize("value", [None, "resnet18", object()])
def test_what_is_no_model_is_named(value):
    with pytest.raises(ValueError, match="model must be a keras.Model"):
        checks.model(value)


def test_a_path_is_a_string_or_a_path():
    assert (
        checks.path("folder", "runs/a") == checks.path("folder", Path("runs/a")) == Path("runs/a")
    )


@pytest.mark.parametrize("value", [None, 3, "", b"runs", ["runs"]])
def test_what_is_no_path_is_named(value):
    with pytest.raises(ValueError, match=r"^folder=.* must be the path of a file or folder$"):
        checks.path("folder", value)


def test_a_model_without_optimizer_is_not_compiled():
    import keras

    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="net")
    with pytest.raises(ValueError, match=r"^net is not compiled; call model.compile"):
        checks.compiled_model(net)
    net.compile("sgd", "mse")
    assert checks.compiled_model(net) is net
    with pytest.raises(ValueError, match=r"^model must be a keras.Model.* not None$"):
        checks.compiled_model(None)
