"""Eight optimizers by hand, and four surfaces of two weights for them to descend.

    gradient descent  w -= rate g                      SGD: the same, g of one sample
    momentum          v = mu v - rate g                w += v
    Nesterov          v = mu v - rate g                w += mu v - rate g
    AdaGrad           a += g^2                         w -= rate g / sqrt(a + eps)
    AdaDelta          a = rho a + (1 - rho) g^2        d = g sqrt(b + eps) / sqrt(a + eps)
                      b = rho b + (1 - rho) d^2        w -= rate d
    RMSprop           a = rho a + (1 - rho) g^2        w -= rate g / sqrt(a + eps)
    Adam              m = beta_1 m + (1 - beta_1) g    w -= rate m / (sqrt(v) + eps), where the rate
                      v = beta_2 v + (1 - beta_2) g^2  is times sqrt(1 - beta_2^t) / (1 - beta_1^t)

Each takes a function that returns the gradient (2,) at w (2,), and the first w; it generates (w,
rate of each weight) after every step, without end. The rate of a weight is the factor of its
gradient, velocity or m. The formulas are Keras's. PyTorch's differ: the velocity does not contain
the rate; in RMSprop and AdaGrad eps is outside the root, and AdaGrad's a starts at 0; in Adam eps
is added after sqrt(v) is corrected.

Sources: Polyak 1964; Nesterov 1983; Duchi et al. 2011; Zeiler (arXiv:1212.5701); Hinton's lecture
6e; Kingma and Ba (arXiv:1412.6980). In Keras AdaGrad's a starts at 0.1.
"""

import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zoo import checks

Steps = Iterator[tuple[np.ndarray, np.ndarray]]  # (w, rate), both (2,)


def gradient_descent(gradient: Callable, w: np.ndarray, rate=0.1) -> Steps:
    while True:
        w = w - rate * gradient(w)
        yield w, np.full_like(w, rate)


def momentum(gradient: Callable, w: np.ndarray, rate=0.1, mu=0.9) -> Steps:
    v = np.zeros_like(w)
    while True:
        v = mu * v - rate * gradient(w)
        w = w + v
        yield w, np.full_like(w, rate)


def nesterov(gradient: Callable, w: np.ndarray, rate=0.1, mu=0.9) -> Steps:
    v = np.zeros_like(w)
    while True:
        g = gradient(w)
        v = mu * v - rate * g
        w = w + mu * v - rate * g  # looks one step of v ahead
        yield w, np.full_like(w, rate)


def adagrad(gradient: Callable, w: np.ndarray, rate=0.1, begin=0.1, eps=1e-7) -> Steps:
    a = np.full_like(w, begin)
    while True:
        g = gradient(w)
        a = a + g**2
        rates = rate / np.sqrt(a + eps)
        w = w - rates * g
        yield w, rates


def adadelta(gradient: Callable, w: np.ndarray, rate=1.0, rho=0.95, eps=1e-7) -> Steps:
    a, b = np.zeros_like(w), np.zeros_like(w)
    while True:
        g = gradient(w)
        a = rho * a + (1 - rho) * g**2
        ratio = np.sqrt(b + eps) / np.sqrt(a + eps)  # of the steps so far to the gradients so far
        b = rho * b + (1 - rho) * (ratio * g) ** 2
        w = w - rate * ratio * g
        yield w, rate * ratio


def rmsprop(gradient: Callable, w: np.ndarray, rate=0.01, rho=0.9, eps=1e-7) -> Steps:
    a = np.zeros_like(w)
    while True:
        g = gradient(w)
        a = rho * a + (1 - rho) * g**2
        rates = rate / np.sqrt(a + eps)
        w = w - rates * g
        yield w, rates


def adam(gradient: Callable, w: np.ndarray, rate=0.01, beta_1=0.9, beta_2=0.999, eps=1e-7) -> Steps:
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in itertools.count(1):
        g = gradient(w)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        corrected = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)  # m and v start at 0
        rates = corrected / (np.sqrt(v) + eps)
        w = w - rates * m
        yield w, rates


RULES = {
    "gradient descent": gradient_descent,
    "SGD": gradient_descent,  # with `Surface.sampled` as its gradient
    "momentum": momentum,
    "Nesterov": nesterov,
    "AdaGrad": adagrad,
    "AdaDelta": adadelta,
    "RMSprop": rmsprop,
    "Adam": adam,
}


@dataclass(frozen=True)
class Surface:
    """A loss of two weights, where a descent starts, and which part of it to draw."""

    name: str
    loss: Callable  # of w1 and w2, floats or arrays of one shape
    slopes: Callable  # the derivatives by w1 and by w2
    start: tuple[float, float]
    w1: tuple[float, float]  # from, to
    w2: tuple[float, float]
    lowest: float = 0.0  # loss

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """The gradient (2,) at w (2,)."""
        return np.array(self.slopes(*w))

    def grid(self, points: int = 121) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What to draw: w1 (points,), w2 (points,), and the losses, one row per w2.

        Raises:
            ValueError: if `points` is not a whole number of 2 or more.
        """
        checks.whole_number("points", points, least=2)
        w1, w2 = np.linspace(*self.w1, points), np.linspace(*self.w2, points)
        return w1, w2, self.loss(w1, w2[:, None])

    def sampled(self, spread: float = 0.3, seed: int = 0) -> Callable:
        """The gradient of one sample, a new one in each call: the surface's, slightly shifted.

        The shifts are normal with mean 0 and standard deviation `spread`.

        Raises:
            ValueError: if `spread` is negative, or `seed` is not a whole number of 0 or more.
        """
        checks.number("spread", spread, least=0)
        checks.whole_number("seed", seed, least=0)
        rng = np.random.default_rng(seed)
        return lambda w: self.gradient(w + rng.normal(scale=spread, size=2))


def _plateau(w1, w2):
    height = np.exp(-(w1**2 + w2**2) / 2)
    return w1 * height, w2 * height


SURFACES = {
    surface.name: surface
    for surface in (
        Surface(
            "bowl",
            lambda w1, w2: w1**2 / 2 + w2**2,
            lambda w1, w2: (w1, 2 * w2),
            start=(-2.5, 1.8), w1=(-3, 3), w2=(-2.2, 2.2),
        ),
        Surface(
            "saddle",  # at (0, 0), the minima beside it at w2 = -1 and 1
            lambda w1, w2: w1**2 / 2 - w2**2 / 2 + w2**4 / 4,
            lambda w1, w2: (w1, w2**3 - w2),
            start=(-1.8, 0.01), w1=(-2, 1), w2=(-1.4, 1.6), lowest=-0.25,
        ),
        Surface(
            "plateau",  # flat except for a hole around (0, 0)
            lambda w1, w2: 1 - np.exp(-(w1**2 + w2**2) / 2),
            _plateau,
            start=(-2.4, 1.4), w1=(-3, 2), w2=(-1.6, 2),
        ),
        Surface(
            "valley",  # Rosenbrock's (1960), less deep: it bends, with its minimum at (1, 1)
            lambda w1, w2: ((1 - w1) ** 2 + 10 * (w2 - w1**2) ** 2) / 20,
            lambda w1, w2: (
                ((w1 - 1) - 20 * w1 * (w2 - w1**2)) / 10,
                w2 - w1**2,
            ),
            start=(-1.3, 0.8), w1=(-1.8, 1.8), w2=(-0.8, 2.6),
        ),
    )
}  # fmt: skip


def replay(rule: str, gradients: np.ndarray, start: Sequence[float], **settings) -> np.ndarray:
    """The weights (steps + 1, 2) that a rule takes from `start` on given gradients (steps, 2).

    Raises:
        ValueError: if there is no such rule or setting, or the shapes are others.
    """
    start = checks.several_numbers("start", start, (2,))
    gradients = checks.array("gradients", gradients)
    if gradients.ndim != 2 or gradients.shape[1] != 2:
        raise ValueError(f"gradients of shape {gradients.shape} must be (steps, 2)")
    remaining = iter(gradients)
    steps = _generator(rule, lambda w: next(remaining), np.array(start), settings)
    return np.array([start, *(w for w, _ in itertools.islice(steps, len(gradients)))])


def descend(
    rule: str, surface: Surface, steps: int, *, seed: int = 0, **settings: float
) -> list[dict[str, float]]:
    """One row per step: iteration, w1, w2, the rate of each, the loss; row 0 is the start.

    Args:
        rule: a name in `RULES`; SGD draws its samples with `seed`.
        settings: rate, mu, rho, eps, ... of the rule.

    Raises:
        ValueError: if there is no such rule, setting or surface, or `steps` is not a whole number
            of 1 or more.
    """
    if not isinstance(surface, Surface):
        raise ValueError(f"surface={surface!r} must be a Surface, such as SURFACES['bowl']")
    checks.whole_number("steps", steps, least=1)
    gradient = surface.sampled(seed=seed) if rule == "SGD" else surface.gradient
    start = np.array(surface.start)
    after_each_step = itertools.islice(_generator(rule, gradient, start, settings), steps)
    rows = []
    for iteration, (w, rate) in enumerate([(start, np.full(2, np.nan)), *after_each_step]):
        rows.append(
            {
                "iteration": iteration,
                "w1": w[0],
                "w2": w[1],
                "rate 1": rate[0],
                "rate 2": rate[1],
                "loss": surface.loss(*w),
            }
        )
    return rows


def _generator(rule: str, gradient: Callable, start: np.ndarray, settings: dict) -> Steps:
    """The steps of the rule of that name, with settings that it knows."""
    function = RULES[checks.one_of("rule", rule, RULES)]
    known = list(inspect.signature(function).parameters)[2:]
    for name, value in settings.items():
        checks.one_of(f"the setting of {rule}", name, known)
        checks.number(name, value, least=0)
    return function(gradient, start, **settings)
