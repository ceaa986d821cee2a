"""Session 1: from 400x400 pixels to one value, and how much of the image that value has seen.

    python recipes/s1_receptive_field.py

What it shows: 3x3 kernels alone need 200 layers, with four poolings 27 kernels do. The receptive
field is counted exactly and by the course's rule (a kernel adds 2, pooling doubles), for session
2's first net too; and how often a kernel covers each pixel, which at stride 2 is a checkerboard.

Checked: tests/zoo/fundamentals/test_layer_plan.py, against Keras and numbers written out by hand.
"""

from zoo import cli
from zoo.fundamentals.layer_plan import COURSE_PLAN, coverage, follow, kernels_alone
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

SESSION_2 = 5 * ["conv3"] + ["pool2"] + 4 * ["conv3"] + ["pool2", "conv3"]
TEXTS = {
    "27 kernels and four poolings": "A 3x3 kernel takes two pixels off a side, pooling halves it. "
    "An odd map loses a row there, 2 pixels of the image at 185 and 8 at 31: the end sees 390.",
    "Layers, sides and fields": "Without pooling, 199 kernels of 3x3 leave 2x2, because 400 is "
    "even and each takes two pixels: the last kernel has to be 2x2. The course's rule counts too "
    "much for a pooling and too little for the kernels behind it: they add 2 jumps, not 2 pixels.",
    "Session 2: squeeze_expand": "On the same image; 62 by the course's rule, 38 exactly. Pooling "
    "adds one jump to the field and doubles the jump, so that kernels add 2, then 4, then 8.",
    "How often a 3x3 kernel covers each pixel": "At stride 1 nine times in the middle, less at the "
    "edges. At stride 2 every other row twice: a checkerboard. At stride 3 each pixel once.",
}
COLUMNS = {"side of the map": "size", "field by the course": "taught", "field exactly": "field"}


def block_rows(steps) -> list[dict]:
    """One row from each pooling to the next, as the course writes them."""
    starts = [i for i, step in enumerate(steps) if step.layer in ("image", "pool2")]
    table_rows = []
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        block = steps[start:end]
        row = {"from": block[0].layer}
        for heading, attribute in COLUMNS.items():
            row[heading] = " ".join(str(getattr(step, attribute)) for step in block)
        table_rows.append(row | {"jump": block[0].jump})
    return table_rows


def lines(attribute, plans) -> dict:
    """One line per plan: the attribute of each layer, the image being layer 0."""
    return {
        name: (range(len(steps)), [getattr(step, attribute) for step in steps])
        for name, steps in plans.items()
    }


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())
    alone, pooled = follow(400, kernels_alone(400)), follow(400, COURSE_PLAN)
    sides = [step.size for step in alone]
    run.console.print(f"{len(alone) - 1} kernels, no pooling:", *sides[:5], "...", *sides[-5:])

    first, layers, second, covered = TEXTS
    tables = {first: block_rows(pooled), second: block_rows(follow(400, SESSION_2))}
    for title, table in tables.items():
        run.print_table(table, title)

    plans = {"no pooling": alone, "pooling": pooled}
    both_rules = lines("field", {"exactly": pooled}) | lines("taught", {"by the course": pooled})
    curves = [
        Plot("Side of the map, pixels", lines("size", plans), xlabel="layer"),
        Plot("Receptive field, pixels", lines("field", plans), xlabel="layer"),
        Plot("Field, with pooling", both_rules, xlabel="layer"),
    ]
    counts = [
        Picture(f"{n}x{n}, stride {stride}", coverage(n, stride=stride), "Blues", (0, 9), numbers)
        for n, numbers in ((9, "d"), (33, ""))
        for stride in (1, 2, 3)
    ]
    drawings = {
        layers: plots(run.folder / "layers.png", curves, columns=3),
        covered: pictures(run.folder / "coverage.png", counts, columns=3),
    }
    numbers = [
        (str(len(alone) - 1), "layers without pooling"),
        (str(COURSE_PLAN.count("conv3")), "kernels with four poolings"),
        (str(pooled[-1].field), "pixels of 400 seen, exactly"),
        (str(pooled[-1].taught), "by the course's rule"),
    ]
    sections = [Section(key, TEXTS[key], drawings.get(key), tables.get(key, ())) for key in TEXTS]
    return run.report("Layers and receptive fields", sections, numbers)


if __name__ == "__main__":
    cli.run(main)
