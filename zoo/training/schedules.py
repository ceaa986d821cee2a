"""The one-cycle policy: the rate rises and falls once.

Source: Smith and Topin, Super-Convergence (arXiv:1708.07120); Smith, A disciplined approach to
neural network hyper-parameters (arXiv:1803.09820).
"""

import warnings

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.backend.optimizer import batches_counted, schedule_of

LARGEST = float(np.finfo("float32").max)  # as large a rate as an optimizer can have
NEEDS = "import zoo, or load the model with compile=False"


@keras.saving.register_keras_serializable(package="zoo")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises to `max_lr` and falls to nearly nothing, step by step.

        steps = epochs * len(batches)
        rate = OneCycle(0.01, total_steps=steps, peak_step=steps // 5, momentum=(0.95, 0.85))
        model.compile(cycle_momentum(keras.optimizers.Adam(rate)), ...)

    The rate is `max_lr / div_factor` at step 0, `max_lr` at `peak_step` and
    `max_lr / div_factor / final_div_factor` at `total_steps - 1` and after, as with torch's
    `OneCycleLR` (whose `pct_start * total_steps - 1` is the `peak_step` here).

    A `.keras` file of a model trained with it opens after `import zoo`, and with
    `compile=False` where there is Keras alone. A loaded optimizer has its schedule again, but its
    momentum stays at one value until it is handed to `cycle_momentum`; training it warns of that.

    Args:
        max_lr: the highest rate.
        total_steps: optimizer steps of the whole training, `epochs * len(batches)`.
        peak_step: the step at which the rate is highest; it may lie between two.
        div_factor: `max_lr` over the first rate.
        final_div_factor: the first rate over the last; None: no annihilation, they are equal.
        anneal: "cos" or "linear".
        momentum: (high, low), reached at the ends and at the peak; `cycle_momentum` applies it.

    Raises:
        ValueError: if total_steps is no whole number above 0, the peak lies outside the steps, a
            rate or factor is not a number above 0 that float32 can hold, `anneal` is unknown, or
            momentum is not two numbers from 0 to below 1.
    """

    def __init__(
        self,
        max_lr: float,
        total_steps: int,
        peak_step: float,
        div_factor: float = 25.0,
        final_div_factor: float | None = 1e4,
        anneal: str = "cos",
        momentum: tuple[float, float] | None = None,
    ):
        self.max_lr = checks.number("max_lr", max_lr, above=0, most=LARGEST)
        self.total_steps = checks.whole_number("total_steps", total_steps, least=1)
        checks.number("peak_step", peak_step, least=0)
        # A training of one step has no room to rise.
        if peak_step > total_steps - 1 and not peak_step < total_steps == 1:
            raise ValueError(
                f"peak_step={peak_step} must lie in 0 to total_steps - 1 = {total_steps - 1}"
            )
        self.peak_step = peak_step
        self.div_factor = checks.number("div_factor", div_factor, above=0, most=LARGEST)
        if final_div_factor is not None:
            checks.number("final_div_factor", final_div_factor, above=0, most=LARGEST)
        self.final_div_factor = final_div_factor
        self.anneal = checks.one_of("anneal", anneal, ("cos", "linear"))
        if momentum is not None:
            momentum = checks.several_numbers("momentum", momentum, (2,), least=0, below=1)
        self.momentum = momentum
        self.cycles_momentum = False  # cycle_momentum sets it

    def __call__(self, step):
        """The rate at `step`, an integer or an array of them."""
        # An optimizer asks for the rate of the variable in which it counts.
        if self.momentum and not self.cycles_momentum and isinstance(step, keras.Variable):
            warnings.warn(
                f"the momentum={self.momentum} of this OneCycle is not applied: call "
                f"zoo.training.cycle_momentum(model.optimizer) before the training, also for a "
                f"model that was loaded from a file",
                stacklevel=2,
            )
        first = self.max_lr / self.div_factor
        last = first / (self.final_div_factor or 1.0)
        return self._cycle(step, first, self.max_lr, last)

    def momentum_at(self, step):
        """The momentum at `step`; `ValueError` if the schedule was made without."""
        if self.momentum is None:
            raise ValueError("this OneCycle has no momentum; give it one: momentum=(0.95, 0.85)")
        high, low = self.momentum
        return self._cycle(step, high, low, high)

    def _cycle(self, step, first, peak, last):
        step = ops.cast(step, "float32")
        fall = self.total_steps - 1 - self.peak_step
        rising = self._anneal(first, peak, step / max(self.peak_step, 1e-9))
        falling = self._anneal(peak, last, (step - self.peak_step) / max(fall, 1e-9))
        return ops.where(step <= self.peak_step, rising, falling)

    def _anneal(self, start, end, part):
        part = ops.clip(part, 0.0, 1.0)
        left = (1 + ops.cos(np.pi * part)) / 2 if self.anneal == "cos" else 1 - part
        return end + (start - end) * left  # in this order, exact at the end

    def get_config(self):
        return {
            "needs": NEEDS,  # Keras shows the config of a class that it does not know
            "max_lr": self.max_lr,
            "total_steps": self.total_steps,
            "peak_step": self.peak_step,
            "div_factor": self.div_factor,
            "final_div_factor": self.final_div_factor,
            "anneal": self.anneal,
            "momentum": self.momentum,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{key: value for key, value in config.items() if key != "needs"})


def rate_at(optimizer: keras.optimizers.Optimizer, step: int) -> float:
    """The rate of optimizer step `step`, from its schedule, or the constant rate."""
    schedule = schedule_of(optimizer)
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return float(schedule(step))
    return float(optimizer.learning_rate)


def steps_taken(optimizer: keras.optimizers.Optimizer) -> int:
    """The number of batches an optimizer has had in all its fits, which a schedule counts.

    Those that a LossScaleOptimizer leaves out are not counted. Within an epoch jax keeps the count
    to itself; there it is that of the epoch's beginning.
    """
    return int(batches_counted(optimizer))


def last_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """The rate of the last step taken, between two epochs."""
    return rate_at(optimizer, max(steps_taken(optimizer) - 1, 0))
