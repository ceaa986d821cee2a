"""Logits and heat maps from weights that a numpy seed fills: the same on every backend.

`KERAS_BACKEND=tensorflow python tests/zoo/golden.py` writes golden.json anew, for a new model or
an intended change of an old one.
"""

import json
from pathlib import Path

import numpy as np

import zoo

PATH = Path(__file__).with_suffix(".json")


def compute(name: str) -> dict[str, list]:
    """Logits of two images and a coarse view of their heat maps."""
    model = zoo.get(name)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        shape, path = tuple(variable.shape), variable.path
        value = rng.normal(size=shape)
        if len(shape) >= 2:
            value *= (2 / np.prod(shape[:-1])) ** 0.5
        elif "gamma" in path or "variance" in path:
            value = 1 + 0.1 * np.abs(value)
        else:
            value *= 0.1
        variable.assign(value.astype("float32"))
    images = rng.normal(size=(2, *model.input_shape[1:])).astype("float32")
    maps = zoo.explain.grad_cam(model, images, classes=[3, 7])
    return {
        "logits": model.predict(images, verbose=0).round(6).tolist(),
        "heat": maps[:, ::4, ::4].astype(float).round(6).tolist(),
    }


if __name__ == "__main__":
    golden = {name: compute(name) for name in zoo.list_models()}
    PATH.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
