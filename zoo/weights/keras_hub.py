"""Weights of keras-hub's vision transformer and BERT, loaded into the zoo's, and back.

    backbone = keras_hub.models.ViTBackbone.from_preset("vit_base_patch16_224_imagenet")
    features = zoo.weights.from_keras_hub(zoo.get("vit_base_16", num_classes=5), backbone)

keras-hub keeps the heads of an attention on an axis of their own, and Q, K and V apart. Its BERT
has GELU's tanh: `zoo.get("bert_base", activation="gelu_tanh")`.
"""

from dataclasses import dataclass

import keras
import numpy as np

from zoo import checks


@dataclass(frozen=True)
class Names:
    """Where a backbone keeps what a layer of the zoo's has."""

    outside_blocks: dict[str, str]  # weight, or layer, of the zoo: keras-hub's
    in_blocks: dict[str, str]  # part of a block: those of keras-hub's
    block: str  # the name of a block
    first: int  # its number
    enclosing: int  # names before it, of the layers that hold all blocks or all patches

    def paths(self, path: str) -> list[str] | None:
        """keras-hub's paths for a variable of the zoo's; None: it has none, as the heads."""
        layer, _, name = path.rpartition("/")
        if path in self.outside_blocks:
            return [self.outside_blocks[path]]
        if layer in self.outside_blocks:
            return [f"{self.outside_blocks[layer]}/{name}"]
        if not layer.startswith("block"):
            return None
        number, _, part = layer.removeprefix("block").partition("_")
        block = f"{self.block}_{int(number) - 1 + self.first}"
        return [f"{block}/{theirs}/{name}" for theirs in self.in_blocks[part].split()]


VIT = Names(
    {
        "patches": "patch_embedding",
        "prefix/tokens": "class_token",
        "positions/table": "position_embedding/embeddings",
        "norm": "ln",
    },
    {
        "norm1": "ln_1",
        "attention/qkv": "mha/query mha/key mha/value",
        "attention/out": "mha/attention_output",
        "norm2": "ln_2",
        "mlp1": "mlp/dense_1",
        "mlp2": "mlp/dense_2",
    },
    "transformer_block",
    first=1,
    enclosing=1,
)
SELF = "self_attention_layer"
BERT = Names(
    {
        "token_embedding": "token_embedding",
        "segment_embedding": "segment_embedding",
        "positions/table": "position_embedding/embeddings",
        "embeddings_norm": "embeddings_layer_norm",
        "pooler": "pooled_dense",
    },
    {
        "attention/qkv": f"{SELF}/query {SELF}/key {SELF}/value",
        "attention/out": f"{SELF}/attention_output",
        "norm1": f"{SELF}_norm",
        "mlp1": "feedforward_intermediate_dense",
        "mlp2": "feedforward_output_dense",
        "norm2": "feedforward_layer_norm",
    },
    "transformer_layer",
    first=0,
    enclosing=0,
)


def from_keras_hub(model: keras.Model, backbone: keras.Model) -> keras.Model:
    """Load a `ViTBackbone` or `BertBackbone` of keras-hub; heads of the model stay as they are.

    The tokens that `model.get_layer("norm")` gives are then those of the backbone; of a BERT those
    of its last block.

    Args:
        model: a vision transformer of the zoo with a class token, or a BERT.
        backbone: of the same width, depth and patch, for images of the same size; of another size
            where the model is built with their `position_grid`. A BERT's of the same vocabulary
            and length.

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
    """Fill a `ViTBackbone` or `BertBackbone` of keras-hub with the model's weights.

    Returns:
        The backbone.

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
    names = BERT if "token_embedding" in [layer.name for layer in model.layers] else VIT
    theirs = {v.path.split("/", names.enclosing)[-1]: v for v in backbone.weights}
    pairs = []
    for variable in model.weights:
        paths = names.paths(variable.path)
        if paths is None:
            continue
        found = [theirs.pop(path, None) for path in paths]
        missing = any(source is None for source in found)
        if missing or sum(map(_size, found)) != _size(variable):
            raise ValueError(
                f"{variable.path} {tuple(variable.shape)} of {model.name} has no counterpart of "
                f"its size in {backbone.name}, looked for as {', '.join(paths)}: both need one "
                f"width and depth, one patch, grid of positions and a class token, or one "
                f"vocabulary and length"
            )
        pairs.append((variable, found))
    if theirs:
        raise ValueError(f"{model.name} has nothing for {next(iter(theirs))} of {backbone.name}")
    return pairs


def _size(variable) -> int:
    return int(np.prod(variable.shape))
