"""Session 6: the kinds of convolution, what each costs, sees and is for.

    python recipes/s6_convolutions.py

What it shows: nine ways from 16 channels of 32x32 to 32 channels. Pictures: how dilation widens the
receptive field and where it leaves holes; the checkerboard of the transposed convolution, against
pixel shuffle and upsampling; which kernels a column and a row can replace.

Checked: tests/zoo/test_layers.py, inspect/test_summary.py and fundamentals/test_upsampling.py.
"""

from zoo import cli, summary
from zoo.fundamentals.convolution import HORIZONTAL, paths, separate
from zoo.fundamentals.upsampling import checkerboards
from zoo.layers import PixelShuffle, depthwise_separable, spatially_separable
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

import keras
import numpy as np
from keras.layers import Conv2D, Conv2DTranspose, UpSampling2D

PLAIN = {"padding": "same", "use_bias": False}
WIDE = Conv2D(128, 3, **PLAIN)
KINDS = {
    "3x3": ("looks around, mixes channels", Conv2D(32, 3, **PLAIN)),
    "1x1, pointwise": ("mixes channels alone", Conv2D(32, 1, **PLAIN)),
    "3x3, dilation 2": ("sees further for the same", Conv2D(32, 3, dilation_rate=2, **PLAIN)),
    "3x3, 4 groups": ("mixes channels in fours", Conv2D(32, 3, groups=4, **PLAIN)),
    "depthwise separable": ("3x3 per channel, then 1x1", lambda x: depthwise_separable(x, 32, "c")),
    "spatially separable": ("3x1, then 1x3", lambda x: spatially_separable(x, 32, "c")),
    "3x3, transposed": ("larger maps, unevenly", Conv2DTranspose(32, 3, strides=2, **PLAIN)),
    "3x3, pixel shuffle": ("larger maps, evenly", lambda x: PixelShuffle()(WIDE(x))),
    "nearest, then 3x3": ("the same", lambda x: Conv2D(32, 3, **PLAIN)(UpSampling2D()(x))),
}
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
STACKS = {"1": [1] * 6, "2": [2] * 6, "1, 2, 4, 8, 16, 32": [2**n for n in range(6)]}
TEXTS = {
    "What each costs": "From 32x32x16 to 32 channels; weights and multiply-adds without norms. A "
    "jump of 1/2 means two values per pixel of the input.",
    "How far dilated kernels see": "A stack of 3x3 kernels, named by the dilations of its layers.",
    "Which pixels three of them see": "The darker, the more paths lead to the value in the middle. "
    "1, 2, 4 see 15x15 without a hole; 2, 2, 2 see 13x13, but only every other row and column.",
    "The checkerboard": "Maps of ones under random kernels; above one draw, below the deviation "
    "over 1,000. In a transposed 3x3 of stride 2 a pixel gets 1, 2 or 4 weights: the checkerboard "
    "is there on average. In a 4x4, which the stride divides, it gets 4, in pixel shuffle 9, but "
    "neighbours have different kernels. Where these start equal, as in upsampling, there is none.",
    "What a column and a row can be": "Each kernel, and the nearest that 3x1 and 1x3 make.",
}


def costs(kind) -> dict[str, str]:
    """The row of one kind in the table, counted by `zoo.summary`."""
    purpose, layer = KINDS[kind]
    image = keras.Input((32, 32, 16))
    table = summary(keras.Model(image, layer(image)))
    _, _, output, _, field, jump, _ = table.rows[-1].cells()
    weights = f"{sum(row.params for row in table.rows if row.multiply_adds):,}"
    row = {"kind": kind, "weights": weights, "mult-adds": f"{table.multiply_adds:,}"}
    return row | {"output": output, "field": field, "jump": jump, "purpose": purpose}


def main(seed=0, out: str | None = None):
    run = Run.start(__file__, config=locals())
    rows = [costs(kind) for kind in KINDS]
    run.print_table(rows, "32 x 32 x 16 to 32 channels", without="purpose")

    fields = {name: [len(paths(stack[:n])) for n in range(1, 7)] for name, stack in STACKS.items()}
    seen = []
    for stack in STACKS.values():
        ways = np.log1p(paths(stack[:3]))
        padded = np.pad(ways, (15 - len(ways)) // 2)
        seen.append(Picture(", ".join(map(str, stack[:3])), padded, "Blues", (0, 4)))
    boards = checkerboards(seed=seed)
    board_pictures = [Picture(name, maps[..., 0], limits=(-4, 4)) for name, maps in boards.items()]
    board_pictures += [Picture("", m.std(-1), "Blues", (0, 4), ".1f") for m in boards.values()]
    kernels = []
    for name, kernel in {"Sobel": SOBEL, "HORIZONTAL": HORIZONTAL, "diagonal": np.eye(3)}.items():
        column, row, missed = separate(kernel)
        for title, matrix in {name: kernel, f"misses {missed:.0%}": np.outer(column, row)}.items():
            kernels.append(Picture(title, matrix.round(2) + 0.0, "RdBu_r", (-3, 3), ".2g"))

    costs_text, fields_text, seen_text, boards_text, kernels_text = TEXTS.items()
    field_plot = Plot("Pixels of a side", fields, xlabel="layers")
    sections = [
        Section(*costs_text, table=rows),
        Section(*fields_text, plots(run.folder / "fields.png", [field_plot], columns=1)),
        Section(*seen_text, pictures(run.folder / "seen.png", seen, columns=3)),
        Section(*boards_text, pictures(run.folder / "boards.png", board_pictures, columns=5)),
        Section(*kernels_text, pictures(run.folder / "rank.png", kernels, columns=6)),
    ]
    return run.report("Kinds of convolution", sections)


if __name__ == "__main__":
    cli.run(main)
