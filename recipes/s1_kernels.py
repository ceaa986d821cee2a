"""Session 1: kernels by hand, on small matrices and on a photograph.

    python recipes/s1_kernels.py

What it shows: how a kernel slides over a matrix; that the course's HORIZONTAL, without negative
weights, measures brightness, while VERTICAL, upright or turned, finds lines; that kernels as deep
as the image can tell its colours apart.

Checked: tests/zoo/fundamentals/test_convolution.py, against Keras.
"""

from zoo import cli
from zoo.fundamentals.convolution import HORIZONTAL, VERTICAL, convolve
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.run import Run

import numpy as np
from rich.table import Table
from sklearn.datasets import load_sample_image

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
    matrix_pictures = []
    for image, name in ((EXAMPLE, "HORIZONTAL"), (LETTER, "VERTICAL")):
        kernel = KERNELS[name][0]
        matrices = {"input": np.array(image), name: kernel, "output": convolve(image, kernel)}
        for title, matrix in matrices.items():
            matrix_pictures.append(Picture(title, matrix, numbers="d"))
        table = Table(*matrices, box=None, padding=(0, 3))
        table.add_row(*map(aligned, matrices.values()))
        run.console.print(table, "")

    photo = load_sample_image("china.jpg")
    kernels = np.stack([np.multiply.outer(a, b) for a, b, _ in KERNELS.values()], axis=-1)
    output = convolve(photo, kernels)
    photo_pictures = [Picture("the photograph", photo)]
    for i, (name, (_, _, limits)) in enumerate(KERNELS.items()):
        photo_pictures.append(Picture(name, output[..., i], limits=limits))
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
                "is not flipped: this is cross-correlation. VERTICAL responds to the letter's "
                "vertical stroke, and to the horizontal one only at its ends.",
                pictures(run.folder / "matrices.png", matrix_pictures, columns=3, side=2.4),
            ),
            Section(
                "On a photograph",
                "Five kernels of 3 x 3 x 3 make five channels. The weights of HORIZONTAL sum to 10 "
                "for each of red, green and blue: a flat area gives ten times the sum of its three "
                "values, a blurred photograph. Those of VERTICAL sum to 0: a flat area gives 0, "
                "drawn gray, and lines remain.",
                pictures(run.folder / "photograph.png", photo_pictures, columns=2, side=3.35),
            ),
            Section(
                "Shapes",
                f"The output of {times(kernels)} kernels on {times(photo)}.",
                table=shapes,
            ),
        ],
    )


def aligned(matrix) -> str:
    return "\n".join("".join(f"{value:3}" for value in row) for row in matrix)


def times(array) -> str:
    return " x ".join(map(str, array.shape))


if __name__ == "__main__":
    cli.run(main)
