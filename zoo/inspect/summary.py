"""The table a course writes beside a net: shape, parameters, receptive field, multiply-adds."""

import html
import math
from dataclasses import dataclass
from fractions import Fraction

import keras
from keras import layers
from rich import box
from rich.console import Console
from rich.table import Table

from zoo.backend.graph import graph_of, nodes
from zoo.inspect.receptive_field import receptive_field

HEADINGS = ("layer", "type", "output", "params", "field", "jump", "mult-adds")


@dataclass(frozen=True)
class LayerRow:
    """One layer; sizes are (height, width) in pixels of the input, for one image."""

    name: str
    type: str
    output_shape: tuple
    params: int
    receptive_field: tuple[int, int] | None
    jump: tuple[float | Fraction, float | Fraction] | None  # 1/2: two values a pixel
    multiply_adds: int

    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            self.type,
            " x ".join("?" if side is None else str(side) for side in self.output_shape),
            f"{self.params:,}" if self.params else "",
            _square(self.receptive_field),
            _square(self.jump),
            f"{self.multiply_adds:,}" if self.multiply_adds else "",
        )


@dataclass(frozen=True)
class ModelSummary:
    """Rows to read, totals, and a table when printed or shown in a notebook."""

    name: str
    rows: tuple[LayerRow, ...]
    params: int
    trainable_params: int

    @property
    def multiply_adds(self) -> int:
        return sum(row.multiply_adds for row in self.rows)

    @property
    def totals(self) -> str:
        return (
            f"{self.params:,} parameters, {self.trainable_params:,} trainable; "
            f"{self.multiply_adds:,} multiply-adds an image"
        )

    def table(self) -> Table:
        look = {"box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0), "pad_edge": False}
        table = Table(title=self.name, caption=self.totals, title_justify="left", **look)
        for place, heading in enumerate(HEADINGS):
            longest = max(len(row.cells()[place]) for row in self.rows)
            table.add_column(
                heading,
                justify="left" if heading in ("layer", "type", "output") else "right",
                no_wrap=heading != "type",
                overflow="fold",
                # On a narrow terminal the type gives way, names and numbers do not.
                min_width=None if heading == "type" else max(longest, len(heading)),
            )
        for row in self.rows:
            table.add_row(*row.cells())
        return table

    def __str__(self) -> str:
        console = Console(width=120, no_color=True)
        with console.capture() as text:
            console.print(self.table())
        return text.get()

    def _repr_html_(self) -> str:
        def line(tag, cells):
            styles = ["left"] * 3 + ["right"] * 4
            return "".join(
                f"<{tag} style='text-align:{style}'>{html.escape(cell)}</{tag}>"
                for style, cell in zip(styles, cells, strict=True)
            )

        body = "".join(f"<tr>{line('td', row.cells())}</tr>" for row in self.rows)
        return (
            f"<table><caption>{html.escape(self.name)}: {self.totals}</caption>"
            f"<tr>{line('th', HEADINGS)}</tr>{body}</table>"
        )


def summary(model: keras.Model) -> ModelSummary:
    """Output shape, parameters, receptive field, jump and multiply-adds of each layer.

    Multiply-adds count the products of convolutions, fully connected layers and of layers that
    have a method `multiply_adds()`; norms, activations and biases are left out, as is customary.
    A layer used twice has one row, its first use's, with the products of both.

    Raises:
        ValueError: the model is not a built functional graph.
    """
    if graph_of(model) is None:
        raise ValueError(f"{model.name} is no functional graph, or is not built yet")
    has_image = any(len(x.shape) == 4 for x in model.inputs)
    fields = receptive_field(model) if has_image else {}
    rows = [_row(name, nodes, fields.get(name), times) for name, nodes, times in _walk(model)]
    trainable = sum(math.prod(v.shape) for v in model.trainable_variables)
    return ModelSummary(model.name, tuple(rows), model.count_params(), trainable)


def _walk(model, prefix="", times=1):
    """(path, the layer's nodes in this graph, how often the graph runs) of each layer.

    A layer knows the nodes of other models too, which share it: with images of another size.
    """
    in_order = nodes(graph_of(model))
    for layer in model.layers:
        own = [node for node in in_order if node.operation is layer]
        if graph_of(layer):
            yield from _walk(layer, f"{prefix}{layer.name}/", times * len(own))
        else:
            yield prefix + layer.name, own, times


def _row(name, nodes, field, times) -> LayerRow:
    layer, output = nodes[0].operation, nodes[0].output_tensors[0].shape[1:]
    size, jump = (field.size, field.jump) if field else (None, None)
    products = times * sum(_products(node) for node in nodes)
    kind = type(layer).__name__
    return LayerRow(name, kind, tuple(output), layer.count_params(), size, jump, products)


def _products(node) -> int:
    """Multiplications of one image's pass through a layer, in one of its uses."""
    layer = node.operation
    if hasattr(layer, "multiply_adds"):
        return layer.multiply_adds()
    if not hasattr(layer, "kernel") and not hasattr(layer, "pointwise_kernel"):
        return 0
    transposed = isinstance(layer, layers.Conv2DTranspose)  # an input value meets the whole kernel
    tensors = node.input_tensors if transposed else node.output_tensors
    sides = tensors[0].shape[1:-1]
    if None in sides:
        return 0
    kernels = ("kernel", "depthwise_kernel", "pointwise_kernel")
    weights = [getattr(layer, name) for name in kernels if hasattr(layer, name)]
    return math.prod(sides) * sum(math.prod(w.shape) for w in weights)


def _square(sides) -> str:
    if sides is None:
        return ""
    if None in sides:
        return "image"
    height, width = sides
    return str(height) if height == width else f"{height} x {width}"
