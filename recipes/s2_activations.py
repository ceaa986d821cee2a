"""Session 2: ten activations and their derivatives, in one figure.

    python recipes/s2_activations.py

What it shows: a net learns through the derivative: where it is near 0, the function has saturated,
and the layers before it stop learning. The functions come from their formulas, the derivatives from
the backend's autodiff.

Checked: tests/zoo/fundamentals/test_activations.py, against Keras and derivatives on paper.
"""

from zoo import backend, cli
from zoo.fundamentals.activations import ACTIVATIONS
from zoo.report.page import Section
from zoo.report.plots import Plot, plots
from zoo.run import Run

import numpy as np
from keras import ops


def main(out: str | None = None):
    run = Run.start(__file__, config=locals())

    x = np.linspace(-4, 4, 802, dtype="float32")  # even: no point falls on a kink
    panels, rows = [], []
    for name, function in ACTIVATIONS.items():
        y, slope = values_and_slopes(function, x)
        panels.append(Plot(name, {"f(x)": y, "f'(x)": slope}, x, limits=(-2.2, 4.2)))
        _, (slope_below, slope_above) = values_and_slopes(function, np.array([-3, 3], "float32"))
        output_range, _, purpose = function.__doc__.partition("\n")[0].partition("; ")
        rows.append(
            {
                "activation": name,
                "range": output_range.replace(" ", "\N{NO-BREAK SPACE}"),
                "f'(-3)": f"{slope_below:.3f}",
                "f'(3)": f"{slope_above:.3f}",
                "max f'": f"{slope.max():.3f}",
                "purpose and paper": purpose,
            }
        )

    run.print_table(rows, without="purpose and paper")

    figure = plots(run.folder / "activations.png", panels, columns=2, height=2.3)
    return run.report(
        "Ten activations",
        [
            Section("Functions and derivatives", "All on the same scale.", figure),
            Section(
                "What they are for",
                "f'(-3) is what is left for a unit in its negative range to learn by. Ten sigmoid "
                "layers multiply ten slopes of at most 1/4: apart from the weights, less than a "
                "millionth of the gradient arrives. Numbers such as 1512.07030 are arXiv's.",
                table=rows,
            ),
        ],
    )


def values_and_slopes(function, x):
    """f and f' at each x; the derivative of the sum with respect to each x is its own."""

    def summed(x):
        y = function(x)
        return ops.sum(y), y

    slopes, values = backend.gradient(summed, x)
    return [ops.convert_to_numpy(ops.stop_gradient(tensor)) for tensor in (values, slopes)]


if __name__ == "__main__":
    cli.run(main)
