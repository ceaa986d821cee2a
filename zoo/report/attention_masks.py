"""Figures of what a token may ask; each function writes a picture and returns its path."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zoo.report.pictures import Picture, pictures

LOOK = {"colors": "Blues", "limits": (0, 3.6)}  # the darkest still differs from the frame


def of_an_image(path: str | Path, shades: Mapping[str, np.ndarray], side: int, pixel: int) -> Path:
    """What one pixel asks, as an image of rows `side` long, and below what every pixel asks.

    Args:
        shades: title -> (t, t), as `zoo.fundamentals.attention_masks.shaded` gives them.
        pixel: which one asks, of 0 to t - 1.
    """
    above = [Picture(name, s[pixel].reshape(-1, side), **LOOK) for name, s in shades.items()]
    below = [Picture("", s, caption=_scores(s), **LOOK) for s in shades.values()]
    return pictures(path, [*above, *below], columns=len(shades), side=2.6)


def of_a_text(path: str | Path, shades: Mapping[str, np.ndarray], text: str) -> Path:
    """What every character of a text asks, a row for each."""
    names = {"rows": [*text], "columns": [*text]}
    panels = [Picture(name, s, caption=_scores(s), **names, **LOOK) for name, s in shades.items()]
    return pictures(path, panels, columns=len(shades), side=5.2)


def _scores(shades: np.ndarray) -> str:
    return f"{np.count_nonzero(shades):,} of {shades.size:,} scores"
