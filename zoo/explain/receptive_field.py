"""Receptive fields: how much of the image one value of a layer can see.

A layer of kernel k, dilation d and stride s widens a field of r input pixels, whose neighbours lie
`jump` pixels apart, to r + (k - 1) d jump, and multiplies the jump by s. Where branches meet, the
widest counts. Source: Araujo, Norris and Sim, Computing receptive fields of convolutional neural
networks (Distill, 2019).
"""

import math
from dataclasses import dataclass, replace

import keras
from keras import layers


@dataclass(frozen=True)
class Field:
    """What one value sees, (height, width): pixels of the input, and pixels between neighbours.

    Once the places are pooled or flattened away the field is the whole image and the jump None.
    """

    size: tuple[int, int]
    jump: tuple[float, float] | None

    def widened(self, kernel, stride=(1, 1), dilation=(1, 1)) -> "Field":
        sides = zip(self.size, self.jump, kernel, dilation, strict=True)
        size = tuple(int(r + (k - 1) * d * j) for r, j, k, d in sides)
        return Field(size, tuple(j * s for j, s in zip(self.jump, stride, strict=True)))

    def refined(self, kernel, stride) -> "Field":
        """Upsampled `stride` times by a transposed kernel: ceil(k / s) inputs reach an output."""
        reach = [math.ceil(k / s) for k, s in zip(kernel, stride, strict=True)]
        field = self.widened(reach)
        return replace(field, jump=tuple(j / s for j, s in zip(self.jump, stride, strict=True)))


def receptive_field(model: keras.Model) -> dict[str, Field]:
    """The field of each layer's output, by layer name, in the model's order.

    Layers of a nested model appear as `outer/inner`.

    Raises:
        ValueError: the model is no functional graph, or has no image input of a known size.
    """
    if graph_of(model) is None:
        raise ValueError(f"{model.name} is no functional graph, or is not built yet")
    pictures = [tuple(x.shape) for x in model.inputs if len(x.shape) == 4]
    if not pictures:
        raise ValueError(f"{model.name} has no image input: {[x.shape for x in model.inputs]}")
    start = [Field((1, 1), (1, 1)) if len(x.shape) == 4 else None for x in model.inputs]
    fields = {}
    _walk(model, start, pictures[0][1:3], fields, "")
    return fields


def graph_of(model) -> keras.Function | None:
    """The functional graph that a model is, or, as a Sequential, wraps; None if there is none."""
    graph = getattr(model, "_functional", model)
    return graph if isinstance(graph, keras.Function) else None


def _walk(model, start, image, fields, prefix):
    """Follow a graph from the fields of its inputs; returns those of its outputs."""
    graph = graph_of(model)
    at = dict(zip(map(id, graph.inputs), start, strict=True))  # tensor -> field
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if node.is_input:
                continue
            layer, into = node.operation, [at.get(id(x)) for x in node.input_tensors]
            name = prefix + layer.name
            if graph_of(layer):
                outputs = _walk(layer, into, image, fields, f"{name}/")
            else:
                field = _through(layer, _widest(into), node, image)
                outputs = [field] * len(node.output_tensors)
                if field is not None:
                    fields[name] = field
            at.update(zip(map(id, node.output_tensors), outputs, strict=True))
    return [at.get(id(x)) for x in graph.outputs]


def _widest(fields):
    fields = [field for field in fields if field is not None]
    return max(fields, key=lambda field: field.size) if fields else None


def _through(layer, field, node, image):
    """The field behind one layer."""
    if field is None or field.jump is None:
        return field
    if isinstance(layer, layers.Conv2DTranspose):
        return field.refined(layer.kernel_size, layer.strides)
    if isinstance(layer, layers.UpSampling2D):
        return field.refined((1, 1), layer.size)
    if isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D):
        return field.widened(layer.pool_size, layer.strides)
    if hasattr(layer, "kernel_size") and hasattr(layer, "dilation_rate"):
        return field.widened(layer.kernel_size, layer.strides, layer.dilation_rate)
    if all(len(x.shape) == 4 for x in node.output_tensors):
        return field
    return Field(image, None)
