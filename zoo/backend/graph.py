"""The graph of a functional model, node by node; Keras has no public way through it."""

import keras


def graph_of(model) -> keras.Function | None:
    """The functional graph that a model is, or, as a Sequential, wraps; None if there is none."""
    graph = getattr(model, "_functional", model)
    return graph if isinstance(graph, keras.Function) else None


def nodes(graph: keras.Function) -> list:
    """The nodes of a graph, each after those whose tensors it takes."""
    levels = graph._nodes_by_depth
    return [node for depth in sorted(levels, reverse=True) for node in levels[depth]]


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
