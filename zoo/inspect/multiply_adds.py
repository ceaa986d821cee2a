"""Multiply-adds: the products of convolutions, matrices and attention, for one example.

Norms, activations, poolings and biases are left out, as is customary. What is not known is None,
never 0. A layer of one's own is counted by what its `call` computes, if that can be run on symbolic
tensors, or by a method `multiply_adds()` that returns the number; a class derived from one of
Keras's layers with a kernel counts as that layer.
"""

import inspect
import math

import keras
from keras import layers

from zoo.backend import graph
from zoo.inspect.operation_products import (
    einsum_products,
    for_one,
    operation_products,
    positions_in,
)
from zoo.inspect.sequence_products import (
    grouped_attention_products,
    multi_head_attention_products,
    recurrent_products,
)

TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
WITH_KERNELS = (
    layers.Dense,
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
    layers.SeparableConv1D,
    layers.SeparableConv2D,
    *TRANSPOSED,
)
COMPOSED = (
    layers.Attention,
    layers.AdditiveAttention,
    layers.Dot,
    layers.Lambda,
    layers.ReversibleEmbedding,
    layers.SpectralNormalization,
    keras.Model,
)
# Their weights, some of more than one axis, are looked up or multiply value by value.
WITHOUT_PRODUCTS = (
    layers.Embedding,
    layers.Normalization,
    layers.BatchNormalization,
    layers.LayerNormalization,
    layers.GroupNormalization,
    layers.RMSNormalization,
    layers.PReLU,
)
FOREIGN = (layers.TFSMLayer, layers.JaxLayer, layers.TorchModuleWrapper, layers.MelSpectrogram)


def multiply_adds(node) -> int | None:
    """Products in one use of a layer or operation, for one example; None if they are not known."""
    operation = node.operation
    if hasattr(operation, "multiply_adds"):
        return operation.multiply_adds()
    if not isinstance(operation, layers.Layer):
        return operation_products(node) if _is_of_keras(operation) else None
    if isinstance(operation, layers.TimeDistributed):
        return _of_each_step(operation, node)
    if isinstance(operation, layers.Bidirectional):
        shape = for_one(node.input_tensors[0].shape)
        directions = operation.forward_layer, operation.backward_layer
        return total(recurrent_products(direction, shape) for direction in directions)
    if isinstance(operation, layers.RNN):
        return recurrent_products(operation, for_one(node.input_tensors[0].shape))
    if isinstance(operation, layers.MultiHeadAttention):
        return multi_head_attention_products(operation, *_query_key_value(node))
    if isinstance(operation, layers.GroupQueryAttention):
        return grouped_attention_products(operation, *_query_key_value(node))
    if isinstance(operation, layers.EinsumDense):
        shapes = node.input_tensors[0].shape, operation.kernel.shape
        return einsum_products(operation.equation, shapes)
    if isinstance(operation, WITH_KERNELS):
        return _of_kernels(node)
    if isinstance(operation, WITHOUT_PRODUCTS) and not isinstance(operation, COMPOSED):
        return 0
    if _is_of_keras(operation) and not isinstance(operation, COMPOSED):
        has_matrix = any(len(weight.shape) > 1 for weight in operation.weights)
        return None if has_matrix or isinstance(operation, FOREIGN) else 0
    nodes = graph.inside(operation, node)
    return None if nodes is None else total(map(multiply_adds, nodes))


def keeps_batch_axis(node) -> bool:
    """Whether a layer is known to keep the batch in the first axis, where its size may be unknown.

    An operation such as `keras.ops.reshape` may merge it with another axis.
    """
    operation = node.operation
    if isinstance(operation, WITH_KERNELS + WITHOUT_PRODUCTS) or graph.graph_of(operation):
        return True
    if isinstance(operation, layers.Lambda):
        return False
    return _is_of_keras(operation) and isinstance(operation, layers.Layer)


def total(counts) -> int | None:
    """The sum, or None if one of the counts is not known."""
    counts = list(counts)
    return None if None in counts else sum(counts)


def _is_of_keras(operation) -> bool:
    """Whether it is Keras's own, and not a class that a user derived."""
    return type(operation).__module__.partition(".")[0] == "keras"


def _of_kernels(node) -> int | None:
    """A kernel's size for each position: of the output, or of the input if it is transposed."""
    layer = node.operation
    tensors = node.input_tensors if isinstance(layer, TRANSPOSED) else node.output_tensors
    positions = positions_in(tensors[0].shape, getattr(layer, "data_format", None))
    names = ("kernel", "depthwise_kernel", "pointwise_kernel")
    kernels = [getattr(layer, name) for name in names if hasattr(layer, name)]
    if positions is None:
        return None
    return positions * sum(math.prod(kernel.shape) for kernel in kernels)


def _of_each_step(layer, node) -> int | None:
    inputs = node.input_tensors[0]
    examples, steps, *step_shape = for_one(inputs.shape)
    step = graph.node_for(layer.layer, (1, *step_shape), inputs.dtype)
    count = multiply_adds(step)
    return None if None in (examples, steps, count) else examples * steps * count


def _query_key_value(node):
    """The shapes of an attention's query, key and value, for one example."""
    call = inspect.signature(node.operation.call)
    given = call.bind(*node.arguments.args, **node.arguments.kwargs).arguments
    query, key, value = given["query"], given.get("key"), given["value"]
    key = value if key is None else key
    return [for_one(tensor.shape) for tensor in (query, key, value)]
