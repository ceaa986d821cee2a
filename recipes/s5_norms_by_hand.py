"""Session 5: batch, layer, group and instance norm by hand, on one tensor.

    python recipes/s5_norms_by_hand.py

What it shows: four images of six channels, each image with its own brightness and contrast, each
channel with its own level. The first picture shows which cells (image, channel) share a mean and a
variance, the others what each norm leaves of the differences; the table, what each has to compute
and to learn.

Checked: tests/zoo/fundamentals/test_normalization.py, against Keras, PyTorch and zoo.layers.
"""

from zoo import cli
from zoo.fundamentals import normalization as by_hand
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.run import Run

import numpy as np

SHAPE = (4, 16, 16, 6)  # images, height, width, channels
SETS = {  # which values share a mean and a variance
    "batch": "a channel, all images",
    "layer": "an image, all channels",
    "group": "an image, a channel group",
    "instance": "an image, a channel",
    "layer, axis=(1, 2, 3)": "an image, all channels",
    "layer, axis=-1": "a pixel, all channels",
}


def main(
    groups=2,  # of group norm; divides the six channels
    seed=0,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())

    counts = by_hand.counts(SHAPE, groups)  # refuses wrong groups
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
        panels = []
        for title, y in maps.items():
            cells = statistic(y, (1, 2)).round(1) + 0.0  # no -0.0
            panels.append(Picture(title, cells, colors, limits, ".1f"))
        return pictures(run.folder / f"{name}.png", panels, columns=3, side=2.2)

    sharing = [
        Picture(norm, by_hand.sharing(norm, 4, 6, groups), "Spectral", None, ".0f", SETS[norm])
        for norm in by_hand.NORMS
    ]
    rows = [
        {"norm": norm, "one mean for": SETS[norm], "means": means, "gammas": gammas}
        for norm, (means, gammas) in counts.items()
    ]
    run.print_table(rows, f"maps {SHAPE}, {groups} groups")
    sections = [
        Section(
            "Which cells share",
            "Rows are images, columns channels; cells of one number share a mean and a variance.",
            pictures(run.folder / "sharing.png", sharing, side=1.9),
        ),
        Section(
            "What there is to compute and to learn",
            f"Maps {SHAPE}, {groups} groups; as many variances and betas. The last two rows are "
            "Keras's LayerNormalization.",
            table=rows,
        ),
        Section(
            "Means of the cells",
            "Batch norm levels the channels and keeps which image is bright; layer norm does the "
            "opposite; instance norm keeps neither.",
            draw("means", np.mean, "RdBu_r", (-3, 3)),
        ),
        Section(
            "Their deviations",
            "The contrast within a cell. Instance norm makes it 1 everywhere.",
            draw("deviations", np.std, "Blues", (0, 2.5)),
        ),
    ]
    return run.report("Four norms by hand", sections)


if __name__ == "__main__":
    cli.run(main)
