"""After `import zoo`, before or after Keras, Keras opens every file that the zoo has saved."""

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from zoo import serializable

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("imports", ["zoo, keras", "keras, zoo", "zoo.datasets, keras"])
def test_classes_are_known_in_whatever_order_the_two_are_imported(imports):
    names = [f"zoo>{name}" for name in registered_names()]
    code = f"import {imports}; print([keras.saving.get_registered_object(n) for n in {names}])"
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "None" not in done.stdout


def test_nothing_that_is_registered_is_missing():
    known = {
        keras.saving.get_registered_name(getattr(serializable, name)).removeprefix("zoo>")
        for name in serializable.__all__
    }
    assert known == set(registered_names())


def registered_names() -> list[str]:
    """The names that the sources register with Keras."""
    pattern = re.compile(
        r"register_keras_serializable\(package=\"zoo\"(?:, name=\"(\w+)\")?\)\n(?:class|def) (\w+)"
    )
    sources = [*(ROOT / "zoo").rglob("*.py"), *(ROOT / "datasets").rglob("*.py")]
    found = [match for path in sources for match in pattern.findall(path.read_text())]
    assert len(found) > 5
    return [given or own for given, own in found]
