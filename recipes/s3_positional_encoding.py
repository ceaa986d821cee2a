"""Session 3: sinusoidal positional encodings, which tell a fully connected layer where it is.

    python recipes/s3_positional_encoding.py

The encodings of 64 positions as a heat map and as waves, and how alike two of them are. Then what
they are for: a fully connected layer on each of 8 vectors, summed, gives the same for any order of
them; with the encoding added first it does not.

Checked: tests/zoo/fundamentals/test_positional.py, against complex exponentials.
"""

import numpy as np

from zoo import cli
from zoo.fundamentals.positional import sinusoidal
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

POSITIONS, WIDTH = 64, 64


def main(seed=0, out: str | None = None):
    run = Run.start(__file__, config=locals())
    encoding = sinusoidal(POSITIONS, WIDTH)  # (positions, width)
    similarity = encoding @ encoding.T / (WIDTH / 2)  # 1 where the positions are the same

    rng = np.random.default_rng(seed)
    vectors, weights = rng.normal(size=(8, WIDTH)), rng.normal(size=(WIDTH, 4))
    shuffled = rng.permutation(vectors)
    told = sinusoidal(8, WIDTH)
    table = [
        {"input": name} | {f"output {n}": f"{value:.3f}" for n, value in enumerate(sums, 1)}
        for name, sums in {
            "vectors in order": layer(vectors, weights),
            "shuffled": layer(shuffled, weights),
            "in order, with encoding": layer(vectors + told, weights),
            "shuffled, with encoding": layer(shuffled + told, weights),
        }.items()
    ]
    for row in table:
        run.console.print(f"{row['input']:25}", *list(row.values())[1:])

    across = "across: column 0 to 63, down: position 0 to 63"
    both = "across and down: position 0 to 63"
    maps = [
        Picture("The encodings", encoding, "RdBu_r", (-1, 1), caption=across),
        Picture("How alike two are", similarity, "RdBu_r", (-1, 1), caption=both),
    ]
    hands = {f"column {column}": encoding[:, column] for column in (0, 8, 16, 32)}
    alike = {f"position {position}": similarity[position] for position in (0, 20, 40)}
    lines = [
        Plot("Some columns", hands, range(POSITIONS), "position", limits=(-1.1, 2.3)),
        Plot("Alike to", alike, range(POSITIONS), "position"),
    ]
    sections = [
        Section(
            "Where, written as waves",
            "Red is 1, white 0, blue -1. Left: a row is what is added to the vector at that "
            "position; the first columns turn fast, the last next to not at all. Right: dot "
            "products over their largest; along a diagonal, at one distance, they are the same.",
            pictures(run.folder / "encoding.png", maps, columns=2),
        ),
        Section(
            "Hands of a clock",
            "Each pair of columns turns at its own speed. On the whole likeness falls with the "
            "distance, in the same way from everywhere.",
            plots(run.folder / "waves.png", lines),
        ),
        Section(
            "What it is for",
            "A fully connected layer with ReLU on each of 8 random vectors, its outputs summed. "
            "Without the encoding the order is lost.",
            table=table,
        ),
    ]
    return run.report("Positional encodings", sections)


def layer(vectors, weights):
    """A fully connected layer on each vector, ReLU, the sum over the vectors."""
    return np.maximum(vectors @ weights, 0).sum(0)


if __name__ == "__main__":
    cli.run(main)
