"""How alike the learned positions of a transformer are."""

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.fundamentals.positional import similarity
from zoo.layers import Positions


def position_similarity(model: keras.Model) -> np.ndarray:
    """(rows, columns, rows, columns): the cosine of the positions of every two patches.

    Neighbours become alike in training, and so do the patches of a row and of a column: the net
    learns that its tokens lie in a plane. Positions that are still zero give 0. Source: Dosovitskiy
    et al., An image is worth 16x16 words (arXiv:2010.11929), figure 7.

    Raises:
        ValueError: if the model has no layer `zoo.layers.Positions`.
    """
    checks.model(model)
    layer = next((layer for layer in model.layers if isinstance(layer, Positions)), None)
    if layer is None:
        raise ValueError(f"{model.name} has no learned positions: no layer is zoo.layers.Positions")
    table = ops.convert_to_numpy(ops.cast(layer.positions(), "float32"))[layer.prefix_tokens :]
    return similarity(table.reshape(*layer.grid, -1))
