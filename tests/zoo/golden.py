"""Logits and heat maps from weights that a numpy seed fills: the same on every backend.

`KERAS_BACKEND=tensorflow python tests/zoo/golden.py` adds the models, and the weights that ship,
that golden.json lacks; after an intended change, `... golden.py NAME` replaces those of a model.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np

import zoo

spec = importlib.util.spec_from_file_location("contract", Path(__file__).with_name("contract.py"))
contract = importlib.util.module_from_spec(spec)
spec.loader.exec_module(contract)

PATH = Path(__file__).with_suffix(".json")

# Nets whose own images, or thousand classes, would take long; GradCAM needs maps of 5x5.
OF_IMAGENET = {"input_shape": (160, 160, 3), "num_classes": 10}
SMALLER = {
    name: OF_IMAGENET
    for name in zoo.list_models()
    if zoo.card(name).options.get("num_classes") == 1000
}
TWO_BLOCKS = {"image_depth": 2, "text_depth": 2, "vocabulary": 300, "context": 16}
SMALLER["clip_base_16"] = SMALLER["clip_base_32"] = TWO_BLOCKS
SMALLER["inception_v3"] = OF_IMAGENET | {"input_shape": (203, 203, 3)}  # unpadded: maps shrink
SMALLER["bert_base"] = SMALLER["bert_tiny"] = {"vocabulary": 300, "length": 16, "depth": 2}
SMALLER["gpt2_small"] = {"vocabulary": 50, "length": 16, "depth": 2}
OF_CELLS = {"input_shape": (64, 96, 3), "num_classes": 3}
SMALLER["ssd_small"] = SMALLER["yolo_v2_resnet18"] = OF_CELLS
SMALLER["yolo_v2_small"] = OF_CELLS
SMALLER["yolo_v2"] = SMALLER["yolo_v2_tiny"] = OF_CELLS | {"width": 0.25}
SMALLER["squeeze_expand"] = {"input_shape": (64, 64, 3)}
SMALLER["transformer"] = {"vocabulary": 50, "depth": 2}
TRAINED = [(name, tag) for name in zoo.list_models() for tag in zoo.card(name).weights]


def compute(name: str, classes=None) -> dict[str, list]:
    """Logits of two images and, of a classifier, a coarse view of their heat maps of `classes`;
    None: for each image the first class whose map is not all 0.
    """
    model = zoo.get(name, **SMALLER.get(name, {}))
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
    images = contract.examples(model, 2, rng)
    result = outputs_of(model, images)
    if zoo.card(name).task == "classification":
        result["classes"] = classes or [
            first_class_with_heat(model, image[None]) for image in images
        ]
        maps = zoo.explain.grad_cam(model, images, result["classes"])
        step = maps.shape[1] // 8
        result["heat"] = maps[:, ::step, ::step].astype(float).round(4).tolist()
    return result


def compute_trained(name: str, tag: str) -> dict[str, list]:
    """Logits of two images by the weights that ship."""
    model = zoo.get(name, weights=tag)
    return outputs_of(model, contract.examples(model, 2, np.random.default_rng(0)))


def outputs_of(model, images) -> dict[str, list]:
    outputs = model.predict(images, verbose=0)
    outputs = outputs if isinstance(outputs, dict) else {"logits": outputs}
    return {key: thinned(value).round(6).tolist() for key, value in outputs.items()}


def thinned(values: np.ndarray) -> np.ndarray:
    """Of hundreds of anchor boxes some."""
    return values[:, :: max(1, values.shape[1] // 50)] if values.ndim == 3 else values


def first_class_with_heat(model, image) -> int:
    return next(c for c in range(10) if zoo.explain.grad_cam(model, image, c).any())


if __name__ == "__main__":
    golden = json.loads(PATH.read_text())
    wanted = sys.argv[1:] or [name for name in zoo.list_models() if name not in golden]
    golden |= {name: compute(name) for name in wanted}
    for name, tag in TRAINED:
        if name in wanted or f"{name} {tag}" not in golden["trained"]:
            golden["trained"][f"{name} {tag}"] = compute_trained(name, tag)
    PATH.write_text(json.dumps(golden, separators=(",", ":"), sort_keys=True) + "\n")
