"""The learning-rate range test: raise the rate step by step and watch the loss.

Source: Smith, Cyclical learning rates for training neural networks (arXiv:1506.01186). What to
read from the curve: fastai's `lr_find` and torch-lr-finder.
"""

import contextlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from zoo import backend, checks
from zoo.backend.data_adapter import OrderedDataset
from zoo.backend.optimizer import unwrapped
from zoo.training.schedules import LARGEST


@dataclass(frozen=True)
class LRFinder:
    """The outcome of a range test: the smoothed loss at each rate, and what to make of it.

    `suggestion` is the rate for a steady training, one of three. The default, `lowest_tenth`,
    depends on one point of the curve and keeps its distance from where the loss diverges; in short
    trainings of small nets on digits and MNIST it was the best on average. `valley`, fastai's
    default, mostly gave a lower rate there and a slower training; `steepest` mostly a higher one,
    at times in the noise of a loss that already diverged. Each is None where there is none, and
    `note` says why.

    Args:
        rates: (n,), rising.
        losses: (n,), the smoothed loss at each.
        diverged: whether the test ended before its highest rate.

    Raises:
        ValueError: if rates and losses are not as many finite numbers, or the rates do not rise
            from above 0.
    """

    rates: np.ndarray
    losses: np.ndarray
    diverged: bool = False

    def __post_init__(self):
        rates, losses = np.asarray(self.rates, float), np.asarray(self.losses, float)
        if rates.ndim != 1 or not len(rates) or rates.shape != losses.shape:
            raise ValueError(
                f"rates and losses must be as many numbers, not of shape {rates.shape} and "
                f"{losses.shape}"
            )
        if not np.isfinite([rates, losses]).all() or rates[0] <= 0 or (np.diff(rates) <= 0).any():
            raise ValueError("rates must rise from above 0, and all rates and losses be finite")
        object.__setattr__(self, "rates", rates)
        object.__setattr__(self, "losses", losses)

    @property
    def suggestion(self) -> float | None:
        """The rate for a steady training: `lowest_tenth`."""
        return self.lowest_tenth

    @property
    def lowest_tenth(self) -> float | None:
        """A tenth of the rate with the lowest loss, if the test began below it."""
        tenth = self.rates[self._lowest] / 10
        return float(tenth) if self._lowest and tenth >= self.rates[0] else None

    @property
    def steepest(self) -> float | None:
        """The rate at which the loss falls most over the logarithm of the rate.

        As torch-lr-finder suggests; fastai's `steep` takes the same slope between two rates.
        """
        if not self._lowest:
            return None
        slopes = np.gradient(self.losses, np.log(self.rates))
        return float(self.rates[np.argmin(slopes)])

    @property
    def valley(self) -> float | None:
        """The rate in the middle of the longest fall of the loss, as fastai's `valley`.

        The longest fall is the longest series of losses, in order but with gaps, each of which is
        lower than the one before. Half of its length back from its end is the middle.
        """
        if not self._lowest:
            return None
        lengths = np.ones(len(self.losses), int)  # of the longest fall that ends at each rate
        for end, loss in enumerate(self.losses):
            higher = lengths[:end][self.losses[:end] > loss]
            lengths[end] += max(higher, default=0)
        end = int(np.argmax(lengths))
        length = int(lengths[end])
        third = length / 3
        return float(self.rates[max(end - length + int(third) + int(third / 2), 0)])

    @property
    def bounds(self) -> tuple[float, float]:
        """The rates for a cycle: where the loss has begun to fall, and where it is lowest.

        The first is the one at which a tenth of the whole fall is done.

        Raises:
            ValueError: if the loss never fell, or did so within one step, so that the cycle would
                have no width.
        """
        fall = self.losses[0] - self.losses[self._lowest]
        first = int(np.argmax(self.losses <= self.losses[0] - 0.1 * fall))
        if first == self._lowest:
            why = self._missing or f"the loss fell at one rate alone, {self.rates[first]:.3g}"
            raise ValueError(f"no rates for a cycle: {why}. Test more steps, or choose the rates")
        return float(self.rates[first]), float(self.rates[self._lowest])

    @property
    def note(self) -> str:
        """Why there is no suggestion, or what speaks against it; empty if nothing does."""
        if self._missing:
            return f"no suggestion: {self._missing}"
        if self.lowest_tenth is None:
            return (
                f"no suggestion: a tenth of {self.rates[self._lowest]:.3g}, where the loss was "
                f"lowest, is below all rates that were tested; test lower ones"
            )
        if self._lowest == len(self.rates) - 1 and not self.diverged:
            return (
                f"the loss still fell at the highest rate, {self.rates[-1]:.3g}; test higher ones"
            )
        return ""

    def plot(self, path: str | Path) -> Path:
        """Draw loss over rate to a PNG: the suggestions, the default first, and the bounds."""
        from zoo.report import figures  # matplotlib: only where something is drawn

        suggestions = {
            "lowest / 10 (default)": self.lowest_tenth,
            "steepest": self.steepest,
            "valley": self.valley,
        }
        bounds = None
        with contextlib.suppress(ValueError):
            bounds = self.bounds
        return figures.lr_range(path, self.rates, self.losses, suggestions, bounds, self.note)

    @property
    def _lowest(self) -> int:
        return int(np.argmin(self.losses))

    @property
    def _missing(self) -> str:
        """What the curve lacks for any suggestion."""
        if len(self.rates) == 1:
            return f"the loss diverged right after the first rate, {self.rates[0]:.3g}"
        if not self._lowest:
            return f"the loss never fell below that of the first rate, {self.rates[0]:.3g}"
        return ""


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
    optimizer, the epoch of zoo batches and what dropout draws from are as they were before. It
    warns where there is no suggestion, or the loss still fell at the end.

    Args:
        model: compiled, with weights.
        batches: what can be iterated, and again when it ends, for (x, y) or (x, y, weights): what
            `data.batches` gives, a tf.data.Dataset, a DataLoader of torch, a list.
        min_lr: the first rate.
        max_lr: the last rate, above `min_lr`.
        steps: how many rates, 2 or more, in equal ratios.
        smoothing: weight of the past in the running mean of the losses, from 0 to below 1.

    Raises:
        ValueError: if the model is not compiled or has no weights yet, a number is out of range,
            the batches are none or end too early to begin again, or the first loss is not finite.
    """
    checks.compiled_model(model)
    if not model.built:
        raise ValueError(f"{model.name} has no weights yet; call it on a batch of images first")
    checks.number("min_lr", min_lr, above=0)
    checks.number("max_lr", max_lr, above=min_lr, most=LARGEST)
    checks.whole_number("steps", steps, least=2)
    checks.number("smoothing", smoothing, least=0, below=1)
    rates = np.geomspace(min_lr, max_lr, steps)
    with _left_as_it_was(model, batches), backend.kept_random_state():
        tried = _raise_rate(model, _repeated(batches), rates, smoothing)
    if not tried:
        raise ValueError(f"the loss was not finite at the first rate, {min_lr}; look at the data")
    found = LRFinder(*np.array(tried).T, diverged=len(tried) < steps)
    if found.note:
        warnings.warn(found.note, stacklevel=2)
    return found


@contextlib.contextmanager
def _left_as_it_was(model: keras.Model, batches):
    """The model trains with a copy of its optimizer, and has its own and its weights afterwards."""
    values = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    epoch = batches.epoch if isinstance(batches, OrderedDataset) else None
    optimizer = model.optimizer
    inner = unwrapped(optimizer)
    probe = type(inner).from_config(inner.get_config() | {"learning_rate": 1.0})
    if inner is not optimizer:
        probe = keras.optimizers.LossScaleOptimizer(probe)
    try:
        _use(model, probe)
        yield
    finally:
        _use(model, optimizer)
        for variable, value in zip(model.variables, values, strict=True):
            variable.assign(value)
        if epoch is not None:
            batches.epoch = epoch


def _use(model: keras.Model, optimizer) -> None:
    model.optimizer = optimizer
    model.train_function = None  # compiled around the other one


def _raise_rate(model, batches, rates, smoothing) -> list[tuple[float, float]]:
    """(rate, smoothed loss) of each step, until the loss diverges."""
    tried, average = [], 0.0
    for step, (rate, batch) in enumerate(zip(rates, batches, strict=False), start=1):
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        batch = keras.tree.map_structure(_array, batch)
        loss = float(model.train_on_batch(*batch, return_dict=True)["loss"])
        average = smoothing * average + (1 - smoothing) * loss
        smoothed = average / (1 - smoothing**step)
        if not np.isfinite(loss) or (tried and smoothed > 4 * min(loss for _, loss in tried)):
            break
        tried.append((rate, smoothed))
    return tried


def _repeated(batches):
    """Batches without end, from what can be iterated more than once."""
    while True:
        ended = True
        for batch in _iterated(batches):
            if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
                raise ValueError(
                    f"a batch is a {type(batch).__name__}, not (x, y) or (x, y, weights); "
                    f"arrays become batches of themselves as [(x, y)]"
                )
            ended = False
            yield batch
        if ended:
            raise ValueError("the batches ended; give what can be iterated again, or fewer steps")


def _iterated(batches):
    try:
        return iter(batches)
    except TypeError:
        raise ValueError(
            f"batches={batches!r} has no batches: data.batches('train', 64) of a dataset has"
        ) from None


def _array(values):
    return None if values is None else keras.ops.convert_to_numpy(values)
