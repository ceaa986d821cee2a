"""Session 1: the channels of a photograph in three colour spaces, and their intensities.

    python recipes/s1_channels.py

What it shows: red, green and blue look alike, since each carries the brightness; HSV and LAB keep
brightness in one channel and colour in two. Normalizing stretches the intensities of a hazy part to
the full range, and the histogram with them; equalizing makes the histogram as flat as possible.

Checked: normalizing and equalizing, tests/zoo/fundamentals/test_convolution.py, against OpenCV.
"""

from zoo import cli
from zoo.fundamentals.convolution import equalize, normalize
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

import cv2
import numpy as np
from sklearn.datasets import load_sample_image

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

    rgb = photo.astype("float32") / 255  # from uint8 OpenCV would halve the hue and shift A and B
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    channels = np.moveaxis(np.concatenate([rgb, hsv, lab], axis=-1), -1, 0)
    channel_pictures = [
        Picture(name, channel, colors, limits)
        for (name, (colors, limits)), channel in zip(CHANNELS.items(), channels, strict=True)
    ]

    hazy = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[180:260, 365:525]
    versions = {"original": hazy, "normalized": 255 * normalize(hazy), "equalized": equalize(hazy)}
    haze = [Picture(name, image, limits=(0, 255)) for name, image in versions.items()]
    counts = {name: np.histogram(image, 32, (0, 256))[0] for name, image in versions.items()}
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
                "Red, green and blue look alike, since each carries the brightness. HSV and LAB "
                "keep it in one channel and colour in two. Where saturation is low, the hue is "
                "noise: the haze has hardly any colour.",
                pictures(run.folder / "channels.png", channel_pictures, columns=3, side=2.25),
            ),
            Section(
                "Intensities",
                f"The haze uses the intensities {hazy.min()} to {hazy.max()} of 0 to 255. "
                "Normalized, they fill the range and keep their proportions; equalized, each "
                "becomes the share of pixels that are no lighter.",
                pictures(run.folder / "intensities.png", haze, columns=3, side=1.7),
            ),
            Section(
                "Histograms",
                "Normalized, the same pixels spread over more intensities, with fewer at each. "
                "Equalized, intervals of one length hold about the same number of pixels, and the "
                "cumulative histogram is nearly a straight line.",
                plots(run.folder / "histograms.png", histograms),
            ),
        ],
    )


if __name__ == "__main__":
    cli.run(main)
