"""Session 3: softmax and cross-entropy by hand, and why the loss is a logarithm.

    python recipes/s3_softmax.py

Four images through softmax and loss, number by number; large logits, and logits over a temperature.
Then what the logarithm is good for: a sure mistake is pulled back hardest, a sum stands in place of
a product that vanishes, and the gradient is p - y.

Checked: tests/zoo/fundamentals/test_softmax.py, against SciPy and Keras.
"""

import numpy as np

from zoo import cli
from zoo.fundamentals.softmax import cross_entropy, cross_entropy_gradient, log_softmax, softmax
from zoo.report.page import Section
from zoo.report.pictures import Picture, pictures
from zoo.report.plots import Plot, plots
from zoo.run import Run

CLASSES = ("cat", "dog", "ship")
LOGITS = np.array([[4.0, 1.0, 0.0], [1.0, 1.2, 1.1], [3.0, -1.0, 2.0], [0.0, 6.0, -2.0]])
LABELS = np.array([0, 1, 2, 0])  # surely right, undecided, rather wrong, surely wrong
LARGE = np.array([0.0, 500.0, 1000.0])


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())
    probabilities, loss = softmax(LOGITS), cross_entropy(LOGITS, LABELS)
    table = [
        {"true": CLASSES[label]} | cells(row) | {"-log p": f"{-logs[label]:.4f}"}
        for label, row, logs in zip(LABELS, probabilities, log_softmax(LOGITS), strict=True)
    ]
    for row in table:
        run.console.print("  ".join(f"{name} {value}" for name, value in row.items()))
    run.console.print(f"cross-entropy, their mean: [bold]{loss:.4f}[/bold]")

    each_slope = len(LABELS) * cross_entropy_gradient(LOGITS, LABELS)  # of an image, not the mean
    matrices = [
        ("logits x", LOGITS, "coolwarm", (-6, 6), ".1f"),
        ("p = softmax(x)", probabilities, "Blues", (0, 1), ".3f"),
        ("y, what is true", np.eye(3)[LABELS], "Blues", (0, 1), ".0f"),
        ("slope p - y", each_slope, "coolwarm", (-1, 1), "+.3f"),
    ]
    shown = [Picture(*matrix, caption=(12 * " ").join(CLASSES)) for matrix in matrices]

    p, images = np.linspace(0.03, 1, 200), np.arange(1, 301)
    with np.errstate(all="ignore"):  # what goes wrong here is what is shown
        large = {"e^x / sum e^x": np.exp(LARGE) / np.exp(LARGE).sum(), "softmax": softmax(LARGE)}
        large |= {"its logarithm": np.log(softmax(LARGE)), "log_softmax": log_softmax(LARGE)}
        product = np.log(np.cumprod(np.full(300, 0.5, "float32")))
    slopes = {"of -log p: p - 1": p - 1, "of 1 - p: p (p - 1)": p * (p - 1)}
    sums = {"sum of the logs": images * np.log(0.5), "log of the product": product}
    why = [
        ("Loss", {"-log p": -np.log(p), "1 - p": 1 - p}, p, "p of the true class"),
        ("Its slope in the true logit", slopes, p, "p of the true class"),
        ("log p of a batch, each p = 1/2", sums, images, "images, in float32"),
    ]
    heat = np.linspace(0.2, 8, 200)
    of_heat = dict(zip(CLASSES, softmax(LOGITS[2] / heat[:, None]).T, strict=True))
    drawn = Plot("softmax(x / T) of the third image", of_heat, heat, "temperature T", "p")
    sections = [
        Section(
            "Four images, three classes",
            "Their p. Surely right, undecided, rather wrong, surely wrong: the last outweighs all.",
            table=table,
        ),
        Section(
            "From logits to the slope",
            "A row is an image. On the right: red logits have to go down, blue ones up, by what "
            "was said less what is true.",
            pictures(run.folder / "matrices.png", shown, side=3),
        ),
        Section(
            "Logits of 0, 500 and 1000",
            "e^1000 is more than a float can hold, e^(x - max x) at most 1; e^-1000 is less than "
            "one can hold, and its logarithm is lost: hence log_softmax, which never takes it.",
            table=[{"": name} | cells(row) for name, row in large.items()],
        ),
        Section(
            "Temperature",
            "The logits divided by it first: a low one makes surer, a high one less so.",
            plots(run.folder / "temperature.png", [drawn], columns=1, height=2.8),
        ),
        Section(
            "Why the logarithm",
            "The surer the net is of what is wrong, the harder -log p pulls at the logits; 1 - p "
            "lets go of just these images. Where the orange line ends, the product is 0.",
            plots(run.folder / "why.png", [Plot(*line) for line in why], columns=3),
        ),
    ]
    return run.report("Softmax and cross-entropy", sections, [(f"{loss:.4f}", "cross-entropy")])


def cells(probabilities):
    """The columns of a table for one image."""
    return {name: f"{p:.4f}" for name, p in zip(CLASSES, probabilities, strict=True)}


if __name__ == "__main__":
    cli.run(main)
