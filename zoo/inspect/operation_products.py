"""Multiply-adds of the operations of `keras.ops`, from the shapes of their tensors."""

import math

import keras

# By the names of the operations' classes.
MATRIX_PRODUCTS = ("Matmul", "Dot", "Inner", "Tensordot")
CONVOLUTIONS = ("Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose")
PRODUCTS = (*MATRIX_PRODUCTS, *CONVOLUTIONS, "Einsum", "DotProductAttention")
LOOPS = (
    "AssociativeScan",
    "Cond",
    "ForiLoop",
    "Map",
    "Scan",
    "Switch",
    "VectorizedMap",
    "WhileLoop",
)


def operation_products(node) -> int | None:
    """Products in one use of an operation, for one example.

    Returns:
        None for linear algebra such as an inverse, for loops, and where a side is not known.
    """
    operation, kind = node.operation, type(node.operation).__name__
    if kind in LOOPS or type(operation).__module__.endswith(".linalg"):
        return None
    if kind not in PRODUCTS:
        return 0
    arguments = keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
    shapes = [for_one(x.shape) for x in arguments if hasattr(x, "shape")]
    output = for_one(node.output_tensors[0].shape)
    if any(None in shape for shape in (*shapes, output)):
        return None
    if kind == "Matmul":
        return math.prod(output) * shapes[0][-1]
    if kind in MATRIX_PRODUCTS:
        # Each side of the output is in one of the two, each that is summed over in both.
        return math.isqrt(math.prod(shapes[0]) * math.prod(shapes[1]) * math.prod(output))
    if kind == "Einsum":
        return einsum_products(operation.subscripts, shapes)
    if kind == "DotProductAttention":  # (batch, length, heads, width): Q K^T, then scores times V
        (_, queries, heads, width), (_, keys, *_) = shapes[:2]
        return 2 * heads * queries * keys * width
    maps = shapes[0] if kind == "ConvTranspose" else output
    positions = positions_in(maps, operation.data_format)
    return positions * sum(math.prod(kernel) for kernel in shapes[1:])


def einsum_products(equation: str, shapes) -> int | None:
    """The sizes of all the letters multiplied, for two tensors; one alone is only summed.

    Returns:
        None for three tensors and more, where the order decides, and where a side is not known.
    """
    if len(shapes) != 2:
        return 0 if len(shapes) == 1 else None
    sizes = {}
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    for term, shape in zip(terms, map(for_one, shapes), strict=True):
        before, dots, after = term.partition("...")
        between = len(shape) - len(before) - len(after) if dots else 0
        labels = [*before, *range(-between, 0), *after]  # of an ellipsis counted from its end
        for label, side in zip(labels, shape, strict=True):
            sizes[label] = side if sizes.get(label, 1) == 1 else sizes[label]
    return None if None in sizes.values() else math.prod(sizes.values())


def positions_in(shape, data_format: str | None) -> int | None:
    """How many vectors of channels a tensor holds for one example; None if a side is not known."""
    shape = for_one(shape)
    sides = (shape[0], *shape[2:]) if data_format == "channels_first" else shape[:-1]
    return None if None in sides else math.prod(sides)


def for_one(shape) -> tuple[int | None, ...]:
    """The shape with 1 for an unknown batch size."""
    return tuple(1 if i == 0 and side is None else side for i, side in enumerate(shape))
