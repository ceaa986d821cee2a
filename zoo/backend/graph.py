"""The graph of a functional model, node by node; Keras has no public way through it."""

import contextlib

import keras


def graph_of(model) -> keras.Function | None:
    """The functional graph that a model is, or, as a Sequential, wraps; None if there is none."""
    graph = getattr(model, "_functional", model)
    return graph if isinstance(graph, keras.Function) else None


def nodes(graph: keras.Function) -> list:
    """The nodes of a graph, each after those whose tensors it takes."""
    levels = graph._nodes_by_depth
    return [node for depth in sorted(levels, reverse=True) for node in levels[depth]]


def run(graph: keras.Function, inputs, call):
    """The outputs of a functional graph, each operation called by `call(operation, *args)`."""
    tensors = dict(zip(map(id, graph.inputs), keras.tree.flatten(inputs), strict=True))
    for node in nodes(graph):
        if node.is_input:
            continue
        args, kwargs = node.arguments.fill_in(tensors)
        outputs = keras.tree.flatten(call(node.operation, *args, **kwargs))
        tensors |= {id(x): y for x, y in zip(node.outputs, outputs, strict=True)}
    return keras.tree.pack_sequence_as(
        graph._outputs_struct, [tensors[id(x)] for x in graph.outputs]
    )


def uses(layer) -> list:
    """The nodes of a layer in all the graphs that call it."""
    return layer._inbound_nodes


def nodes_before(tensor) -> list:
    """The nodes that a symbolic tensor is computed by, in no order."""
    found, open_tensors = [], [tensor]
    while open_tensors:
        operation, index, _ = open_tensors.pop()._keras_history
        node = operation._inbound_nodes[index]
        if node not in found:
            found.append(node)
            open_tensors += node.input_tensors
    return found


def inside(layer, node) -> list | None:
    """The nodes of what a layer, or a model, computes for one example in one of its uses.

    It is called once more, on symbolic tensors of a batch of one, so that every shape is known.
    None if its code cannot be run on symbolic tensors.
    """
    args, kwargs = _for_one_example((node.arguments.args, node.arguments.kwargs))
    return _traced(layer, *args, **kwargs)


def nodes_for_one_example(model) -> list | None:
    """The nodes of a functional model with every shape for a batch of one; None as in `inside`."""
    inputs = keras.tree.map_structure(
        lambda x: keras.Input(batch_shape=(1, *x.shape[1:]), dtype=x.dtype),
        graph_of(model)._inputs_struct,
    )
    return _traced(model, inputs)


def node_for(layer, shape, dtype):
    """The node of a layer that is used on one tensor of that shape."""
    with _nodes_kept(layer):
        output = layer(keras.Input(batch_shape=shape, dtype=dtype))
        return nodes_before(keras.tree.flatten(output)[0])[0]


def _traced(layer, *args, **kwargs):
    with _nodes_kept(layer), keras.StatelessScope():  # nothing of this call stays
        try:
            outputs = layer.call(*args, **kwargs)
            found = [node for x in keras.tree.flatten(outputs) for node in nodes_before(x)]
        except Exception:  # a user's code, which may ask a symbolic tensor for anything
            return None
    return [node for node in dict.fromkeys(found) if not node.is_input]


def _for_one_example(arguments):
    """The arguments with new symbolic tensors, whose unknown batch size is 1."""
    new = {}

    def one_example(x):
        if not isinstance(x, keras.KerasTensor):
            return x
        if id(x) not in new:  # a tensor that is given twice stays one tensor
            shape = [1 if i == 0 and side is None else side for i, side in enumerate(x.shape)]
            new[id(x)] = keras.Input(batch_shape=shape, dtype=x.dtype)
        return new[id(x)]

    return keras.tree.map_structure(one_example, arguments)


@contextlib.contextmanager
def _nodes_kept(layer):
    """A block after which a layer, and those inside it, have the nodes that they had before."""
    layers = layer._flatten_layers()
    before = [(one, one._inbound_nodes[:], one._outbound_nodes[:]) for one in layers]
    try:
        yield
    finally:
        for one, inbound, outbound in before:
            one._inbound_nodes[:] = inbound
            one._outbound_nodes[:] = outbound
