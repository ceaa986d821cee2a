"""Figures of a transformer; each function writes a picture and returns its path."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.report.canvas import FAINT, VAL, new_figure, save, style

SIMILAR = "viridis"


def position_similarity(path: str | Path, similarity: np.ndarray) -> Path:
    """For every patch a map of how alike its position is to those of all patches.

    Args:
        similarity: (rows, columns, rows, columns), cosines, as `zoo.inspect.position_similarity`
            gives them.
    """
    rows, columns = similarity.shape[:2]
    with style(axes__grid=False):
        figure, (axis,) = new_figure(6.4, 0.6 + 4.7 * rows / columns)
        gap = 0.15 * columns  # between the maps, in cells
        for row in range(rows):
            for column in range(columns):
                left, top = column * (columns + gap), row * (rows + gap)
                image = axis.imshow(
                    similarity[row, column],
                    cmap=SIMILAR,
                    vmin=-1,
                    vmax=1,
                    interpolation="nearest",
                    extent=(left, left + columns, top + rows, top),
                )
        axis.set_xlim(0, columns * (columns + gap) - gap)
        axis.set_ylim(rows * (rows + gap) - gap, 0)
        axis.set_xticks(_middles(columns, gap), range(1, columns + 1))
        axis.set_yticks(_middles(rows, gap), range(1, rows + 1))
        axis.set(xlabel="column of the patch", ylabel="row of the patch")
        axis.tick_params(length=0)
        figure.colorbar(image, ax=axis, label="cosine of the positions", shrink=0.8)
        return save(figure, path)


def attention_distance(path: str | Path, distances: Mapping[str, np.ndarray], most: float) -> Path:
    """A dot per head: how far it looks, layer by layer.

    Args:
        distances: layer name -> (heads,), in pixels, the first layer first.
        most: pixels across the image, the end of the axis.
    """
    with style():
        figure, (axis,) = new_figure(6.4, 3.4)
        means = []
        for layer, heads in enumerate(distances.values(), 1):
            axis.scatter([layer] * len(heads), heads, color=VAL, s=36, zorder=3)
            means.append(np.mean(heads))
        axis.plot(range(1, len(means) + 1), means, color=FAINT, zorder=2, label="mean of the heads")
        axis.set_xticks(range(1, len(means) + 1))
        axis.set(xlabel="block", ylabel="mean distance, pixels", ylim=(0, most))
        axis.legend()
        return save(figure, path)


def attention_heads(
    path: str | Path, weights: Mapping[str, np.ndarray], tokens: Sequence[str]
) -> Path:
    """What each token of a sentence gathers from: a matrix per head, a row of them per layer.

    All have one scale, up to the largest share that a token gathers from another.

    Args:
        weights: layer name -> (1, heads, t, t), as `zoo.inspect.attention_weights` gives them for
            one sentence; every layer of as many heads.
        tokens: (t,), beside the rows, which gather, and below the columns.
    """
    heads = max(matrices.shape[1] for matrices in weights.values())
    side, most = 9.3 / heads, max(matrices.max() for matrices in weights.values())
    with style(axes__grid=False, axes__titlesize=9):
        figure, axes = new_figure(10, (side + 0.5) * len(weights), rows=len(weights), columns=heads)
        size = min(8, 100 * side / len(tokens) / 2.2)  # points, so that names do not overlap
        for i, axis in enumerate(axes):
            layer, head = divmod(i, heads)
            matrix = [*weights.values()][layer][0, head]
            image = axis.imshow(matrix, cmap="Blues", vmin=0, vmax=most, interpolation="nearest")
            axis.set(title=f"block {layer + 1}, head {head + 1}")
            axis.set_xticks(range(len(tokens)), tokens, fontsize=size, rotation=90)
            axis.set_yticks(range(len(tokens)), tokens if head == 0 else [], fontsize=size)
            axis.tick_params(length=0, pad=1)
        figure.colorbar(image, ax=list(axes), label="share", aspect=60, fraction=0.02, pad=0.01)
        return save(figure, path)


def _middles(count: int, gap: float) -> list[float]:
    """Where the middles of `count` maps of as many cells lie."""
    return [i * (count + gap) + count / 2 for i in range(count)]
