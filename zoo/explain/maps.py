"""The maps that a layer gives, and where they lie in the image; tokens are laid out as maps."""

import warnings
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.explain.inputs import Inputs, run
from zoo.explain.layer_search import card_of, find_layer, layers_with_maps, static_shape
from zoo.inspect.hooks import tap
from zoo.inspect.tokens import token_grid


@dataclass(frozen=True)
class MapLayer:
    """A layer that gives maps (n, h, w, channels), or tokens (n, tokens, channels) of a grid."""

    model: keras.Model
    layer: keras.layers.Layer
    shape: tuple[int, ...]  # of what it gives
    grid: tuple[int, int] | None  # rows and columns of the tokens; None: it gives maps
    prefix_tokens: int  # tokens before those of the grid

    @classmethod
    def find(
        cls, model, inputs: Inputs, layer=None, *, grid=None, prefix_tokens=None, smallest=1
    ) -> "MapLayer":
        """The layer of this name and how its tokens lie, if need be by its model's card.

        Raises:
            ValueError: if there is no such layer, or the model does not run it once; if it gives
                neither maps nor tokens of the grid; if a side is shorter than `smallest`.
        """
        checks.whole_number("smallest", smallest, least=1)
        layer = find_layer(model, layer, smallest)
        shape = (inputs.image.shape[0], *static_shape(layer)[1:])
        if None in shape or len(shape) == 1:
            with tap(model, layer) as tapped:
                run(model, inputs.tensors)
            shape = tuple(tapped[0].shape)
        sides = inputs.image.shape[1:3]
        grid, prefix_tokens = layout(model, layer, shape, sides, grid, prefix_tokens, smallest)
        return cls(model, layer, shape, grid, prefix_tokens)

    def maps(self, given) -> np.ndarray:
        """(n, h, w, channels) float32 of what the layer gives, or of a gradient there."""
        given = ops.convert_to_numpy(ops.cast(given, "float32"))
        if self.grid is None:
            return given
        return given[:, self.prefix_tokens :].reshape(len(given), *self.grid, given.shape[-1])

    def maps_of(self, inputs: Inputs) -> np.ndarray:
        """(n, h, w, channels) float32 of the inputs; ValueError if they are not finite."""
        with tap(self.model, self.layer) as tapped:
            run(self.model, inputs.tensors)
        return self.require_finite(self.maps(tapped[0]))

    def require_finite(self, maps: np.ndarray) -> np.ndarray:
        """The maps themselves; ValueError if they are not finite."""
        finite = np.isfinite(maps).all(axis=(1, 2, 3))
        if not finite.all():
            raise ValueError(
                f"the layer {self.layer.name} of {self.model.name} gives NaN or infinite values "
                f"for {np.sum(~finite)} of {len(maps)} images; see its weights, and the range of "
                f"the images"
            )
        return maps


def layout(model, layer, shape, sides, grid=None, prefix_tokens=None, smallest=1):
    """(grid, prefix tokens) of a layer that gives `shape` for an image of `sides`; grid None: it
    gives maps.

    Raises:
        ValueError: as `MapLayer.find`.
    """
    if len(shape) == 4 and grid is None and not prefix_tokens:
        _require_sides(model, layer, shape[1:3], smallest)
        return None, 0
    if len(shape) != 3:
        why = "grid= and prefix_tokens= are for layers that give (n, tokens, d)"
        if grid is None and not prefix_tokens:
            why = (
                f"needed are (h, w, channels). Layers that do: {layers_with_maps(model, smallest)}"
            )
        raise ValueError(f"the layer {layer.name} gives maps of shape {shape[1:]}; {why}")
    (rows, columns), prefix_tokens = token_grid(
        layer.name, shape[1], sides, card_of(model, layer), grid, prefix_tokens
    )
    _require_sides(model, layer, (rows, columns), smallest)
    return (rows, columns), prefix_tokens


def is_zero(maps: np.ndarray) -> np.ndarray:
    """Whether the maps or gradients (n, ...) of each image are zero everywhere."""
    return ~maps.any(axis=tuple(range(1, maps.ndim)))


def warn_of_empty(empty: np.ndarray, reason: str, stacklevel=4) -> None:
    """Warn once, with the reason, of the images (n,) that get an empty map or no change."""
    if empty.any():
        warnings.warn(f"{np.sum(empty)} of {len(empty)} images: {reason}", stacklevel=stacklevel)


def scaled(maps) -> np.ndarray:
    """Maps (n, h, w), none negative, each divided by its maximum; one that is 0 stays 0."""
    peaks = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, peaks, out=np.zeros_like(maps), where=peaks > 0)


def _require_sides(model, layer, sides, smallest) -> None:
    if any(side is not None and side < smallest for side in sides):
        raise ValueError(
            f"the layer {layer.name} gives maps of {sides[0]}x{sides[1]}, and maps of fewer than "
            f"{smallest}x{smallest} show little of where; smallest={min(sides)} takes them all the "
            f"same. Larger ones: {layers_with_maps(model, smallest)}"
        )
