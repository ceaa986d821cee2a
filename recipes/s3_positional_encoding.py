"""Session 3: sinusoidal positional encodings, which tell a fully connected layer where it is.

    python recipes/s3_positional_encoding.py

What it shows: the encodings of 64 positions as a heat map and as waves, and how similar two of them
are. Then what they are for: a fully connected layer on each of 8 vectors, summed, gives the same
for any order of the vectors; with the encoding added first, it does not.

Checked: tests/zoo/fundamentals/test_positional.py, against complex exponentials.
"""

from zoo import cli
from zoo.fundamentals.positional import sinusoidal
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

import numpy as np

POSITIONS, WIDTH = 64, 64


def main(seed=0, out: str | None = None):
    run = Run.start(__file__, config=locals())
    encoding = sinusoidal(POSITIONS, WIDTH)  # (positions, width)
    similarity = encoding @ encoding.T / (WIDTH / 2)  # 1 where the positions are the same

    rng = np.random.default_rng(seed)
    vectors, weights = rng.normal(size=(8, WIDTH)), rng.normal(size=(WIDTH, 4))
    shuffled = rng.permutation(vectors)
    positions = sinusoidal(8, WIDTH)
    outputs = {
        "vectors in order": layer(vectors, weights),
        "shuffled": layer(shuffled, weights),
        "in order, with encoding": layer(vectors + positions, weights),
        "shuffled, with encoding": layer(shuffled + positions, weights),
    }
    table = [
        {"input": name} | {f"output {n}": f"{value:.3f}" for n, value in enumerate(values, 1)}
        for name, values in outputs.items()
    ]
    run.print_table(table)

    encoding_axes = "across: column 0 to 63, down: position 0 to 63"
    similarity_axes = "across and down: position 0 to 63"
    maps = [
        Picture("The encodings", encoding, "RdBu_r", (-1, 1), caption=encoding_axes),
        Picture("Similarity of two", similarity, "RdBu_r", (-1, 1), caption=similarity_axes),
    ]
    columns = {f"column {column}": encoding[:, column] for column in (0, 8, 16, 32)}
    similar = {f"position {position}": similarity[position] for position in (0, 20, 40)}
    panels = [
        Plot("Some columns", columns, range(POSITIONS), "position", limits=(-1.1, 2.3)),
        Plot("Similarity to", similar, range(POSITIONS), "position"),
    ]
    sections = [
        Section(
            "Positions written as waves",
            "Red is 1, white 0, blue -1. Left: each row is what is added to the vector at that "
            "position; the first columns oscillate fast, the last hardly at all. Right: dot "
            "products over the largest; along a diagonal, at one distance, they are equal.",
            pictures(run.folder / "encoding.png", maps, columns=2),
        ),
        Section(
            "Hands of a clock",
            "Each pair of columns rotates at its own speed. On the whole similarity falls with the "
            "distance, in the same way from every position.",
            plots(run.folder / "waves.png", panels),
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
    """A fully connected layer with ReLU on each vector, summed over the vectors."""
    return np.maximum(vectors @ weights, 0).sum(0)


if __name__ == "__main__":
    cli.run(main)
