"""Layers that compute something else for a while, or whose results are kept."""

import contextlib
from functools import partial

import keras


@contextlib.contextmanager
def replaced_call(operation: keras.Operation, replacement):
    """While open, a layer or operation computes `replacement(its own call)`."""
    name = "quantized_call" if getattr(operation, "quantization_mode", None) else "call"
    own = vars(operation).get(name)  # of a layer whose call somebody has replaced already
    setattr(operation, name, replacement(getattr(operation, name)))
    try:
        yield
    finally:
        if own is None:
            delattr(operation, name)
        else:
            setattr(operation, name, own)


@contextlib.contextmanager
def recorded(operations):
    """While open, keep what the operations give: yields a list of (operation, output)."""
    results = []

    def recording(operation, call):
        def recording_call(*args, **kwargs):
            output = call(*args, **kwargs)
            results.append((operation, output))
            return output

        return recording_call

    with contextlib.ExitStack() as stack:
        for operation in operations:
            stack.enter_context(replaced_call(operation, partial(recording, operation)))
        yield results


@contextlib.contextmanager
def without_activation(operations):
    """While open, the layers have no activation, and activations of their own change nothing."""
    with contextlib.ExitStack() as stack:
        for operation in operations:
            if callable(getattr(operation, "activation", None)):
                stack.callback(setattr, operation, "activation", operation.activation)
                operation.activation = keras.activations.linear
            else:
                stack.enter_context(replaced_call(operation, lambda call: _first))
        yield


@contextlib.contextmanager
def tap(model, layer, shift=0.0):
    """While open, `layer` adds `shift` to what it gives, and the list yielded holds the sum.

    The derivative with respect to the shift is that with respect to the layer's output, wherever
    in a model the layer sits; cutting the graph in two would only do for a chain.

    Raises:
        ValueError: on leaving, if the layer did not run, ran twice, or gave several tensors.
    """
    tapped = []

    def tapping(call):
        def tapped_call(*args, **kwargs):
            output = call(*args, **kwargs)
            if not keras.tree.is_nested(output):
                output = output + keras.ops.cast(shift, output.dtype)
            tapped.append(output)
            return output

        return tapped_call

    with replaced_call(layer, tapping):
        yield tapped
    if not tapped:
        raise ValueError(f"{model.name} does not run its layer {layer.name}")
    if len(tapped) > 1 or keras.tree.is_nested(tapped[0]):
        what = "runs more than once" if len(tapped) > 1 else "gives several tensors"
        raise ValueError(f"the layer {layer.name} of {model.name} {what}; name another layer")


def _first(x, *args, **kwargs):
    return x
