"""A momentum that mirrors the one-cycle policy: it falls while the rate rises, and rises again.

Source: Smith, A disciplined approach to neural network hyper-parameters (arXiv:1803.09820).
"""

import functools

import keras
from keras import ops

from zoo import backend
from zoo.backend.optimizer import batches_counted, schedule_of, unwrapped
from zoo.training.schedules import OneCycle


def cycle_momentum(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Let an optimizer's momentum follow the `OneCycle` that is its learning rate.

    In every step SGD's and RMSprop's `momentum`, or `beta_1` of the Adam family, is
    `OneCycle.momentum_at(step)`, on every backend. Returns the same optimizer. A copy of it, or one
    that was loaded with a saved model, keeps a constant momentum until it is handed to this
    function too; it warns when it trains.

    Raises:
        ValueError: if it is no optimizer, its learning rate is not a OneCycle with momentum, or it
            has no momentum that is a number above 0, as Muon has not.
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
            f"momentum=0.9, for example, the Adam family with beta_1 above 0"
        )
    schedule.cycles_momentum = True
    plain_apply = optimizer.apply

    @functools.wraps(plain_apply)
    def apply(grads, trainable_variables=None):
        if not optimizer.built:  # asks whether there is momentum, which a traced tensor cannot tell
            with keras.name_scope(optimizer.name):
                optimizer.build(list(trainable_variables))
        # A number would be a constant of the compiled step; a tensor of the counter is not.
        constant = getattr(optimizer, name)
        momentum = schedule.momentum_at(batches_counted(optimizer))
        if backend.NAME == "torch":  # runs eagerly, and its fused updates take a number
            momentum = momentum.item()
        elif name == "momentum":
            momentum = _PositiveTensor(momentum)
        setattr(optimizer, name, momentum)
        try:
            return plain_apply(grads, trainable_variables)
        finally:
            setattr(optimizer, name, constant)

    optimizer.apply = apply
    return outer


class _PositiveTensor:
    """A traced tensor that answers the questions which Keras asks of a momentum.

    SGD asks `momentum != 0` and RMSprop `momentum > 0` in Python, once per compilation, and a
    traced tensor has no answer: its value is only known when the step runs. Both then compute with
    the momentum, for which tensorflow and jax ask the object for its tensor.
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
