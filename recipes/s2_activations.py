"""Session 2: ten activations and their derivatives, in one figure.

    python recipes/s2_activations.py

The functions come from their formulas, the derivatives from the backend's autodiff. A net learns
through the derivative: where it is near 0 the function has saturated, and what lies before it
learns no more.

Checked: tests/zoo/fundamentals/test_activations.py, against Keras and derivatives on paper.
"""

import numpy as np
from keras import ops

from zoo import backend, cli
from zoo.fundamentals.activations import ACTIVATIONS
from zoo.report.page import Section
from zoo.report.plots import Plot, plots
from zoo.run import Run


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())

    x = np.linspace(-4, 4, 802, dtype="float32")  # even: no point falls on a kink
    drawn, rows = [], []
    for name, function in ACTIVATIONS.items():
        y, slope = values_and_slopes(function, x)
        lines = {"f(x)": y, "f'(x)": slope}
        drawn.append(Plot(name, lines, x, limits=(-2.2, 4.2)))
        _, at_ends = values_and_slopes(function, np.array([-3, 3], "float32"))
        line = function.__doc__.partition("\n")[0]
        rows.append(
            {
                "activation": name,
                "range": line.partition("; ")[0].replace(" ", "\N{NO-BREAK SPACE}"),
                "f'(-3)": f"{at_ends[0]:.3f}",
                "f'(3)": f"{at_ends[1]:.3f}",
                "max f'": f"{slope.max():.3f}",
                "what for, and the paper": line.partition("; ")[2],
            }
        )

    run.print_table(rows, without="what for, and the paper")

    figure = plots(run.folder / "activations.png", drawn, columns=2, height=2.3)
    return run.report(
        "Ten activations",
        [
            Section("Functions and derivatives", "All on the same scale.", figure),
            Section(
                "What they are for",
                "f'(-3) is what a unit in its negative range still learns by. Ten layers of a "
                "sigmoid multiply ten slopes of at most 1/4: but for the weights less than a "
                "millionth arrives. "
                "Numbers such as 1512.07030 are arXiv's.",
                table=rows,
            ),
        ],
    )


def values_and_slopes(function, x):
    """f and f' at each x; the derivative of the sum is each number's own."""

    def summed(x):
        y = function(x)
        return ops.sum(y), y

    slopes, values = backend.gradient(summed, x)
    return [ops.convert_to_numpy(ops.stop_gradient(tensor)) for tensor in (values, slopes)]


if __name__ == "__main__":
    cli.run(main)
