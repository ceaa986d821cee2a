"""Image folders, in an empty home."""

import shutil

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data but what the test makes: an empty Keras home, and no ZOO_DATA."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("ZOO_DATA", raising=False)
    return tmp_path


@pytest.fixture
def write_images():
    """write_images(folder, {"cat": 3}): PNGs 0.png, 1.png, ... of noise in a folder per class."""

    def write(folder, counts, size=(6, 5), mode="RGB"):
        rng = np.random.default_rng(len(str(folder)))
        for label, count in counts.items():
            (folder / label).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                pixels = rng.integers(0, 255, (*size, 3)).astype("uint8")
                Image.fromarray(pixels).convert(mode).save(folder / label / f"{i}.png")

    return write


@pytest.fixture
def folder(nowhere, write_images):
    """Ten training and five validation images of cats and dogs."""
    write_images(nowhere / "pets" / "train", {"cat": 6, "dog": 4})
    write_images(nowhere / "pets" / "val", {"cat": 2, "dog": 3})
    return nowhere / "pets"


@pytest.fixture
def zipped():
    """zipped(folder): the path of a zip beside it."""
    return lambda folder: shutil.make_archive(str(folder), "zip", folder)
