"""Session 10: YOLO's scary loss by hand, cell by cell and term by term.

    python recipes/s10_scary_loss.py

What it shows: why there are 125 filters; which anchor of which cell has to find an object; the four
terms of the loss for a net that has just begun; what each kind of mistake adds to a right answer;
why widths and heights are compared under their roots. Nothing is trained.
Checked: tests/zoo/fundamentals/test_scary_loss.py by hand, and the loss that detectors are trained
with against it, tests/zoo/detection/test_yolo_loss.py.
"""

from zoo import cli, datasets
from zoo.fundamentals import scary_loss
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

import numpy as np

CELLS, ANCHORS = 4, ((0.17, 0.17), (0.37, 0.37))
FILTERS = """Each of the 13 x 13 cells has 5 anchors, and an anchor 4 numbers for its box, 1 for
whether there is an object, 20 for its class: 5 x (4 + 1 + 20) = 125 filters in the last
convolution, 13 x 13 x 125 = 21,125 numbers for an image. Here, 4 x 4 cells with 2 anchors each."""
BEGUN = """The terms by cell, for a net whose numbers are random. The cell that holds an object's
centre is responsible for it; every other one should say that there is nothing."""
MISTAKES = """The answer is right but for one mistake. Coordinates count five times, objectness
where there is nothing half, so that the many empty cells do not drown the few with an object."""
ROOTS = """A box of each width is found a twentieth of the image too wide. Its square is the same
for all; under the roots it counts more the smaller the box."""


def main(
    seed=0,
    out: str | None = None,
):
    run = Run.start(__file__, config=locals())
    data = datasets.load("shapes", image_shape=(256, 256, 3), limit=20, seed=seed)
    row = int(np.argmax([len(objects) for objects in data.train.objects]))
    image, objects = data.train.images[row], data.train.objects[row]
    boxes, classes = objects.boxes / 256, objects.classes

    rng = np.random.default_rng(seed)
    begun = scary_loss.costs(rng.normal(size=(CELLS, CELLS, 2, 8)), ANCHORS, boxes, classes)
    with_cells = image.copy()
    with_cells[:: 256 // CELLS] = with_cells[:, :: 256 // CELLS] = 255
    panels = [Picture(f"{len(boxes)} objects", with_cells)] + [
        Picture(f"{term.replace('_', ' ')}: {begun.terms[term]:.2f}", cells, "Blues", numbers=".2f")
        for term, cells in begun.cells.items()
    ]

    right = scary_loss.right_answer((CELLS, CELLS), ANCHORS, boxes, classes, num_classes=3)
    places = [*begun.responsible]
    empty = next(place for place in np.ndindex(right.shape[:3]) if place not in places)
    mistakes = {"none": right}
    for name, (place, numbers, change) in {
        "half a cell too far to the right": (places[0], 0, 2.0),
        "twice as wide": (places[0], 2, np.log(2)),
        "an object not seen": (places[0], 4, -12),
        "an object where there is none": (empty, 4, 12),
        "another class": (places[0], slice(5, 8), np.roll(right[places[0]][5:], 1) * 2),
    }.items():
        mistakes[name] = right.copy()
        mistakes[name][place][numbers] += change
    table = []
    for name, grid in mistakes.items():
        terms = scary_loss.costs(grid, ANCHORS, boxes, classes).terms
        shown = {term.replace("_", " "): f"{value:.3f}" for term, value in terms.items()}
        table.append({"mistake": name} | shown | {"loss": f"{sum(terms.values()):.3f}"})
    run.print_table(table, "What a mistake costs")

    widths = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
    squares = np.full(6, 0.05**2)
    of_roots = (np.sqrt(widths + 0.05) - np.sqrt(widths)) ** 2
    roots = [
        {"a": f"{a:.2f}", "b": f"{a + 0.05:.2f}", "(a - b)²": f"{s:.4f}", "(√a - √b)²": f"{r:.5f}"}
        for a, s, r in zip(widths, squares, of_roots, strict=True)
    ]
    run.print_table(roots, "Squares, and squares of roots")
    lines = {"(a - b)²": squares, "(√a - √b)²": of_roots}
    panel = Plot("", lines, widths, "width of the box, of the image", "error", log="xy")

    folder = run.folder
    sections = [
        Section("The numbers of a grid", FILTERS),
        Section("The four terms", BEGUN, pictures(folder / "terms.png", panels, columns=5)),
        Section("What a mistake costs", MISTAKES, table=table),
        Section("Under the roots", ROOTS, plots(folder / "roots.png", [panel], columns=1), roots),
    ]
    return run.report(
        "The scary loss", sections, [(f"{sum(begun.terms.values()):.1f}", "loss of random numbers")]
    )


if __name__ == "__main__":
    cli.run(main)
