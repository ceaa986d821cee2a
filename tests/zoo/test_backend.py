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
        "import zoo"
    )
    env = os.environ | {"KERAS_BACKEND": chosen}
    run = subprocess.run([sys.executable, "-c", hide], env=env, capture_output=True, text=True)
    assert run.returncode == 1
    assert re.search(message, run.stderr, re.DOTALL), run.stderr


def test_names_its_device_and_versions():
    assert backend.device()
    assert {"python", "keras", keras.config.backend(), "numpy"} <= set(backend.versions())
