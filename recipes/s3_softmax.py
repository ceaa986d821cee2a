"""Session 3: softmax and cross-entropy by hand, and why the loss is a logarithm.

    python recipes/s3_softmax.py

Four images through softmax and loss, number by number; large logits, and logits over a temperature.
Then what the logarithm is good for: a slope that grows with the mistake, a sum in place of a
product that vanishes, and a gradient p - y.

Checked: tests/zoo/fundamentals/test_softmax.py, against SciPy and Keras.
"""

from zoo import cli
from zoo.fundamentals.softmax import cross_entropy, cross_entropy_gradient, log_softmax, softmax
from zoo.report import panels
from zoo.report.page import Section
from zoo.run import Run

import numpy as np

CLASSES = ("cat", "dog", "ship")
LOGITS = np.array([[4.0, 1.0, 0.0], [1.0, 1.2, 1.1], [3.0, -1.0, 2.0], [0.0, 6.0, -2.0]])
LABELS = np.array([0, 1, 2, 0])  # surely right, undecided, rather wrong, surely wrong
LARGE = np.array([1000.0, 1001.0, 1002.0])


def main(seed=0, out: str | None = None):
    run = Run.start(__file__, config=locals())
    probabilities, loss = softmax(LOGITS), cross_entropy(LOGITS, LABELS)
    table = [
        {"true": CLASSES[label]} | cells(row) | {"-log p": f"{-np.log(row[label]):.4f}"}
        for row, label in zip(probabilities, LABELS, strict=True)
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
    shown = [panels.Picture(*matrix, caption=(12 * " ").join(CLASSES)) for matrix in matrices]

    p, images = np.linspace(0.03, 1, 200), np.arange(1, 301)
    gap = np.linspace(0, 130, 261, dtype="float32")
    pairs = np.stack([gap, np.zeros_like(gap)], axis=-1)
    with np.errstate(all="ignore"):  # what goes wrong here is what is shown
        naive = np.exp(LARGE) / np.exp(LARGE).sum()
        product = np.log(np.cumprod(np.full(300, 0.5, "float32")))
        unshifted = np.log(1 / (np.exp(gap) + 1))
    sums = {"sum of the logs": images * np.log(0.5), "log of the product": product}
    lesser = {"log_softmax": log_softmax(pairs)[:, 1], "log of e^x / sum e^x": unshifted}
    lines = [
        ("Loss", {"-log p": -np.log(p), "1 - p": 1 - p}, p, "p of the true class"),
        ("Its slope", {"of -log p: -1/p": -1 / p, "of 1 - p": 0 * p - 1}, p, "p of the true class"),
        ("log p of a batch, each image p = 1/2", sums, images, "images, in float32"),
        ("log p of the lesser of two classes", lesser, gap, "its logit is below by, in float32"),
    ]
    why = [panels.Plot(*line) for line in lines]
    large = [
        {"computed": "e^x / sum e^x"} | cells(naive),
        {"computed": "of x - max x"} | cells(softmax(LARGE)),
    ]
    heat = [{"temperature": f"{t}"} | cells(softmax(LOGITS[2] / t)) for t in (0.25, 0.5, 1, 2, 8)]
    sections = [
        Section(
            "Four images, three classes",
            "Surely right, undecided, rather wrong, surely wrong: the last outweighs all others.",
            table=table,
        ),
        Section(
            "From logits to the slope",
            "A row is an image. On the right: red logits have to go down, blue ones up, by what "
            "was said less what is true.",
            panels.pictures(run.folder / "matrices.png", shown, side=3),
        ),
        Section("Logits of 1000, 1001, 1002", "e^1000 is no float; e^(x - max x) is.", table=large),
        Section(
            "Temperature",
            "The third image, its logits divided first: a low one makes surer, a high one less so.",
            table=heat,
        ),
        Section(
            "Why the logarithm",
            "Above: the surer the net is of what is wrong, the steeper -log p; 1 - p pulls with "
            "the same force everywhere. Below: where the orange line ends, the number was too "
            "small or too large for a float, and its logarithm is -inf.",
            panels.plots(run.folder / "why.png", why),
        ),
    ]
    return run.report("Softmax and cross-entropy", sections, [(f"{loss:.4f}", "cross-entropy")])


def cells(probabilities):
    """The columns of a table for one image."""
    return {f"p({name})": f"{p:.4f}" for name, p in zip(CLASSES, probabilities, strict=True)}


if __name__ == "__main__":
    cli.run(main)
