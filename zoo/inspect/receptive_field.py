"""Receptive fields: how much of the image one value of a layer can see.

A layer of kernel k, dilation d and stride s widens a field of r input pixels, whose neighbours lie
`jump` pixels apart, to r + (k - 1) d jump, and multiplies the jump by s. Upsampling divides it: a
jump of 1/2 is two values per pixel. Where branches meet, the widest counts along each side. Source:
Araujo, Norris and Sim, Computing receptive fields of convolutional neural networks (Distill, 2019).
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction

import keras
from keras import layers

from zoo import checks
from zoo.backend.graph import graph_of, nodes

TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10}
FRAMES = layers.ZeroPadding2D | layers.Cropping2D | layers.CenterCrop  # change a map's border only


@dataclass(frozen=True)
class Side:
    """The field along one side: values that see `own` pixels each, `grid` apart, over a `span`.

    Without upsampling the values are the image's pixels. Behind it they are those of the coarse
    map that was upsampled: the values between them see no further.
    """

    own: int = 1
    grid: Fraction = Fraction(1)
    span: Fraction = Fraction(0)
    jump: Fraction = Fraction(1)

    @property
    def size(self) -> int:
        return int(self.own + self.span // self.grid * self.grid)

    def widened(self, kernel, stride, dilation) -> "Side":
        span = self.span + (kernel - 1) * dilation * self.jump
        return replace(self, span=span, jump=self.jump * stride)

    def refined(self, kernel, factor) -> "Side":
        """`factor` values for each one, then a kernel over this finer grid."""
        coarse = Side(self.size, self.jump) if self.jump >= self.grid else self
        return replace(coarse, jump=self.jump / factor).widened(kernel, 1, 1)


@dataclass(frozen=True)
class Field:
    """What one value sees, (height, width): pixels of the input, and pixels between neighbours.

    Behind a global pooling or a Flatten the field is the whole image, or more with its padding, and
    the jump is None.
    """

    size: tuple[int, int]
    jump: tuple[float | Fraction, float | Fraction] | None
    sides: tuple[Side, Side] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, *sides: Side) -> "Field":
        jumps = [int(side.jump) if side.jump == int(side.jump) else side.jump for side in sides]
        return cls(tuple(side.size for side in sides), tuple(jumps), sides)

    def widened(self, kernel, stride=(1, 1), dilation=(1, 1)) -> "Field":
        steps = zip(self.sides, kernel, stride, dilation, strict=True)
        return Field.of(*[side.widened(*step) for side, *step in steps])

    def refined(self, kernel, factor) -> "Field":
        steps = zip(self.sides, kernel, factor, strict=True)
        return Field.of(*[side.refined(*step) for side, *step in steps])


UNKNOWN = Field((0, 0), None)  # behind a layer whose reach this module does not know


def receptive_field(model: keras.Model) -> dict[str, Field]:
    """The field of each layer's output, by layer name, in the model's order.

    Layers of a nested model appear as `outer/inner`. A layer that has no kernel and keeps height
    and width is taken to look at one position. Other layers that change them, such as a Reshape or
    a Resizing, have no entry, nor do layers of channels-first maps, nor what follows any of them.

    Raises:
        ValueError: if the model is not a functional or Sequential model, is not built yet, or has
            no image input.
    """
    require_graph(model)
    pictures = [tuple(x.shape) for x in model.inputs if len(x.shape) == 4]
    if not pictures:
        shapes = ", ".join(str(tuple(x.shape)) for x in model.inputs)
        raise ValueError(
            f"{model.name} has no image input (batch, height, width, channels); it takes {shapes}"
        )
    start = [Field.of(Side(), Side()) if len(x.shape) == 4 else None for x in model.inputs]
    fields = {}
    _walk(model, start, pictures[0][1:3], fields, "")
    return fields


def require_graph(model) -> None:
    """Raise ValueError unless a model has a graph of layers to walk through."""
    checks.model(model)
    if graph_of(model) is not None:
        return
    if isinstance(model, keras.Sequential):
        raise ValueError(
            f"{model.name} is not built yet: let it begin with keras.Input(shape), or call it on a "
            f"batch"
        )
    raise ValueError(
        f"{model.name} is a {type(model).__name__}, whose layers are called by its own code: only "
        f"functional and Sequential models have a graph of layers to look at"
    )


def _walk(model, start, image, fields, prefix):
    """Follow a graph from the fields of its inputs; returns those of its outputs."""
    graph = graph_of(model)
    field_of = dict(zip(map(id, graph.inputs), start, strict=True))  # by the tensor's id
    for node in nodes(graph):
        if node.is_input:
            continue
        layer, before = node.operation, [field_of.get(id(x)) for x in node.input_tensors]
        name = prefix + layer.name
        if graph_of(layer):
            outputs = _walk(layer, before, image, fields, f"{name}/")
        else:
            field = _through(layer, _meeting(before), node, image)
            outputs = [field] * len(node.output_tensors)
            if field is not None and field is not UNKNOWN:
                fields[name] = field
        field_of.update(zip(map(id, node.output_tensors), outputs, strict=True))
    return [field_of.get(id(x)) for x in graph.outputs]


def _meeting(fields):
    """The field of branches that meet."""
    fields = [field for field in fields if field is not None]
    if not fields or UNKNOWN in fields:
        return UNKNOWN if fields else None
    if all(field.jump for field in fields):
        sides = zip(*[field.sides for field in fields], strict=True)
        return Field.of(*[max(side, key=lambda one: one.size) for side in sides])
    sizes = zip(*[field.size for field in fields], strict=True)
    return Field(tuple(None if None in size else max(size) for size in sizes), None)


def _through(layer, field, node, image):
    """The field behind one layer."""
    if field is None or field.jump is None:
        return field
    if getattr(layer, "data_format", None) == "channels_first":
        return UNKNOWN
    if isinstance(layer, layers.Conv2DTranspose) and max(layer.strides) > 1:
        return field.refined(layer.kernel_size, layer.strides)
    if isinstance(layer, layers.UpSampling2D):
        taps = TAPS[layer.interpolation]
        # An odd factor puts a value on each old one, which takes nothing of its neighbours.
        reach = [taps * size - (size % 2 if taps > 1 else 0) for size in layer.size]
        return field.refined(reach, layer.size)
    if hasattr(layer, "block_size"):  # channels to pixels or back
        block = (layer.block_size, layer.block_size)
        finer = node.output_tensors[0].shape[-1] < node.input_tensors[0].shape[-1]
        return field.refined(block, block) if finer else field.widened(block, block)
    if hasattr(layer, "pool_size"):
        pool, strides = _pair(layer.pool_size), layer.strides
        return field.widened(pool, pool if strides is None else _pair(strides))
    if hasattr(layer, "kernel_size") and hasattr(layer, "dilation_rate"):
        return field.widened(layer.kernel_size, layer.strides, layer.dilation_rate)
    kernels = [w for w in getattr(layer, "weights", ()) if len(w.shape) == 4]
    if kernels or hasattr(layer, "dilation_rate"):  # a layer around convolutions, keras.ops.conv
        return UNKNOWN
    before = {tuple(x.shape[1:3]) for x in node.input_tensors if len(x.shape) > 3}
    after = {tuple(x.shape[1:3]) for x in node.output_tensors if len(x.shape) > 3}
    if after and (after <= before or isinstance(layer, FRAMES)):
        return field
    if after and after != {(1, 1)}:
        return UNKNOWN
    # The whole image, of which None sides are not known, and padding that was seen as well.
    sides = zip(image, field.size, strict=True)
    return Field(tuple(side and max(side, own) for side, own in sides), None)


def _pair(size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)
