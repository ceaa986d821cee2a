"""The look that all figures share: colours, fonts, and how a figure is begun and saved."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from zoo.storage import write_atomically

INK, FAINT = "#1f2430", "#c9ced8"
TRAIN, VAL, ACCENT = "#8a94a6", "#2f6fde", "#e4572e"
# Of what is compared, in its order: a name has one colour in all figures of a report.
COLORS = (VAL, ACCENT, "#2a9d63", "#8e5bd0", "#d99a00", "#16a3b8", "#c2417c", INK, "#8b5e3c", TRAIN)
HEAT = "inferno"  # of heat maps: dark to bright, in steps that are even to the eye
STYLE = {
    "font.size": 10,
    "text.color": INK,
    # Names of classes, parts and data sets come from users: a dollar in them begins no formula.
    "text.parse_math": False,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,  # 2.3001, not 0.0001 with a small +2.3 above the axis
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "grid.color": "#e9ecf1",
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}
LONGEST_NAME = 22  # characters that fit above or below a small picture


def style(**settings):
    """A `with` block in which figures look alike; `settings` are matplotlib's, dots as `__`."""
    own = {name.replace("__", "."): value for name, value in settings.items()}
    return matplotlib.rc_context(STYLE | own)


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1):
    """A figure, width and height in inches, and its axes in a flat array."""
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    return figure, np.ravel(figure.subplots(rows, columns))


def save(figure: Figure, path: str | Path) -> Path:
    """Write the figure in the format of the path's suffix; the path is returned."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.suffix.removeprefix(".") or "png"
    write_atomically(path, lambda file: figure.savefig(file, format=kind))
    return path


def logarithmic(axes, which: str) -> None:
    """Logarithmic "x", "y" or "xy" axes, numbered 0.01, 0.1, 1: matplotlib's 10^-2 is a formula."""
    for letter in which:
        axes.set(**{f"{letter}scale": "log"})
        axis = getattr(axes, f"{letter}axis")
        axis.set_major_formatter(_PlainNumbers(labelOnlyBase=True))
        axis.set_minor_formatter(_PlainNumbers())


class _PlainNumbers(LogFormatter):
    """Numbers the ticks that matplotlib would, 0.001 in place of 1e-03."""

    def __call__(self, x, pos=None):
        return f"{x:g}" if super().__call__(x, pos) else ""


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """A name that leaves its neighbours room: the end of a long one becomes an ellipsis."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
