"""Session 3: softmax and cross-entropy by hand, and why the loss is a logarithm.

    python recipes/s3_softmax.py

What it shows: four images through softmax and loss, number by number; large logits, and logits over
a temperature. Then what the logarithm is good for: a confident mistake gets the largest gradient, a
sum replaces a product that vanishes, and the gradient is p - y.

Checked: tests/zoo/fundamentals/test_softmax.py, against SciPy and Keras.
"""

from zoo import cli
from zoo.fundamentals.softmax import cross_entropy, cross_entropy_gradient, log_softmax, softmax
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

import numpy as np

CLASSES = ("cat", "dog", "ship")
LOGITS = np.array([[4.0, 1.0, 0.0], [1.0, 1.2, 1.1], [3.0, -1.0, 2.0], [0.0, 6.0, -2.0]])
LABELS = np.array([0, 1, 2, 0])  # confident and right, undecided, rather wrong, confident and wrong
LARGE = np.array([0.0, 500.0, 1000.0])


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())
    probabilities, loss = softmax(LOGITS), cross_entropy(LOGITS, LABELS)
    table = [
        {"true": CLASSES[label]} | by_class(row) | {"-log p": f"{-logs[label]:.4f}"}
        for label, row, logs in zip(LABELS, probabilities, log_softmax(LOGITS), strict=True)
    ]
    run.print_table(table)
    run.console.print(f"cross-entropy, their mean: {loss:.4f}", style="bold")

    slopes = len(LABELS) * cross_entropy_gradient(LOGITS, LABELS)  # of each image, not the mean
    below = (12 * " ").join(CLASSES)
    matrices = [
        Picture("logits x", LOGITS, "coolwarm", (-6, 6), ".1f", below),
        Picture("p = softmax(x)", probabilities, "Blues", (0, 1), ".3f", below),
        Picture("y, the truth", np.eye(3)[LABELS], "Blues", (0, 1), ".0f", below),
        Picture("gradient p - y", slopes, "coolwarm", (-1, 1), "+.3f", below),
    ]

    p, images = np.linspace(0.03, 1, 200), np.arange(1, 301)
    with np.errstate(all="ignore"):  # what goes wrong here is what is shown
        large = {"e^x / sum e^x": np.exp(LARGE) / np.exp(LARGE).sum(), "softmax": softmax(LARGE)}
        large |= {"its logarithm": np.log(softmax(LARGE)), "log_softmax": log_softmax(LARGE)}
        product = np.log(np.cumprod(np.full(300, 0.5, "float32")))
    logit_slopes = {"of -log p: p - 1": p - 1, "of 1 - p: p (p - 1)": p * (p - 1)}
    sums = {"sum of the logs": images * np.log(0.5), "log of the product": product}
    why = [
        Plot("Loss", {"-log p": -np.log(p), "1 - p": 1 - p}, p, "p of the true class"),
        Plot("Its slope in the true logit", logit_slopes, p, "p of the true class"),
        Plot("log p of a batch, each p = 1/2", sums, images, "images, in float32"),
    ]
    heat = np.linspace(0.2, 8, 200)
    heated = dict(zip(CLASSES, softmax(LOGITS[2] / heat[:, None]).T, strict=True))
    temperature = Plot("softmax(x / T) of the third image", heated, heat, "temperature T", "p")
    sections = [
        Section(
            "Four images, three classes",
            "Confident and right, undecided, rather wrong, confident and wrong, the largest loss.",
            table=table,
        ),
        Section(
            "From logits to the gradient",
            "One row per image. On the right: red logits have to go down, blue ones up, by the "
            "predicted probability minus the true one.",
            pictures(run.folder / "matrices.png", matrices, side=3),
        ),
        Section(
            "Logits of 0, 500 and 1000",
            "e^1000 overflows; e^(x - max x) is at most 1. e^-1000 underflows to 0, and its "
            "logarithm is lost: log_softmax never computes it.",
            table=[{"": name} | by_class(row) for name, row in large.items()],
        ),
        Section(
            "Temperature",
            "The logits divided by T: a low T makes the prediction more confident, a high T less.",
            plots(run.folder / "temperature.png", [temperature], columns=1, height=2.8),
        ),
        Section(
            "Why the logarithm",
            "The more confident a mistake, the harder -log p pulls at the logits; 1 - p lets go of "
            "exactly these images. Where the orange line ends, the product is 0.",
            plots(run.folder / "why.png", why, columns=3),
        ),
    ]
    return run.report("Softmax and cross-entropy", sections, [(f"{loss:.4f}", "cross-entropy")])


def by_class(values):
    """The columns of a table for one image."""
    return {name: f"{value:.4f}" for name, value in zip(CLASSES, values, strict=True)}


if __name__ == "__main__":
    cli.run(main)
