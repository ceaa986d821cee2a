"""Session 1: kernels by hand, on small matrices and on a photograph.

    python recipes/s1_kernels.py

The course's HORIZONTAL has no negative weight and weighs brightness; VERTICAL, and the same turned,
find lines. Kernels are as deep as the image, which lets them tell its colours apart.

Checked: tests/zoo/fundamentals/test_convolution.py, against Keras.
"""

import numpy as np
from rich.table import Table
from sklearn.datasets import load_sample_image

from zoo import cli
from zoo.fundamentals.convolution import HORIZONTAL, VERTICAL, convolve
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.run import Run

EXAMPLE = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
LETTER = np.pad([[1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 1]], ((1, 1), (1, 2)))
SUM = np.ones((3, 3), int)
KERNELS = {  # in the plane; weights of red, green and blue; the range of outputs to draw
    "HORIZONTAL": (HORIZONTAL, (1, 1, 1), (0, 7650)),
    "VERTICAL": (VERTICAL, (1, 1, 1), (-1500, 1500)),
    "VERTICAL, turned": (VERTICAL.T, (1, 1, 1), (-1500, 1500)),
    "red against green": (SUM, (1, -1, 0), (-900, 900)),
    "blue against red": (SUM, (-1, 0, 1), (-900, 900)),
}
SETTINGS = (("padding", "valid"), ("padding", "same"), ("stride", 2), ("dilation", 2))


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())
    cells = []
    for image, name in ((EXAMPLE, "HORIZONTAL"), (LETTER, "VERTICAL")):
        kernel = KERNELS[name][0]
        shown = {"input": np.array(image), name: kernel, "output": convolve(image, kernel)}
        cells += [Picture(title, matrix, numbers="d") for title, matrix in shown.items()]
        table = Table(*shown, box=None, padding=(0, 3))
        table.add_row(*map(aligned, shown.values()))
        run.console.print(table, "")

    photo = load_sample_image("china.jpg")
    kernels = np.stack([np.multiply.outer(a, b) for a, b, _ in KERNELS.values()], axis=-1)
    output = convolve(photo, kernels)
    drawn = [Picture("the photograph", photo)]
    for i, (name, (_, _, limits)) in enumerate(KERNELS.items()):
        drawn.append(Picture(name, output[..., i], limits=limits))
    shapes = [
        {"": f"{name} {value}", "output": times(convolve(photo, kernels, **{name: value}))}
        for name, value in SETTINGS
    ]

    return run.report(
        "Kernels by hand",
        [
            Section(
                "On small matrices",
                "The first 12 is 3·0 + 3·1 + 2·2 + 0·2 + 0·2 + 1·0 + 3·0 + 1·1 + 2·2. The kernel "
                "lies as it is written, which makes this cross-correlation. VERTICAL answers to "
                "the letter's stroke down, and to the stroke across only at its ends.",
                pictures(run.folder / "matrices.png", cells, columns=3, side=2.4),
            ),
            Section(
                "On a photograph",
                "Five kernels of 3 x 3 x 3 make five channels. HORIZONTAL, whose weights sum to "
                "10 on each of red, green and blue, gives of a flat area ten times the sum of the "
                "three: a blurred photograph, drawn on that scale. VERTICAL, whose sum is 0, turns "
                "it to 0, drawn gray, and leaves lines.",
                pictures(run.folder / "photograph.png", drawn, columns=2, side=3.35),
            ),
            Section(
                "Shapes", f"{times(photo)} under kernels of {times(kernels)} gives", table=shapes
            ),
        ],
    )


def aligned(matrix) -> str:
    return "\n".join("".join(f"{value:3}" for value in row) for row in matrix)


def times(array) -> str:
    return " x ".join(map(str, array.shape))


if __name__ == "__main__":
    cli.run(main)
