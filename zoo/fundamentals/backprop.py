r"""Backpropagation by hand: two inputs, two hidden and two output neurons, no biases.

    i1 --w1--> h1 -> a_h1 --w5--> o1 -> a_o1     h1 = w1 i1 + w2 i2     o1 = w5 a_h1 + w6 a_h2
       \ w3  /              \ w7  /              h2 = w3 i1 + w4 i2     o2 = w7 a_h1 + w8 a_h2
       / w2  \              / w6  \
    i2 --w4--> h2 -> a_h2 --w8--> o2 -> a_o2     E = 1/2 (t1 - a_o1)^2 + 1/2 (t2 - a_o2)^2

Each a is the sigmoid of the sum before it, whose derivative is a (1 - a). A derivative of E is a
product along the path from the error back to the weight; where two paths meet, their products add.

Source: The School of AI, EVA session 3, the spreadsheet exercise.
"""

from collections.abc import Sequence

import numpy as np

from zoo import checks

INPUTS = (0.05, 0.10)
TARGETS = (0.01, 0.99)
WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)


def sigmoid(x):
    """1 / (1 + e^-x)."""
    return np.exp(-np.logaddexp(0, -x))  # e^-x alone overflows far below 0


def forward(
    weights: Sequence[float] = WEIGHTS,  # (8,)
    inputs: Sequence[float] = INPUTS,  # (2,)
    targets: Sequence[float] = TARGETS,  # (2,)
) -> dict[str, float]:
    """Every number on the path from the inputs to the error, by its name on the board.

    Raises:
        ValueError: if there are not 8 weights, 2 inputs and 2 targets, all of them finite numbers.
    """
    w1, w2, w3, w4, w5, w6, w7, w8 = checks.several_numbers("weights", weights, (8,))
    i1, i2 = checks.several_numbers("inputs", inputs, (2,))
    t1, t2 = checks.several_numbers("targets", targets, (2,))

    h1 = w1 * i1 + w2 * i2
    h2 = w3 * i1 + w4 * i2
    a_h1, a_h2 = sigmoid(h1), sigmoid(h2)

    o1 = w5 * a_h1 + w6 * a_h2
    o2 = w7 * a_h1 + w8 * a_h2
    a_o1, a_o2 = sigmoid(o1), sigmoid(o2)

    E1 = (t1 - a_o1) ** 2 / 2
    E2 = (t2 - a_o2) ** 2 / 2
    return {
        "h1": h1,
        "a_h1": a_h1,
        "h2": h2,
        "a_h2": a_h2,
        "o1": o1,
        "a_o1": a_o1,
        "o2": o2,
        "a_o2": a_o2,
        "E1": E1,
        "E2": E2,
        "E_total": E1 + E2,
    }


def backward(
    weights: Sequence[float] = WEIGHTS,
    inputs: Sequence[float] = INPUTS,
    targets: Sequence[float] = TARGETS,
) -> np.ndarray:
    """dE/dw1 ... dE/dw8, (8,) in closed form; arguments and errors as in `forward`."""
    numbers = forward(weights, inputs, targets)
    a_h1, a_h2 = numbers["a_h1"], numbers["a_h2"]
    a_o1, a_o2 = numbers["a_o1"], numbers["a_o2"]
    w5, w6, w7, w8 = weights[4:]
    i1, i2 = inputs
    t1, t2 = targets

    do1 = (a_o1 - t1) * a_o1 * (1 - a_o1)  # dE/do1
    do2 = (a_o2 - t2) * a_o2 * (1 - a_o2)
    dw5, dw6 = do1 * a_h1, do1 * a_h2
    dw7, dw8 = do2 * a_h1, do2 * a_h2

    dh1 = (do1 * w5 + do2 * w7) * a_h1 * (1 - a_h1)  # h1 contributes to both outputs
    dh2 = (do1 * w6 + do2 * w8) * a_h2 * (1 - a_h2)
    dw1, dw2 = dh1 * i1, dh1 * i2
    dw3, dw4 = dh2 * i1, dh2 * i2
    return np.array([dw1, dw2, dw3, dw4, dw5, dw6, dw7, dw8])


def descend(
    rate: float,
    steps: int = 100,
    weights: Sequence[float] = WEIGHTS,
    inputs: Sequence[float] = INPUTS,
    targets: Sequence[float] = TARGETS,
) -> list[dict[str, float]]:
    """Gradient descent, one dictionary per step: w1 ... w8, the numbers of `forward`, the gradient.

    The first holds the weights given; from one step to the next w becomes w - rate dE/dw. The
    gradient is dE/dw1 ... dE/dw8.

    Raises:
        ValueError: if the rate is not above 0 and finite, there is less than 1 step, or as in
            `forward`.
    """
    checks.number("rate", rate, above=0)
    checks.whole_number("steps", steps, least=1)
    rows = []
    for _ in range(steps):
        slopes = backward(weights, inputs, targets)
        rows.append(
            {f"w{n}": w for n, w in enumerate(weights, 1)}
            | forward(weights, inputs, targets)
            | {f"dE/dw{n}": slope for n, slope in enumerate(slopes, 1)}
        )
        weights = weights - rate * slopes
    return rows
