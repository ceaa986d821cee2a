"""Multiply-adds of layers over sequences: recurrent ones and attention."""

import math

from keras import layers

CELLS = layers.SimpleRNNCell | layers.GRUCell | layers.LSTMCell


def recurrent_products(layer, shape) -> int | None:
    """The kernels of the cells for each step; what gates multiply value by value is left out.

    Args:
        layer: a `keras.layers.RNN`.
        shape: of its input, (batch, steps, values), for one example.

    Returns:
        None if the number of steps, or the kind of a cell, is not known.
    """
    cells = getattr(layer.cell, "cells", [layer.cell])
    if None in shape[:2] or not all(isinstance(cell, CELLS) for cell in cells):
        return None
    steps = math.prod(shape[:2])
    kernels = [kernel for cell in cells for kernel in (cell.kernel, cell.recurrent_kernel)]
    return steps * sum(math.prod(kernel.shape) for kernel in kernels)


def multi_head_attention_products(layer, query, key, value) -> int | None:
    """The four projections, the scores Q K^T, and their products with V, from three shapes.

    Positions attend to those along `layer.attention_axes`, by default to all.

    Returns:
        None if a length is not known.
    """
    if None in query or None in value:
        return None
    positions, sources = math.prod(query[:-1]), math.prod(value[:-1])
    attended = math.prod(value[axis] for axis in layer.attention_axes)
    projections = positions * (_size(layer.query_dense) + _size(layer.output_dense))
    projections += sources * (_size(layer.key_dense) + _size(layer.value_dense))
    widths = layer.key_dim + layer.value_dim
    return projections + positions * attended * layer.num_heads * widths


def grouped_attention_products(layer, query, key, value) -> int | None:
    """As `multi_head_attention_products`, with fewer heads for keys and values than for queries."""
    if None in query or None in value:
        return None
    (examples, length, features), (_, sources, key_features) = query, key
    query_width = layer.num_query_heads * layer.head_dim
    key_width = layer.num_key_value_heads * layer.head_dim
    gates = 1 if layer.use_gate else 0
    projections = length * features * query_width * (2 + gates)  # of the query and the output
    projections += sources * (key_features + value[-1]) * key_width
    return examples * (projections + 2 * length * sources * query_width)


def _size(layer) -> int:
    return math.prod(layer.kernel.shape)
