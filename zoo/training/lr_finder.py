"""The learning-rate range test: raise the rate step by step and watch the loss.

Source: Smith, Cyclical learning rates for training neural networks (arXiv:1506.01186).
"""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from zoo import backend
from zoo.backend.optimizer import unwrapped


@dataclass(frozen=True)
class LRFinder:
    """The outcome of a range test."""

    rates: np.ndarray
    losses: np.ndarray  # smoothed, a value a rate

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the loss was lowest: near the edge, on the safe side."""
        return float(self.rates[np.argmin(self.losses)] / 10)

    @property
    def bounds(self) -> tuple[float, float]:
        """The rates for a cycle: where the loss has begun to fall, and where it falls no more.

        The first is that at which a tenth of the whole fall is done.
        """
        lowest = int(np.argmin(self.losses))
        begun = self.losses[0] - 0.1 * (self.losses[0] - self.losses[lowest])
        first = int(np.argmax(self.losses <= begun))
        return float(self.rates[first]), float(self.rates[lowest])

    def plot(self, path: str | Path) -> Path:
        """Draw loss over rate, suggestion and bounds marked, to a PNG."""
        from zoo.report import figures  # matplotlib: only where something is drawn

        return figures.lr_range(path, self.rates, self.losses, self.suggestion, self.bounds)


def find_lr(
    model: keras.Model,
    batches,
    *,
    min_lr: float = 1e-6,
    max_lr: float = 1.0,
    steps: int = 100,
    smoothing: float = 0.9,
) -> LRFinder:
    """Train `steps` steps on rates from `min_lr` to `max_lr`; stop early when the loss diverges.

    The compiled model trains with an optimizer of its own kind and loss; afterwards weights,
    optimizer and what dropout draws from are as they were before.

    Args:
        model: compiled.
        batches: what can be iterated, and again when it ends, for (x, y) or (x, y, weights): what
            `data.batches` gives, a tf.data.Dataset, a DataLoader of torch, a list.
        smoothing: weight of the past in the running mean of the losses.

    Raises:
        ValueError: the model is not compiled or has no weights yet, the rates or steps make no
            range, batches that are none or end too early to begin again, or a first loss that is
            not finite.
    """
    if getattr(model, "optimizer", None) is None:
        raise ValueError("the model is not compiled; call model.compile(optimizer, loss) first")
    if not 0 < min_lr < max_lr or steps < 2 or not 0 <= smoothing < 1:
        raise ValueError(
            f"no range test: {min_lr=}, {max_lr=}, {steps=}, {smoothing=}; rates must rise from "
            f"above 0, in 2 steps at least, smoothed by 0 up to 1"
        )
    if not model.built:
        raise ValueError(f"{model.name} has no weights yet; call it on a batch of images first")
    before = [keras.ops.convert_to_numpy(v) for v in model.variables]
    own_optimizer = model.optimizer
    inner = unwrapped(own_optimizer)
    probe = type(inner).from_config(inner.get_config() | {"learning_rate": min_lr})
    if inner is not own_optimizer:
        probe = keras.optimizers.LossScaleOptimizer(probe)
    try:
        _use(model, probe)
        with backend.kept_random_state():
            tried = _raise_rate(model, batches, np.geomspace(min_lr, max_lr, steps), smoothing)
    finally:
        _use(model, own_optimizer)
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)
    if not tried:
        raise ValueError(f"the loss was not finite at the first rate, {min_lr}; look at the data")
    rates, losses = np.array(tried).T
    return LRFinder(rates, losses)


def _raise_rate(model, batches, rates, smoothing) -> list[tuple[float, float]]:
    """(rate, smoothed loss) of each step, until the loss diverges."""
    tried, average = [], 0.0
    for step, (rate, batch) in enumerate(zip(rates, _again(batches), strict=False), start=1):
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        batch = keras.tree.map_structure(_array, batch)
        loss = float(model.train_on_batch(*batch, return_dict=True)["loss"])
        average = smoothing * average + (1 - smoothing) * loss
        smooth = average / (1 - smoothing**step)
        if not np.isfinite(loss) or (tried and smooth > 4 * min(loss for _, loss in tried)):
            break
        tried.append((rate, smooth))
    return tried


def _again(batches):
    """Batches without end, from what can be iterated more than once."""
    while True:
        ended = True
        for batch in batches:
            if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
                raise ValueError(
                    f"a batch is a {type(batch).__name__}, want (x, y) or (x, y, weights); "
                    f"arrays become batches of themselves as [(x, y)]"
                )
            ended = False
            yield batch
        if ended:
            raise ValueError("the batches ended; give what can be iterated again, or fewer steps")


def _array(values):
    return None if values is None else keras.ops.convert_to_numpy(values)


def _use(model: keras.Model, optimizer) -> None:
    model.optimizer = optimizer
    model.train_function = None  # compiled around the other one
