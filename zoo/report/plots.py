"""Line plots, surfaces and distributions in a grid; each writes a picture and returns its path."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap

from zoo.report.canvas import COLORS, INK, logarithmic, new_figure, save, style

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
    """Line plots side by side; where all have the same lines, more than four, they share a legend.

    `height` is that of one plot in inches; the figure is 10 wide.
    """
    names = [list(panel.lines) for panel in panels]
    shared = len(panels) > 1 and len(names[0]) > 4 and all(other == names[0] for other in names)
    with style():
        figure, axes = _grid(len(panels), columns, height)
        for axis, panel in zip(axes, panels, strict=False):
            for (name, line), color in zip(panel.lines.items(), itertools.cycle(COLORS)):
                x, y = line if isinstance(line, tuple) else (panel.x, line)
                x = range(1, len(y) + 1) if x is None else x
                axis.plot(x, y, color=color, label=name)
            axis.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
            logarithmic(axis, panel.log)
            if panel.limits:
                axis.set_ylim(panel.limits)
            if len(panel.lines) > 1 and not shared:
                axis.legend(fontsize=8.5)
        if shared:
            lines = axes[0].get_legend_handles_labels()
            close = {"ncols": 8, "fontsize": 8.5, "handlelength": 1.2, "columnspacing": 1.2}
            figure.legend(*lines, loc="outside upper left", **close)
        return save(figure, path)


def contours(
    path: str | Path,
    panels: Sequence[Contours],
    columns: int = 2,
    height: float = 4.0,
    axes: tuple[str, str] = ("", ""),  # what x and y are
) -> Path:
    """Surfaces side by side, low ground light; a path has one colour in all panels.

    `height` is that of one surface in inches; the figure is 10 wide.
    """
    names = dict.fromkeys(name for panel in panels for name in panel.paths)
    colors = dict(zip(names, itertools.cycle(COLORS), strict=False))
    with style(axes__grid=False):
        figure, grid = _grid(len(panels), columns, height)
        for axis, panel in zip(grid, panels, strict=False):
            surface, levels = (panel.x, panel.y, panel.z), panel.levels
            if isinstance(levels, int):
                levels = np.min(panel.z) + np.ptp(panel.z) * np.linspace(0, 1, levels) ** 2
            shades = BoundaryNorm(levels, GROUND.N, extend="both")  # one shade per height
            axis.contourf(*surface, levels, cmap=GROUND, norm=shades, extend="both")
            lines = axis.contour(*surface, levels, colors=LINE, linewidths=0.5, linestyles="-")
            if panel.labels:
                heights = {level: format(level, panel.labels) for level in levels}
                axis.clabel(lines, fmt=heights, fontsize=8, colors=INK)
            for name, steps in panel.paths.items():
                x, y = np.asarray(steps).T
                axis.plot(x, y, color=colors[name], lw=1.3, marker="o", ms=1.8, label=name)
                axis.plot(x[-1], y[-1], color=colors[name], marker="o", ms=7, mec="white")
            axis.set(title=panel.title, xlabel=axes[0], ylabel=axes[1])
            axis.set(xlim=(panel.x[0], panel.x[-1]), ylim=(panel.y[0], panel.y[-1]))
            if panel.paths:
                axis.legend(fontsize=8.5, frameon=True, framealpha=0.8, edgecolor="none")
        return save(figure, path)


def histograms(
    path: str | Path, panels: Mapping[str, Mapping[str, np.ndarray]], bins: int = 61
) -> Path:
    """Distributions by name, one panel per title, all panels over the same range."""
    arrays = [np.ravel(values) for panel in panels.values() for values in panel.values()]
    edges = np.linspace(*np.quantile(np.concatenate(arrays), (0.001, 0.999)), bins)
    with style(axes__titlesize=10):
        figure, axes = new_figure(10, 2.9, columns=len(panels))
        for axis, (title, panel) in zip(axes, panels.items(), strict=True):
            for (name, values), color in zip(panel.items(), itertools.cycle(COLORS)):
                axis.hist(np.ravel(values), edges, color=color, alpha=0.75, label=name)
            axis.set(title=title)
            logarithmic(axis, "y")
            if len(panel) > 1:
                axis.legend()
        return save(figure, path)


def _grid(count: int, columns: int, height: float):
    """A figure 10 inches wide with `count` axes in rows of `columns`, each `height` inches high."""
    rows = -(-count // columns)
    figure, axes = new_figure(10, height * rows, rows=rows, columns=columns)
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes
