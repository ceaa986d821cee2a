"""Session 1: the channels of a photograph in three colour spaces, and their intensities.

    python recipes/s1_channels.py

Red, green and blue look much alike: each carries the brightness. HSV and LAB keep brightness in one
channel and colour in two. Normalizing stretches the intensities of a hazy part to the full range,
and the histogram with them; equalizing makes the histogram as flat as it can be.

Checked: normalizing and equalizing, tests/zoo/fundamentals/test_convolution.py, against OpenCV.
"""

import cv2
import numpy as np
from sklearn.datasets import load_sample_image

from zoo import cli
from zoo.fundamentals.convolution import equalize, normalize
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

CHANNELS = {  # colours and range to draw each in
    "RGB: red": ("gray", (0, 1)),
    "RGB: green": ("gray", (0, 1)),
    "RGB: blue": ("gray", (0, 1)),
    "HSV: hue": ("hsv", (0, 360)),
    "HSV: saturation": ("gray", (0, 1)),
    "HSV: value": ("gray", (0, 1)),
    "LAB: lightness": ("gray", (0, 100)),
    "LAB: from green to red": ("PiYG_r", (-50, 50)),
    "LAB: from blue to yellow": ("cividis", (-50, 50)),
}


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())
    photo = load_sample_image("china.jpg")

    rgb = photo.astype("float32") / 255  # of uint8 OpenCV would halve the hue and shift A and B
    hsv, lab = (cv2.cvtColor(rgb, code) for code in (cv2.COLOR_RGB2HSV, cv2.COLOR_RGB2LAB))
    channels = np.moveaxis(np.concatenate([rgb, hsv, lab], axis=-1), -1, 0)
    split = [
        Picture(name, channel, *how)
        for (name, how), channel in zip(CHANNELS.items(), channels, strict=True)
    ]

    hazy = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[180:260, 365:525]
    levels = {"as it is": hazy, "normalized": 255 * normalize(hazy), "equalized": equalize(hazy)}
    haze = [Picture(name, level, limits=(0, 255)) for name, level in levels.items()]
    counts = {name: np.histogram(level, 32, (0, 256))[0] for name, level in levels.items()}
    shares = {name: count.cumsum() / hazy.size for name, count in counts.items()}
    ends = np.arange(8, 257, 8)
    histograms = [
        Plot("Histogram", counts, ends - 4, "intensity", "pixels per 8 intensities"),
        Plot("Cumulative histogram", shares, ends, "intensity", "share of pixels up to it"),
    ]

    return run.report(
        "Channels and intensities",
        [
            Section(
                "Channels",
                "Red, green and blue look alike, as each carries the brightness. HSV and LAB keep "
                "that in one channel and colour in two. Where saturation is low the hue is noise: "
                "the haze has hardly a colour to name.",
                pictures(run.folder / "channels.png", split, columns=3, side=2.25),
            ),
            Section(
                "Intensities",
                f"The haze leaves {hazy.min()} to {hazy.max()} of 0 to 255. Normalized, they reach "
                "over all and keep their proportions; equalized, each becomes the share of pixels "
                "that are no lighter.",
                pictures(run.folder / "intensities.png", haze, columns=3, side=1.7),
            ),
            Section(
                "Histograms",
                "Normalized, the same pixels spread over more intensities, and each holds fewer. "
                "Equalized, any stretch holds about as many pixels as another of its length, and "
                "the cumulative histogram is nearly a straight line.",
                plots(run.folder / "histograms.png", histograms),
            ),
        ],
    )


if __name__ == "__main__":
    cli.run(main)
