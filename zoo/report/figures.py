"""The figures of a training: its curves, its rates and what it makes of the validation images.

Each writes a picture and returns its path.
"""

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from zoo.report import canvas
from zoo.report.canvas import ACCENT, HEAT, INK, TRAIN, VAL, new_figure, save, shortened, style
from zoo.report.confusion import confusion
from zoo.tasks import Metric

__all__ = ["comparison", "confusion", "gallery", "history", "learning_rate", "lr_range", "overlay"]


def history(
    path: str | Path, rows: Sequence[Mapping[str, float]], metrics: Sequence[Metric]
) -> Path:
    """Metrics over the epochs, training and validation, with their last values.

    Args:
        rows: one per epoch, of `metrics.csv`.
        metrics: whose `key` and `val_<key>` are columns of the rows; one plot each.
    """
    columns = min(len(metrics), 3)
    lines = -(-len(metrics) // columns)
    with style():
        figure, axes = new_figure(10, 3.6 * lines, rows=lines, columns=columns)
        for axis in axes[len(metrics) :]:
            axis.set_axis_off()
        for axis, metric in zip(axes, metrics, strict=False):
            axis.set_title(_capital(metric.label))
            for name, color, key in (
                ("training", TRAIN, metric.key),
                ("validation", VAL, f"val_{metric.key}"),
            ):
                epochs = [row["epoch"] for row in rows if key in row]
                values = [row[key] for row in rows if key in row]
                if values:
                    label = f"{name}, last {metric.shown(values[-1])}"
                    axis.plot(epochs, values, color=color, marker="o", markersize=3, label=label)
            _number_epochs(axis)
            axis.legend()
            if metric.percent:
                axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        return save(figure, path)


def comparison(path: str | Path, curves: Mapping[str, Sequence[float]], metric: Metric) -> Path:
    """A validation metric of several trainings, one value per epoch, NaN where none was measured.

    The names stand in the order of the lines' ends.
    """
    with style():
        figure, (axis,) = new_figure(10, 4.2)
        colors = dict(zip(curves, itertools.cycle(canvas.COLORS), strict=False))
        for name, values in sorted(curves.items(), key=lambda item: -item[1][-1]):
            measured = np.isfinite(np.asarray(values, float))
            epochs, values = np.flatnonzero(measured) + 1, np.asarray(values, float)[measured]
            label = f"{metric.shown(values[-1])}  {name}"
            axis.plot(epochs, values, color=colors[name], marker="o", markersize=4, label=label)
        axis.set(title=f"Validation {metric.label}")
        _number_epochs(axis)
        _zoom_to_the_ends(axis, list(curves.values()))
        if metric.percent:
            axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        figure.legend(loc="outside right upper")
        return save(figure, path)


def learning_rate(path: str | Path, epochs, rates, momenta=None) -> Path:
    """The rate over the training, in epochs; the momentum beside it where it cycles."""
    with style():
        figure, axes = new_figure(10, 2.8, columns=1 if momenta is None else 2)
        curves = [("Learning rate", rates, ACCENT)]
        if momenta is not None:
            curves.append(("Momentum", momenta, VAL))
        for axis, (title, values, color) in zip(axes, curves, strict=True):
            axis.plot(epochs, values, color=color)
            axis.set(title=title, xlabel="epoch")
            axis.margins(x=0)
        return save(figure, path)


def lr_range(
    path: str | Path,
    rates,
    losses,
    suggestions: Mapping[str, float | None],
    bounds: tuple[float, float] | None,
    note: str = "",
) -> Path:
    """A range test: smoothed loss over rate, logarithmic.

    Args:
        suggestions: name -> rate for a steady training; three, the default first.
        bounds: the rates of a cycle, shaded.
        note: written below the figure.
    """
    with style():
        figure, (axis,) = new_figure(7, 3.6)
        axis.plot(rates, losses, color=VAL)
        canvas.logarithmic(axis, "x")
        if bounds:
            cycle = f"cycle {bounds[0]:.1e} to {bounds[1]:.1e}"
            axis.axvspan(*bounds, color=VAL, alpha=0.1, label=cycle)
        lines = ((ACCENT, "--"), (INK, ":"), (INK, "-."))
        for (name, rate), (color, linestyle) in zip(suggestions.items(), lines, strict=True):
            if rate:
                axis.axvline(rate, color=color, linestyle=linestyle, label=f"{name} {rate:.1e}")
        below = "\n".join(["learning rate", *textwrap.wrap(note, 80)])
        axis.set(title="Range test", xlabel=below, ylabel="loss")
        if axis.get_legend_handles_labels()[0]:
            axis.legend()
        return save(figure, path)


def gallery(
    path: str | Path,
    images: Sequence[np.ndarray],
    captions: Sequence[tuple[str, str]],
    columns: int = 5,
    wrong: Sequence[bool] | None = None,
    heat: bool = False,
) -> Path:
    """uint8 images in rows of five, the true name above each and the predicted one below.

    `wrong` tells which predictions are drawn in red; None: all are. `heat` adds the scale of heat
    maps that lie over the images.
    """
    with style():
        if len(images) == 0:
            figure, (axis,) = new_figure(10, 1)
            axis.set_axis_off()
            axis.text(0, 0.5, "No validation image was misclassified.", va="center")
            return save(figure, path)
        rows = -(-len(images) // columns)
        figure, axes = new_figure(2 * columns, 2.55 * rows, rows=rows, columns=columns)
        for axis in axes:
            axis.set_axis_off()
        wrong = [True] * len(images) if wrong is None else wrong
        for axis, image, (true, predicted), red in zip(axes, images, captions, wrong, strict=False):
            axis.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axis.set_title(shortened(true), loc="center", fontsize=10)
            below = {"ha": "center", "va": "top", "transform": axis.transAxes}
            axis.text(0.5, -0.04, shortened(predicted), color=ACCENT if red else INK, **below)
        if heat:
            scale = matplotlib.cm.ScalarMappable(cmap=HEAT)  # 0 to 1
            bar = figure.colorbar(scale, ax=list(axes), aspect=18 * rows, pad=0.02, ticks=[0, 1])
            bar.outline.set_visible(False)
        return save(figure, path)


def overlay(image: np.ndarray, heat: np.ndarray, strength: float = 0.55, size: int = 128):
    """A uint8 image (h, w, 1 or 3) under its heat map (h, w) in [0, 1], enlarged to be seen.

    Cold regions are dim, hot ones bright, in even steps that the colour-blind see too.
    """
    image = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
    if min(image.shape[:2]) < size:
        scale = -(-size // min(image.shape[:2]))
        image = image.repeat(scale, axis=0).repeat(scale, axis=1)
        heat = cv2.resize(heat, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    colors = matplotlib.colormaps[HEAT](heat)[..., :3] * 255
    return np.round((1 - strength) * image + strength * colors).astype("uint8")


def _number_epochs(axis) -> None:
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _zoom_to_the_ends(axis, curves) -> None:
    """Cut a bad beginning off, so that the ends, which count, can be told apart."""
    values = np.concatenate([np.asarray(curve, float) for curve in curves])
    settled = np.concatenate([np.asarray(curve[len(curve) // 3 :], float) for curve in curves])
    settled = settled[np.isfinite(settled)]
    if not len(settled):
        return
    room = 0.05 * (settled.max() - settled.min()) or 0.05 * abs(settled.max()) or 1.0
    if np.nanmax(values) - np.nanmin(values) > 4 * (settled.max() - settled.min()) > 0:
        axis.set_ylim(settled.min() - room, settled.max() + room)


def _capital(text: str) -> str:
    """The first letter large, the others as they are: mAP50 stays mAP50."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
