"""Session 5: batch, layer, group and instance norm by hand, on one tensor.

    python recipes/s5_norms_by_hand.py

Four images of six channels, each image with a brightness and a contrast of its own, each channel
with a level. The first picture shows which cells (image, channel) share a mean and a variance, the
others what each norm leaves of the differences; the table, what each has to compute and to learn.

Checked: tests/zoo/fundamentals/test_normalization.py, against Keras, PyTorch and zoo.layers.
"""

import numpy as np

from zoo import cli
from zoo.fundamentals import normalization as by_hand
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.run import Run

SHAPE = (4, 16, 16, 6)  # images, height, width, channels
SETS = {  # who shares a mean and a variance
    "batch": "a channel, all images",
    "layer": "an image, all channels",
    "group": "an image, a channel group",
    "instance": "an image, a channel",
    "layer, axis=(1, 2, 3)": "an image, all channels",
    "layer, axis=-1": "a pixel, all channels",
}


def main(groups=2, seed=0, out: str | None = None):
    by_hand.counts(SHAPE, groups)  # refuses wrong groups before there is a run
    run = Run.start(__file__, config=locals())

    counts = by_hand.counts(SHAPE, groups)
    rng = np.random.default_rng(seed)
    brightness, contrast = np.linspace([-2, 0.6], [2, 2], 4).T[:, :, None, None, None]
    x = brightness + rng.permutation(np.linspace(-2, 2, 6)) + contrast * rng.normal(size=SHAPE)
    maps = {
        "before": x,
        "batch": by_hand.batch_norm(x),
        "layer": by_hand.layer_norm(x),
        "group": by_hand.group_norm(x, groups=groups),
        "instance": by_hand.instance_norm(x),
        "layer, axis=-1": by_hand.layer_norm(x, axes=-1),
    }

    def draw(name, statistic, colors, limits):
        cells = {of: statistic(y, (1, 2)).round(1) + 0.0 for of, y in maps.items()}  # no -0.0
        cell_pictures = [Picture(of, cell, colors, limits, ".1f") for of, cell in cells.items()]
        return pictures(run.folder / f"{name}.png", cell_pictures, columns=3, side=2.2)

    sets = {norm: by_hand.sharing(norm, 4, 6, groups) for norm in by_hand.NORMS}
    shared = [
        Picture(norm, cells, "Spectral", numbers=".0f", caption=SETS[norm])
        for norm, cells in sets.items()
    ]
    rows = [
        {"norm": norm, "one mean for": SETS[norm], "means": n, "gammas": c}
        for norm, (n, c) in counts.items()
    ]
    run.print_table(rows, f"maps {SHAPE}, {groups} groups")

    who = "A row is an image, a column a channel; cells of one number share a mean and a variance."
    many = f"Maps {SHAPE}, {groups} groups; as many variances and betas. The last two rows are "
    many += "Keras's LayerNormalization."
    means = "Batch norm levels the channels and keeps which image is bright; layer norm does the "
    means += "opposite; instance norm keeps neither."
    deviations = "The contrast within a cell. Instance norm makes it 1 everywhere."
    picture = pictures(run.folder / "sharing.png", shared, side=1.9)
    sections = [
        Section("Who shares", who, picture),
        Section("What there is to compute and to learn", many, table=rows),
        Section("Means of the cells", means, draw("means", np.mean, "RdBu_r", (-3, 3))),
        Section("Their deviations", deviations, draw("deviations", np.std, "Blues", (0, 2.5))),
    ]
    return run.report("Four norms by hand", sections)


if __name__ == "__main__":
    cli.run(main)
