"""The table a course writes beside a net: shape, parameters, receptive field, multiply-adds."""

import html
import math
from dataclasses import dataclass
from fractions import Fraction

import keras
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from zoo.backend import graph
from zoo.inspect.multiply_adds import keeps_batch_axis, multiply_adds, total
from zoo.inspect.receptive_field import receptive_field, require_graph

HEADINGS = ("layer", "type", "output", "params", "field", "jump", "mult-adds")


@dataclass(frozen=True)
class LayerRow:
    """One layer; sizes are (height, width) in pixels of the input, for one image."""

    name: str
    type: str
    output_shape: tuple
    params: int
    receptive_field: tuple[int, int] | None
    jump: tuple[float | Fraction, float | Fraction] | None  # 1/2: two values per pixel
    multiply_adds: int | None  # None: not known

    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            self.type,
            " x ".join("?" if side is None else str(side) for side in self.output_shape),
            _unless_zero(self.params),
            _square(self.receptive_field),
            _square(self.jump),
            "?" if self.multiply_adds is None else _unless_zero(self.multiply_adds),
        )


@dataclass(frozen=True)
class ModelSummary:
    """Rows to read, totals, and a table when printed or shown in a notebook."""

    name: str
    rows: tuple[LayerRow, ...]
    params: int
    trainable_params: int
    example: str = "image"

    @property
    def multiply_adds(self) -> int:
        """Those that are known; `uncounted` names the layers whose are not."""
        return sum(row.multiply_adds or 0 for row in self.rows)

    @property
    def uncounted(self) -> tuple[str, ...]:
        """Names of the layers whose multiply-adds are not known."""
        return tuple(row.name for row in self.rows if row.multiply_adds is None)

    @property
    def totals(self) -> str:
        at_least = "at least " if self.uncounted else ""
        return (
            f"{self.params:,} parameters, {self.trainable_params:,} trainable; "
            f"{at_least}{self.multiply_adds:,} multiply-adds per {self.example}"
        )

    def table(self) -> Table:
        table = Table(
            title=Text(self.name),  # brackets in names are no markup
            caption=self.totals,
            title_justify="left",
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            pad_edge=False,
        )
        for column, heading in enumerate(HEADINGS):
            longest = max(len(row.cells()[column]) for row in self.rows)
            table.add_column(
                heading,
                justify="left" if heading in ("layer", "type", "output") else "right",
                no_wrap=heading != "type",
                overflow="fold",
                # On a narrow terminal the type gives way, names and numbers do not.
                min_width=None if heading == "type" else max(longest, len(heading)),
            )
        for row in self.rows:
            table.add_row(*map(Text, row.cells()))
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

    Multiply-adds are the products of convolutions, matrices and attention for one example; norms,
    activations and biases are left out, as is customary. A layer used twice has one row, its first
    use's, with the products of both. What cannot be counted is shown as "?", and the total is then
    "at least": a layer of one's own can have a method `multiply_adds()`. Operations such as
    `keras.ops.matmul` have a row if they multiply.

    Raises:
        ValueError: if it is not a functional or Sequential model, or is not built yet.
    """
    require_graph(model)
    has_image = any(len(x.shape) == 4 for x in model.inputs)
    fields = receptive_field(model) if has_image else {}
    uses = {}
    _collect_uses(model, uses)
    rows = [_row(name, use, fields.get(name)) for name, use in uses.items()]
    return ModelSummary(
        model.name,
        tuple(row for row in rows if row is not None),
        model.count_params(),
        sum(math.prod(v.shape) for v in model.trainable_variables),
        "image" if has_image else "example",
    )


@dataclass
class _Use:
    """A layer or operation of a model: its first node, and the products of each of its nodes."""

    node: object
    products: list[int | None]


def _collect_uses(model, uses: dict[str, _Use], nodes=None, prefix="") -> None:
    """Add the layers and operations of a model, in its order.

    A layer knows the nodes of other models too, which share it: with images of another size.

    Args:
        uses: what is added to, by name; those of a nested model carry its name.
        nodes: of a nested model, the nodes of one of its uses; None: the model's own.
    """
    own = graph.nodes(graph.graph_of(model))
    if nodes is None and not (_batch_is_open(model) and all(map(keeps_batch_axis, own))):
        nodes = graph.nodes_for_one_example(model)
    nodes = own if nodes is None else nodes
    for operation in graph.graph_of(model).operations:
        name = prefix + operation.name
        here = [node for node in nodes if node.operation is operation]
        if graph.graph_of(operation):
            for node in here:
                _collect_uses(operation, uses, graph.inside(operation, node), f"{name}/")
        elif not (isinstance(operation, keras.layers.InputLayer) and operation not in model.layers):
            first = next(node for node in own if node.operation is operation)
            use = uses.setdefault(name, _Use(first, []))
            use.products += map(multiply_adds, here)


def _batch_is_open(model) -> bool:
    """Whether a model takes batches of any size, so that its shapes are those of one example."""
    return all(x.shape[0] is None for x in graph.graph_of(model).inputs)


def _row(name, use, field) -> LayerRow | None:
    operation, output = use.node.operation, use.node.output_tensors[0].shape[1:]
    products = total(use.products)
    is_layer = isinstance(operation, keras.layers.Layer)
    if not is_layer and products == 0:
        return None
    size, jump = (field.size, field.jump) if field else (None, None)
    params = operation.count_params() if is_layer else 0
    kind = type(operation).__name__
    return LayerRow(name, kind, tuple(output), params, size, jump, products)


def _unless_zero(count: int) -> str:
    return f"{count:,}" if count else ""


def _square(sides) -> str:
    if sides is None:
        return ""
    if None in sides:
        return "image"
    height, width = sides
    return str(height) if height == width else f"{height} x {width}"
