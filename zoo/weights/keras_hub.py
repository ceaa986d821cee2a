"""Weights of keras-hub's vision transformer, loaded into the zoo's, and back.

    backbone = keras_hub.models.ViTBackbone.from_preset("vit_base_patch16_224_imagenet")
    features = zoo.weights.from_keras_hub(zoo.get("vit_base_16", num_classes=5), backbone)

keras-hub keeps the heads of an attention on an axis of their own, and Q, K and V apart.
"""

import keras
import numpy as np

from zoo import checks

OUTSIDE_BLOCKS = {  # layer of the zoo: path of keras-hub's, without the names of its models
    "patches": "patch_embedding",
    "prefix": "class_token",
    "positions": "position_embedding/embeddings",
    "norm": "ln",
}
IN_BLOCKS = {
    "norm1": "ln_1",
    "attention/qkv": "mha/query mha/key mha/value",
    "attention/out": "mha/attention_output",
    "norm2": "ln_2",
    "mlp1": "mlp/dense_1",
    "mlp2": "mlp/dense_2",
}


def from_keras_hub(model: keras.Model, backbone: keras.Model) -> keras.Model:
    """Load a `keras_hub.models.ViTBackbone`; the head of the model stays as it is.

    The tokens that `model.get_layer("norm")` gives are then those of the backbone.

    Args:
        model: a vision transformer of the zoo with a class token.
        backbone: of the same width, depth and patch, for images of the same size; of another size
            where the model is built with their `position_grid`.

    Returns:
        The same model.

    Raises:
        ValueError: if the two differ in form; the message names the first weight that does not
            fit. The model then keeps the weights that it had.
    """
    values = []
    for variable, sources in _pairs(model, backbone):
        shape = (*variable.shape[:-1], variable.shape[-1] // len(sources))
        parts = [keras.ops.convert_to_numpy(source).reshape(shape) for source in sources]
        values.append((variable, np.concatenate(parts, axis=-1)))
    for variable, value in values:
        variable.assign(value)
    return model


def to_keras_hub(model: keras.Model, backbone: keras.Model) -> keras.Model:
    """Fill a `keras_hub.models.ViTBackbone` with the model's weights; returns the backbone.

    Raises:
        ValueError: as `from_keras_hub`; the backbone then keeps its weights.
    """
    for variable, targets in _pairs(model, backbone):
        parts = np.split(keras.ops.convert_to_numpy(variable), len(targets), axis=-1)
        for target, part in zip(targets, parts, strict=True):
            target.assign(part.reshape(target.shape))
    return backbone


def _pairs(model, backbone) -> list[tuple[keras.Variable, list[keras.Variable]]]:
    """Each variable of the model but the head's, with those of the backbone that hold the same."""
    checks.model(model)
    checks.model(backbone, "backbone")
    theirs = {_short(variable.path): variable for variable in backbone.weights}
    pairs = []
    for variable in model.weights:
        paths = _their_paths(variable.path)
        if paths is None:
            continue
        found = [theirs.pop(path, None) for path in paths]
        missing = any(source is None for source in found)
        if missing or sum(map(_size, found)) != _size(variable):
            raise ValueError(
                f"{variable.path} {tuple(variable.shape)} of {model.name} has no counterpart of "
                f"its size in {backbone.name}, looked for as {', '.join(paths)}: both need one "
                f"width, depth, patch and grid of positions, and a class token"
            )
        pairs.append((variable, found))
    if theirs:
        raise ValueError(f"{model.name} has nothing for {next(iter(theirs))} of {backbone.name}")
    return pairs


def _their_paths(path: str) -> list[str] | None:
    """keras-hub's paths for a variable of the zoo's transformer; None: it has none, as the head."""
    layer, *_, name = path.split("/")
    if layer in ("prefix", "positions"):
        return [OUTSIDE_BLOCKS[layer]]
    if layer in OUTSIDE_BLOCKS:
        return [f"{OUTSIDE_BLOCKS[layer]}/{name}"]
    if not layer.startswith("block"):
        return None
    block, _, part = path.removeprefix("block").partition("_")
    parts = IN_BLOCKS[part.removesuffix(f"/{name}")].split()
    return [f"transformer_block_{block}/{part}/{name}" for part in parts]


def _short(path: str) -> str:
    """Without the names of the layers that hold all patches and all blocks."""
    return path.split("/", 1)[1]


def _size(variable) -> int:
    return int(np.prod(variable.shape))
