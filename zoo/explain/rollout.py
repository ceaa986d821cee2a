"""Attention rollout: what of the image reaches the output of a transformer, layer by layer.

Source: Abnar and Zuidema, Quantifying attention flow in transformers (arXiv:2005.00928).
"""

import keras
import numpy as np

from zoo import checks
from zoo.explain.heat import enlarged
from zoo.explain.inputs import Inputs
from zoo.explain.layer_search import card_of
from zoo.explain.maps import scaled
from zoo.inspect.attention import attention_weights
from zoo.inspect.tokens import token_grid


def attention_rollout(
    model: keras.Model, images, *, grid=None, prefix_tokens=None, discard=0.0, image=None
) -> np.ndarray:
    """Heat maps (n, H, W) in [0, 1], float32: how much of each patch reaches the class token.

    The attention of a layer, mean of its heads, is mixed half and half with the identity, for the
    sum around it, and multiplied with what came before. Where there is no class token the mean of
    all tokens is looked at. No class is explained: the map is the same whatever was predicted. It
    costs one forward pass.

    Args:
        model: a transformer of `zoo.layers.SelfAttention` or `keras.layers.MultiHeadAttention`.
        images: as the model takes them, (n, H, W, channels).
        grid: (rows, columns) of the patches; None: by the model's card.
        prefix_tokens: tokens before those of the patches; None: by the card.
        discard: the share of each layer's weakest attention that is set to zero, 0 to below 1.
        image: of several image inputs the key or index of the one explained; None: the first.

    Raises:
        ValueError: if the model has no attention, or its layers attend to different numbers of
            tokens; if neither card nor call tells the grid, or the tokens do not fit it; if the
            images do not fit the model or are not finite.
    """
    checks.number("discard", discard, least=0, below=1)
    inputs = Inputs.checked(model, images, image)
    weights = attention_weights(model, inputs.tensors)
    shapes = {attention.shape[-2:] for attention in weights.values()}
    if len(shapes) > 1 or len(set(*shapes)) > 1:
        raise ValueError(
            f"{model.name} has attentions of different sizes, {sorted(shapes)}; rollout is for "
            f"layers that all attend to the same tokens"
        )
    name, last = list(weights.items())[-1]
    layer = model.get_layer(name)
    (rows, columns), prefix = token_grid(
        name, last.shape[-1], inputs.image.shape[1:3], card_of(model, layer), grid, prefix_tokens
    )
    rollout = np.eye(last.shape[-1], dtype="float32")[None]  # (1, t, t)
    for attention in weights.values():
        rollout = mixed(attention.mean(axis=1), discard) @ rollout
    reached = rollout[:, 0] if prefix else rollout.mean(axis=1)  # (n, t)
    cams = scaled(reached[:, prefix:].reshape(-1, rows, columns))
    return np.stack([enlarged(cam, inputs) for cam in cams])


def mixed(attention: np.ndarray, discard: float) -> np.ndarray:
    """(n, t, t): half the attention, without its weakest share, half the identity."""
    count = int(discard * attention[0].size)
    if count:
        flat = attention.reshape(len(attention), -1)
        bounds = np.partition(flat, count, axis=1)[:, count, None, None]
        attention = np.where(attention < bounds, 0, attention)
    both = attention + np.eye(attention.shape[-1], dtype="float32")
    return both / both.sum(axis=-1, keepdims=True)
