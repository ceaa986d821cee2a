"""Grids of pictures and of line plots: what a lesson draws; each writes a PNG and returns its path.

Like the figures of a training they draw what they are handed and compute nothing.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.figure import Figure

from zoo.report.figures import COLORS, FAINT, INK, STYLE, _figure, _save

GROUND = LinearSegmentedColormap.from_list("ground", ("#ffffff", "#dbe4f0", "#aebdd3"))
LINE = "#9aa7bb"


@dataclass(frozen=True)
class Plot:
    """Lines by name over one x, or each over its own where a line is a pair (x, y)."""

    title: str
    lines: Mapping[str, object]
    x: Sequence[float] | None = None
    xlabel: str = ""
    ylabel: str = ""
    log: str = ""  # "x", "y" or "xy": logarithmic axes
    limits: tuple[float, float] | None = None  # of y


@dataclass(frozen=True)
class Picture:
    """An image (h, w) or (h, w, 3) under its title; `numbers` writes the values into the cells."""

    title: str
    image: np.ndarray
    colors: str = "gray"
    limits: tuple[float, float] | None = None  # values of the darkest and the lightest colour
    numbers: str = ""  # a format such as ".0f"; only for small matrices
    caption: str = ""
    rows: Sequence[str] = ()  # names beside the rows of a matrix
    columns: Sequence[str] = ()  # and beneath its columns
    label: str = ""  # on the left, upright: what the row of pictures is that this one begins


@dataclass(frozen=True)
class Contours:
    """A surface z (rows of y, columns of x) seen from above, with paths (n, 2) over it by name."""

    title: str
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    paths: Mapping[str, np.ndarray] = field(default_factory=dict)
    levels: int | Sequence[float] = 16  # heights, or how many; they lie closer near the lowest
    labels: str = ""  # a format such as ".2f" that writes the heights onto the lines


def plots(path: str | Path, panels: Sequence[Plot], columns: int = 2, height: float = 3.2) -> Path:
    """Line plots side by side; many lines of the same names in all of them share a legend.

    `height` is that of one in inches; the figure is 10 wide.
    """
    rows = -(-len(panels) // columns)
    names = [list(panel.lines) for panel in panels]
    shared = len(panels) > 1 and len(names[0]) > 4 and all(of == names[0] for of in names)
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(10, height * rows, rows=rows, columns=columns)
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        for axis, panel in zip(axes, panels, strict=False):
            for (name, line), color in zip(panel.lines.items(), itertools.cycle(COLORS)):
                x, y = line if isinstance(line, tuple) else (panel.x, line)
                x = range(1, len(y) + 1) if x is None else x
                axis.plot(x, y, color=color, label=name)
            axis.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
            if "x" in panel.log:
                axis.set_xscale("log")
            if "y" in panel.log:
                axis.set_yscale("log")
            if panel.limits:
                axis.set_ylim(panel.limits)
            if len(panel.lines) > 1 and not shared:
                axis.legend(fontsize=8.5)
        if shared:
            lines = axes[0].get_legend_handles_labels()
            close = {"ncols": 8, "fontsize": 8.5, "handlelength": 1.2, "columnspacing": 1.2}
            figure.legend(*lines, loc="outside upper left", **close)
        return _save(figure, path)


def contours(
    path: str | Path,
    panels: Sequence[Contours],
    columns: int = 2,
    height: float = 4.0,
    axes: tuple[str, str] = ("", ""),  # what x and y are
) -> Path:
    """Surfaces side by side, low ground light; a path keeps its colour through all panels.

    `height` is that of one in inches; the figure is 10 wide.
    """
    rows = -(-len(panels) // columns)
    names = dict.fromkeys(name for panel in panels for name in panel.paths)
    colors = dict(zip(names, itertools.cycle(COLORS), strict=False))
    with matplotlib.rc_context(STYLE | {"axes.grid": False}):
        figure, grid = _figure(10, height * rows, rows=rows, columns=columns)
        for axis in grid[len(panels) :]:
            axis.set_axis_off()
        for axis, panel in zip(grid, panels, strict=False):
            surface, levels = (panel.x, panel.y, panel.z), panel.levels
            if isinstance(levels, int):
                levels = np.min(panel.z) + np.ptp(panel.z) * np.linspace(0, 1, levels) ** 2
            shades = BoundaryNorm(levels, GROUND.N, extend="both")  # a shade a height
            axis.contourf(*surface, levels, cmap=GROUND, norm=shades, extend="both")
            lines = axis.contour(*surface, levels, colors=LINE, linewidths=0.5, linestyles="-")
            if panel.labels:
                written = {height: format(height, panel.labels) for height in levels}
                axis.clabel(lines, fmt=written, fontsize=8, colors=INK)
            for name, walked in panel.paths.items():
                x, y = np.asarray(walked).T
                axis.plot(x, y, color=colors[name], lw=1.3, marker="o", ms=1.8, label=name)
                axis.plot(x[-1], y[-1], color=colors[name], marker="o", ms=7, mec="white")
            axis.set(title=panel.title, xlabel=axes[0], ylabel=axes[1])
            axis.set(xlim=(panel.x[0], panel.x[-1]), ylim=(panel.y[0], panel.y[-1]))
            if panel.paths:
                axis.legend(fontsize=8.5, frameon=True, framealpha=0.8, edgecolor="none")
        return _save(figure, path)


def histograms(
    path: str | Path, panels: Mapping[str, Mapping[str, np.ndarray]], bins: int = 61
) -> Path:
    """Distributions by name, one panel a title, all panels over the same range."""
    everything = np.concatenate([np.ravel(v) for of in panels.values() for v in of.values()])
    edges = np.linspace(*np.quantile(everything, (0.001, 0.999)), bins)
    with matplotlib.rc_context(STYLE | {"axes.titlesize": 10}):
        figure, axes = _figure(10, 2.9, columns=len(panels))
        for axis, (title, of) in zip(axes, panels.items(), strict=True):
            for (name, values), color in zip(of.items(), itertools.cycle(COLORS)):
                axis.hist(np.ravel(values), edges, color=color, alpha=0.75, label=name)
            axis.set(title=title, yscale="log")
            if len(of) > 1:
                axis.legend()
        return _save(figure, path)


def pictures(
    path: str | Path, panels: Sequence[Picture], columns: int = 4, side: float | None = None
) -> Path:
    """Images side by side, each under its title; `side` is the height of one in inches."""
    rows = -(-len(panels) // columns)
    side = 10 / columns if side is None else side
    with matplotlib.rc_context(STYLE | {"axes.grid": False, "axes.titlesize": 10}):
        figure, axes = _figure(10, (side + 0.3) * rows, rows=rows, columns=columns)
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        for axis, panel in zip(axes, panels, strict=False):
            _show(axis, panel)
        return _save(figure, path)


def strips(
    path: str | Path, rows: Mapping[str, Sequence[tuple[np.ndarray, str]]], columns: int = 7
) -> Path:
    """Images (h, w, 1 or 3) of 0 to 255 with captions, in rows under titles as long as a row."""
    lines = [
        (title if start == 0 else "", row[start : start + columns])
        for title, row in rows.items()
        for start in range(0, len(row), columns)
    ]
    gap, heights = 0.08, []
    for title, line in lines:
        captions = max(len(said.splitlines()) for _, said in line)
        heights.append(10 / columns + 0.05 + 0.27 * bool(title) + 0.18 * captions)
    height = sum(heights) * (1 + gap) + 0.1
    with matplotlib.rc_context(STYLE | {"axes.grid": False, "axes.labelsize": 9}):
        figure = Figure(figsize=(10, height), dpi=120, layout="constrained")
        parts = np.ravel(figure.subfigures(len(lines), height_ratios=heights, hspace=gap))
        for part, (title, line) in zip(parts, lines, strict=True):
            if title:
                part.suptitle(title, x=0.005, ha="left", fontsize=10, fontweight="bold")
            axes = np.ravel(part.subplots(1, columns))
            for axis in axes[len(line) :]:
                axis.set_axis_off()
            for axis, (image, said) in zip(axes, line, strict=False):
                pixels = np.clip(np.round(image), 0, 255).astype("uint8").squeeze()
                _show(axis, Picture("", pixels, limits=(0, 255), caption=said))
        return _save(figure, path)


def policy_schedule(
    path: str | Path,
    operations: Sequence[str],
    epochs: Sequence[int],
    shares: np.ndarray,
    magnitudes: np.ndarray,
) -> Path:
    """Two matrices, a row an operation, a column an epoch from which a policy holds; NaN: empty."""
    about = {"rows": operations, "columns": [*map(str, epochs)], "caption": "from epoch"}
    cells = [
        Picture("Share, %", 100 * shares, "Blues", (0, 30), ".0f", **about),
        Picture("Magnitude", magnitudes, "Blues", (0, 18), ".0f", **about),
    ]
    return pictures(path, cells, columns=2, side=4.1)


def _show(axis, panel) -> None:
    """One picture with all that is written about it."""
    low, high = panel.limits or (None, None)
    axis.imshow(panel.image, cmap=panel.colors, vmin=low, vmax=high, interpolation="nearest")
    axis.set(title=panel.title, xlabel=panel.caption, ylabel=panel.label)
    upright = 90 if max(map(len, panel.columns), default=0) > 2 else 0
    axis.set_xticks(range(len(panel.columns)), panel.columns, fontsize=8.5, rotation=upright)
    axis.set_yticks(range(len(panel.rows)), panel.rows)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set(visible=True, color=FAINT)
    if panel.numbers:
        _write_numbers(axis, panel)


def _write_numbers(axis, panel) -> None:
    """The values in their cells, light on dark and dark on light; nothing where there is none."""
    image = axis.get_images()[0]
    for (y, x), value in np.ndenumerate(panel.image):
        if np.isnan(value):
            continue
        red, green, blue, _ = image.cmap(image.norm(value))
        dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        text = format(value, panel.numbers)
        axis.text(x, y, text, ha="center", va="center", color="white" if dark else INK, fontsize=9)
