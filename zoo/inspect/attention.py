"""What the tokens of a transformer attend to, and how far away it is."""

import contextlib
from functools import partial

import keras
import numpy as np
from keras import ops

from zoo import checks, registry
from zoo.backend.operations import layers_within
from zoo.inspect.hooks import replaced_call
from zoo.inspect.tokens import token_grid
from zoo.layers import CrossAttention, SelfAttention

OWN = SelfAttention | CrossAttention


def attention_weights(model: keras.Model, inputs) -> dict[str, np.ndarray]:
    """The attention of every layer: (n, heads, t, s) float32, rows that sum to 1, by layer name.

    Found are the layers `SelfAttention` and `CrossAttention` of `zoo.layers` and
    `keras.layers.MultiHeadAttention`, in the order in which the model runs them. It costs one
    forward pass.

    Raises:
        ValueError: if the model has none of them, or they do not run.
    """
    checks.model(model)
    attentions = [
        layer
        for layer in layers_within(model)
        if isinstance(layer, OWN | keras.layers.MultiHeadAttention)
    ]
    if not attentions:
        raise ValueError(
            f"{model.name} has no attention to look at: no layer is a zoo.layers.SelfAttention or "
            f"a keras.layers.MultiHeadAttention"
        )
    weights = {}
    with contextlib.ExitStack() as stack:
        for layer in attentions:
            stack.enter_context(replaced_call(layer, partial(_recording, layer, weights)))
        model(keras.tree.map_structure(ops.convert_to_tensor, inputs), training=False)
    if not weights:
        raise ValueError(f"{model.name} does not run its attention layers for these inputs")
    return {name: ops.convert_to_numpy(ops.cast(w, "float32")) for name, w in weights.items()}


def _recording(layer, weights, call):
    def recording_call(*args, **kwargs):
        if isinstance(layer, OWN):
            masks = {name: mask for name, mask in kwargs.items() if name.endswith("mask")}
            weights[layer.name] = layer.attention(*args, **masks)
            return call(*args, **kwargs)
        wanted = kwargs.pop("return_attention_scores", False)
        outputs, weights[layer.name] = call(*args, return_attention_scores=True, **kwargs)
        return (outputs, weights[layer.name]) if wanted else outputs

    return recording_call


def attention_distance(
    model: keras.Model, images, *, grid=None, prefix_tokens=None
) -> dict[str, np.ndarray]:
    """How far a head looks, in pixels: (heads,) for every attention layer, by its name.

    The distance from a patch to the patches that it attends to, weighted by the attention, mean
    over all patches and images; prefix tokens are left out. Small in the first layers where heads
    look next to them, as convolutions do; large where they gather from the whole image. Source:
    Dosovitskiy et al., An image is worth 16x16 words (arXiv:2010.11929), figure 7.

    Args:
        images: (n, H, W, channels), as the model takes them.
        grid: (rows, columns) of the patches; None: by the model's card.
        prefix_tokens: tokens before those of the patches; None: by the card.

    Raises:
        ValueError: if the model has no attention; if neither card nor call tells the grid, or the
            tokens do not fit it.
    """
    checks.model(model)
    images = checks.array("images", images)
    if images.ndim != 4:
        raise ValueError(f"images must be (n, H, W, channels), not {images.shape}")
    card = registry.card(model.name) if model.name in registry.list_models() else None
    sides = images.shape[1:3]
    distances = {}
    for name, weights in attention_weights(model, images).items():
        (rows, columns), prefix = token_grid(
            name, weights.shape[-1], sides, card, grid, prefix_tokens
        )
        weights = weights[:, :, prefix:, prefix:]  # between patches
        weights = weights / weights.sum(axis=-1, keepdims=True)
        apart = patch_distances((rows, columns), (sides[0] / rows, sides[1] / columns))
        distances[name] = (weights * apart).sum(axis=-1).mean(axis=(0, 2))
    return distances


def patch_distances(grid: tuple[int, int], patch: tuple[float, float]) -> np.ndarray:
    """(t, t): how many pixels the centres of the patches of a grid lie apart."""
    rows, columns = np.indices(grid).reshape(2, -1)
    down = (rows[:, None] - rows) * patch[0]
    across = (columns[:, None] - columns) * patch[1]
    return np.hypot(down, across)
