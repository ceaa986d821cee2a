"""One file knows the backends; the others ask it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo import backend

ROOT = Path(__file__).parents[2]


@pytest.mark.once
def test_no_other_file_imports_a_backend():
    pattern = re.compile(r"^\s*(import|from) +(torch|tensorflow|jax)\b", re.MULTILINE)
    sources = [p for room in ("zoo", "datasets", "recipes") for p in (ROOT / room).rglob("*.py")]
    assert len(sources) > 20
    guilty = {p.parent for p in sources if pattern.search(p.read_text())}
    assert guilty == {ROOT / "zoo" / "backend"}


def test_gradient_of_a_cube_is_three_times_the_square():
    x = np.array([1.0, -2.0, 3.0], "float32")
    slope, aux = backend.gradient(lambda t: (keras.ops.sum(t**3), 2 * t), x)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(slope), 3 * x**2)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(aux), 2 * x)


@pytest.mark.once
@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("theano", "unknown backend 'theano' .*runs on tensorflow, torch, jax"),
        ("jax", r"'jax' \(set by KERAS_BACKEND\) is not installed.*pip install"),
    ],
)
def test_a_backend_that_is_missing_is_explained(chosen, message):
    hide = (
        "import importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, *a: None if name == 'jax' else find(name, *a);"
        "import zoo; zoo.list_models()"
    )
    env = os.environ | {"KERAS_BACKEND": chosen}
    run = subprocess.run([sys.executable, "-c", hide], env=env, capture_output=True, text=True)
    assert run.returncode == 1
    assert re.search(message, run.stderr, re.DOTALL), run.stderr


def test_names_its_device_and_versions():
    assert backend.device()
    assert {"python", "keras", keras.config.backend(), "numpy"} <= set(backend.versions())


def run_python(code, folder=ROOT, **environment):
    """Run code in a fresh interpreter; a variable of None is left out. Returns what it printed."""
    variables = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"} | environment
    variables = {name: value for name, value in variables.items() if value is not None}
    run = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, cwd=folder
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_names_its_processor():
    name = backend.processor()
    assert name and name == name.strip() and "\n" not in name
    if Path("/proc/cpuinfo").exists() and "model name" in Path("/proc/cpuinfo").read_text():
        assert name in Path("/proc/cpuinfo").read_text()


@pytest.mark.once
class TestOneDNN:
    def test_tensorflow_computes_with_it_unless_the_user_decides(self):
        pytest.importorskip("tensorflow")
        code = "from zoo import backend; print(backend.onednn())"
        environment = {"KERAS_BACKEND": "tensorflow", "TF_ENABLE_ONEDNN_OPTS": None}
        assert run_python(code, **environment) == "True"

    def test_a_layer_that_tensorflow_has_no_kernel_for_is_named(self):
        pytest.importorskip("tensorflow")
        code = """
import keras, os, zoo, zoo.backend
was_on = zoo.backend.onednn()
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # too late: tensorflow is imported
assert zoo.backend.onednn() == was_on
print(was_on)
for layer in (
    keras.layers.Conv1DTranspose(2, 3, dilation_rate=2, name="far1"),
    keras.layers.Conv2DTranspose(2, 3, dilation_rate=2, name="far2"),
    keras.layers.Conv3DTranspose(2, 3, dilation_rate=2, name="far3"),
    keras.layers.DepthwiseConv2D(3, strides=(2, 1), name="uneven"),
    keras.layers.Conv2DTranspose(2, 3, strides=2, name="near"),
):
    rank = len(layer.kernel_size)
    inner = keras.Sequential([keras.Input((*rank * [9], 2)), layer], name="inner")
    model = keras.Sequential([keras.Input((*rank * [9], 2)), inner])
    try:
        zoo.backend.require_kernels(model)
        print(layer.name, "computed")
        model.predict(keras.ops.ones((1, *rank * [9], 2)), verbose=0)
    except ValueError as error:
        print(error)
image = keras.Input((9, 9, 2))
far = keras.layers.Conv2DTranspose(2, 3, dilation_rate=2, name="far")(image)
model = keras.Model(image, keras.layers.Dense(3)(keras.layers.GlobalMaxPooling2D()(far)))
try:
    zoo.explain.grad_cam(model, keras.ops.ones((1, 9, 9, 2)))
    print("explained")
except ValueError as error:
    print(error)
"""
        environment = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
        computed = run_python(code, TF_ENABLE_ONEDNN_OPTS="1", **environment)
        names = ["far1", "far2", "far3", "uneven", "near"]
        expected = ["True", *(f"{name} computed" for name in names), "explained"]
        assert computed.splitlines() == expected
        onednn, *refused, near, explained = run_python(
            code, TF_ENABLE_ONEDNN_OPTS="0", **environment
        ).splitlines()
        assert onednn == "False" and near == "near computed"
        sentences = zip([*names[:-1], "far"], [*refused, explained], strict=True)
        for name, sentence in sentences:
            assert f"the layer {name!r} on this processor" in sentence
            assert "TF_ENABLE_ONEDNN_OPTS=1" in sentence


@pytest.mark.once
class TestKerasHome:
    @pytest.fixture
    def keras_is_not_imported(self, monkeypatch):
        monkeypatch.delenv("KERAS_HOME", raising=False)
        monkeypatch.delitem(sys.modules, "keras.src.backend.config")

    def test_without_a_home_folder_the_zoo_imports_as_keras_does(self, tmp_path):
        code = """
import os, pwd
def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = unknown
import zoo
from zoo import backend, datasets, training, report
import keras.src.backend.config as config
assert str(backend.keras_home()) == config.keras_home(), backend.keras_home()
print(zoo.get("mnist_8k").name, len(datasets.load("digits").class_names))
"""
        assert run_python(code, tmp_path, HOME=None, KERAS_HOME=None) == "mnist_8k 10"

    @pytest.mark.parametrize("home", ["/nowhere", "/home/reader"])
    def test_a_home_that_cannot_be_written_gives_way_to_tmp(
        self, home, monkeypatch, keras_is_not_imported
    ):
        monkeypatch.setenv("HOME", home)
        monkeypatch.setattr("os.access", lambda path, mode: path != home)
        assert backend.keras_home() == Path("/tmp/.keras")

    def test_is_where_keras_is_told_to_be(self, monkeypatch, tmp_path, keras_is_not_imported):
        monkeypatch.setenv("HOME", str(tmp_path))
        assert backend.keras_home() == tmp_path / ".keras"
        monkeypatch.setenv("KERAS_HOME", "~/elsewhere")
        assert backend.keras_home() == tmp_path / "elsewhere"
