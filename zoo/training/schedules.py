"""The one-cycle policy: the rate rises and falls once, the momentum mirrors it.

Source: Smith and Topin, Super-Convergence (arXiv:1708.07120); Smith, A disciplined approach to
neural network hyper-parameters (arXiv:1803.09820).
"""

import functools

import keras
import numpy as np
from keras import ops

from zoo import backend
from zoo.backend.optimizer import batches_counted, schedule_of, unwrapped


@keras.saving.register_keras_serializable(package="zoo")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises to `max_lr` and falls to nearly nothing, step by step.

        steps = epochs * len(batches)
        rate = OneCycle(0.01, total_steps=steps, peak_step=steps // 5, momentum=(0.95, 0.85))
        model.compile(cycle_momentum(keras.optimizers.Adam(rate)), ...)

    The rate is `max_lr / div_factor` at step 0, `max_lr` at `peak_step` and
    `max_lr / div_factor / final_div_factor` at `total_steps - 1` and after, as with torch's
    `OneCycleLR` (whose `pct_start * total_steps - 1` is the `peak_step` here).

    Args:
        max_lr: the highest rate.
        total_steps: optimizer steps of the whole training, `epochs * len(batches)`.
        peak_step: the step at which the rate is highest.
        div_factor: `max_lr` over the first rate.
        final_div_factor: the first rate over the last; None: no annihilation, they are equal.
        anneal: "cos" or "linear".
        momentum: (high, low), reached at the ends and at the peak; `cycle_momentum` applies it.

    Raises:
        ValueError: steps out of order, a rate or factor that is not positive and finite, an
            unknown anneal, a momentum that is not two numbers from 0 up to 1.
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
        # A training of one batch has no room to rise.
        if not 0 <= peak_step <= total_steps - 1 and not 0 <= peak_step < total_steps == 1:
            raise ValueError(
                f"peak_step={peak_step} must lie in 0 to total_steps - 1 = {total_steps - 1}"
            )
        factors = {"max_lr": max_lr, "div_factor": div_factor, "final_div_factor": final_div_factor}
        for name, value in factors.items():
            if value is not None and not 0 < value < np.inf:
                raise ValueError(f"{name}={value} must be positive and finite")
        if anneal not in ("cos", "linear"):
            raise ValueError(f'anneal={anneal!r} must be "cos" or "linear"')
        if momentum is not None and not (len(momentum) == 2 and all(0 <= m < 1 for m in momentum)):
            raise ValueError(f"momentum={momentum} must be (high, low), both from 0 up to 1")
        self.max_lr, self.total_steps, self.peak_step = max_lr, total_steps, peak_step
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        self.anneal = anneal
        self.momentum = None if momentum is None else tuple(momentum)

    def __call__(self, step):
        """The rate at `step`."""
        first = self.max_lr / self.div_factor
        last = first / (self.final_div_factor or 1.0)
        return self._cycle(step, first, self.max_lr, last)

    def momentum_at(self, step):
        """The momentum at `step`; `ValueError` if the schedule was made without."""
        if self.momentum is None:
            raise ValueError("this OneCycle has no momentum; give it momentum=(0.95, 0.85), say")
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
            "max_lr": self.max_lr,
            "total_steps": self.total_steps,
            "peak_step": self.peak_step,
            "div_factor": self.div_factor,
            "final_div_factor": self.final_div_factor,
            "anneal": self.anneal,
            "momentum": self.momentum,
        }


def cycle_momentum(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Let an optimizer's momentum follow the `OneCycle` that is its learning rate.

    SGD's and RMSprop's `momentum`, or `beta_1` of the Adam family, is what
    `OneCycle.momentum_at(step)` says in every step, on every backend. Returns the same optimizer; a
    copy of it, or one loaded with a saved model, has to be handed over anew.

    Raises:
        ValueError: no OneCycle with momentum as learning rate, or an optimizer without momentum,
            or of another kind, such as Muon.
    """
    outer, optimizer = optimizer, unwrapped(optimizer)
    schedule = schedule_of(optimizer)
    if not isinstance(schedule, OneCycle) or schedule.momentum is None:
        raise ValueError(
            f"{optimizer.name}'s learning rate must be a OneCycle(..., momentum=(high, low)), "
            f"not {schedule or float(optimizer.learning_rate)!r}"
        )
    classic = isinstance(optimizer, keras.optimizers.SGD | keras.optimizers.RMSprop)
    name = "momentum" if classic else "beta_1"
    if not getattr(optimizer, name, None):
        raise ValueError(
            f"{optimizer.name} has no momentum that can cycle; SGD and RMSprop have one with "
            f"momentum=0.9, say, the Adam family with beta_1 above 0"
        )
    plain_apply = optimizer.apply

    @functools.wraps(plain_apply)
    def apply(grads, trainable_variables=None):
        if not optimizer.built:  # asks whether there is momentum: only a number can tell
            with keras.name_scope(optimizer.name):
                optimizer.build(list(trainable_variables))
        # Keras bakes a number into the compiled step; a tensor of the step counter it follows.
        constant = getattr(optimizer, name)
        momentum = schedule.momentum_at(batches_counted(optimizer))
        if backend.NAME == "torch":  # eager, and its fused updates want a number
            momentum = momentum.item()
        elif name == "momentum":
            momentum = _Traced(momentum)
        setattr(optimizer, name, momentum)
        try:
            return plain_apply(grads, trainable_variables)
        finally:
            setattr(optimizer, name, constant)

    optimizer.apply = apply
    return outer


class _Traced:
    """A tensor in a compiled step that passes for the positive number an optimizer expects.

    Keras asks `momentum != 0` and `momentum > 0` in Python, which a traced tensor cannot answer.
    """

    def __init__(self, tensor):
        self.tensor, self.dtype = tensor, tensor.dtype

    def __ne__(self, other):
        return True

    def __gt__(self, other):
        return True

    def __tf_tensor__(self, dtype=None, name=None):
        return ops.cast(self.tensor, dtype.name) if dtype else self.tensor

    def __jax_array__(self):
        return self.tensor


def rate_at(optimizer: keras.optimizers.Optimizer, step: int) -> float:
    """The rate of optimizer step `step`, from its schedule, or the constant rate."""
    schedule = schedule_of(optimizer)
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return float(schedule(step))
    return float(optimizer.learning_rate)


def steps_taken(optimizer: keras.optimizers.Optimizer) -> int:
    """The batches an optimizer has had in all its fits: what a schedule counts.

    Not those that a LossScaleOptimizer leaves out. Within an epoch jax keeps the count to itself;
    there it is that of the epoch's beginning.
    """
    return int(batches_counted(optimizer))


def last_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """The rate of the last step taken, between two epochs."""
    return rate_at(optimizer, max(steps_taken(optimizer) - 1, 0))
