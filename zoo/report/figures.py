"""The figures of a report; each writes a PNG and returns its path."""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from sklearn.metrics import ConfusionMatrixDisplay

INK, FAINT = "#1f2430", "#c9ced8"
TRAIN, VAL, ACCENT = "#8a94a6", "#2f6fde", "#e4572e"
# Of what is compared, in its order: a name has one colour in all figures of a report.
COLORS = (VAL, ACCENT, "#2a9d63", "#8e5bd0", "#d99a00", "#16a3b8", "#c2417c", INK, "#8b5e3c", TRAIN)
STYLE = {
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "grid.color": "#e9ecf1",
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


def history(path: str | Path, rows: Sequence[dict[str, float]]) -> Path:
    """Loss and every accuracy over the epochs, training and validation, last values written out."""
    accuracies = [key for key in rows[-1] if re.fullmatch(r"(?!val_)(.*_)?accuracy", key)]
    with matplotlib.rc_context(STYLE):
        keys = ["loss", *accuracies]
        figure, axes = _figure(10, 3.6, columns=len(keys))
        epochs = [row["epoch"] for row in rows]
        for axis, key in zip(axes, keys, strict=True):
            axis.set_title(key.replace("_", " ").capitalize())
            for name, color, prefix in (("training", TRAIN, ""), ("validation", VAL, "val_")):
                values = [row.get(prefix + key) for row in rows]
                if None in values or not values:
                    continue
                last = f"{values[-1]:.3f}" if key == "loss" else f"{values[-1]:.2%}"
                label = f"{name}, last {last}"
                axis.plot(epochs, values, color=color, marker="o", markersize=3, label=label)
            axis.set_xlabel("epoch")
            axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axis.legend()
            if key != "loss":
                axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        return _save(figure, path)


def comparison(
    path: str | Path, curves: dict[str, Sequence[float]], quantity: str = "accuracy"
) -> Path:
    """Validation accuracy or loss of several trainings, named in the order of their last values."""
    with matplotlib.rc_context(STYLE):
        figure, (axis,) = _figure(10, 4.2)
        colors = dict(zip(curves, itertools.cycle(COLORS), strict=False))
        ranked = sorted(curves.items(), key=lambda item: -item[1][-1])
        for name, values in ranked:
            epochs = range(1, len(values) + 1)
            last = f"{values[-1]:.2%}" if quantity == "accuracy" else f"{values[-1]:.3f}"
            label = f"{last}  {name}"
            axis.plot(epochs, values, color=colors[name], marker="o", markersize=4, label=label)
        axis.set(title=f"Validation {quantity}", xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        _near_the_ends(axis, [values for _, values in ranked])
        if quantity == "accuracy":
            axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        figure.legend(loc="outside right upper")
        return _save(figure, path)


def _near_the_ends(axis, curves) -> None:
    """Cut a bad beginning off, so that the ends, which count, can be told apart."""
    values = np.concatenate([np.asarray(curve, float) for curve in curves])
    settled = np.concatenate([np.asarray(curve[len(curve) // 3 :], float) for curve in curves])
    settled = settled[np.isfinite(settled)]
    if not len(settled):
        return
    room = 0.05 * (settled.max() - settled.min()) or 0.05 * abs(settled.max()) or 1.0
    if np.nanmax(values) - np.nanmin(values) > 4 * (settled.max() - settled.min()) > 0:
        axis.set_ylim(settled.min() - room, settled.max() + room)


def learning_rate(path: str | Path, epochs, rates, momenta=None) -> Path:
    """The rate over the training, in epochs; the momentum beneath it where it cycles."""
    with matplotlib.rc_context(STYLE):
        figure, axes = _figure(10, 2.8, columns=1 if momenta is None else 2)
        curves = [("Learning rate", rates, ACCENT)]
        if momenta is not None:
            curves.append(("Momentum", momenta, VAL))
        for axis, (title, values, color) in zip(axes, curves, strict=True):
            axis.plot(epochs, values, color=color)
            axis.set_title(title)
            axis.set_xlabel("epoch")
            axis.margins(x=0)
        return _save(figure, path)


def lr_range(
    path: str | Path, rates, losses, suggestion: float, bounds: tuple[float, float]
) -> Path:
    """A range test: smoothed loss over rate, logarithmic; a steady rate and a cycle's marked."""
    with matplotlib.rc_context(STYLE):
        figure, (axis,) = _figure(7, 3.6)
        axis.semilogx(rates, losses, color=VAL)
        lowest, highest = bounds
        axis.axvspan(
            lowest, highest, color=VAL, alpha=0.1, label=f"cycle {lowest:.1e} to {highest:.1e}"
        )
        axis.axvline(suggestion, color=ACCENT, linestyle="--", label=f"steady {suggestion:.1e}")
        axis.set(title="Range test", xlabel="learning rate", ylabel="loss")
        axis.legend()
        return _save(figure, path)


def confusion(path: str | Path, true, predicted, class_names: Sequence[str]) -> Path:
    """Rows are true classes, columns predicted ones, cells per cent of the row."""
    with matplotlib.rc_context(STYLE | {"axes.grid": False}):
        side = 2 + 0.42 * len(class_names)
        figure, (axis,) = _figure(side, side)
        display = ConfusionMatrixDisplay.from_predictions(
            true, predicted, labels=range(len(class_names)), display_labels=class_names,
            normalize="true", values_format=".0%", cmap="Blues", colorbar=False,
            include_values=len(class_names) <= 20, xticks_rotation="vertical", ax=axis,
            text_kw={"fontsize": 8},
        )  # fmt: skip
        for text in np.ravel(display.text_ if display.text_ is not None else []):
            text.set_text("" if text.get_text() == "0%" else text.get_text().rstrip("%"))
        axis.set(xlabel="predicted", ylabel="true")
        return _save(figure, path)


def gallery(
    path: str | Path, images, captions: Sequence[tuple[str, str]], columns=5, wrong=None
) -> Path:
    """uint8 images in rows of five, each under its true name and above what was predicted.

    `wrong` says of each whether the prediction is drawn in red; None: all are.
    """
    with matplotlib.rc_context(STYLE):
        if len(images) == 0:
            figure, (axis,) = _figure(10, 1)
            axis.set_axis_off()
            axis.text(0, 0.5, "Not one validation image was misclassified.", va="center")
            return _save(figure, path)
        rows = -(-len(images) // columns)
        figure, axes = _figure(2 * columns, 2.55 * rows, rows=rows, columns=columns)
        for axis in axes:
            axis.set_axis_off()
        wrong = [True] * len(images) if wrong is None else wrong
        for axis, image, (true, predicted), red in zip(axes, images, captions, wrong, strict=False):
            axis.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axis.set_title(true, loc="center", fontsize=10)
            axis.text(0.5, -0.04, predicted, color=ACCENT if red else INK, ha="center", va="top",
                      transform=axis.transAxes)  # fmt: skip
        return _save(figure, path)


def overlay(image: np.ndarray, heat: np.ndarray, strength: float = 0.5, size: int = 128):
    """A uint8 image (h, w, 1 or 3) under its heat map (h, w) in [0, 1], enlarged to be seen."""
    image = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
    if min(image.shape[:2]) < size:
        scale = -(-size // min(image.shape[:2]))
        image = image.repeat(scale, axis=0).repeat(scale, axis=1)
        heat = cv2.resize(heat, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    colors = matplotlib.colormaps["jet"](heat)[..., :3] * 255
    return np.round((1 - strength) * image + strength * colors).astype("uint8")


def _figure(width, height, rows=1, columns=1):
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    return figure, np.ravel(figure.subplots(rows, columns))


def _save(figure, path) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return Path(path)
