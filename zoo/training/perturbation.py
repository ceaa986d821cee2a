"""Gradient perturbation: Gaussian noise on the gradient, less of it with every step.

Source: Neelakantan et al., Adding gradient noise improves learning for very deep networks
(arXiv:1511.06807), whose eta is one of 0.01, 0.3 and 1.0, and gamma 0.55.
"""

import functools
import math

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.backend.optimizer import unwrapped, variables_of


def perturb_gradients(
    optimizer: keras.optimizers.Optimizer, eta: float = 0.01, gamma: float = 0.55, seed: int = 0
) -> keras.optimizers.Optimizer:
    """Let an optimizer add normal noise of variance `eta / (1 + t)^gamma` to each gradient.

        model.compile(perturb_gradients(keras.optimizers.Adam(0.001), eta=0.3), ...)

    `t` is `optimizer.iterations`, and the noise a function of it and of `seed`: a resumed training
    draws what it would have drawn. The noise is added before the optimizer clips the gradient, and
    after a `LossScaleOptimizer` has scaled it back. Combines with `cycle_momentum` in either order.
    Returns the same optimizer; one that was loaded from a file has to be wrapped again.

    Raises:
        ValueError: if it is no optimizer, eta or gamma is no finite number, 0 or more, or the seed
            no whole number, 0 or more.
    """
    checks.number("eta", eta, least=0)
    checks.number("gamma", gamma, least=0)
    checks.whole_number("seed", seed, least=0)
    outer, optimizer = optimizer, unwrapped(optimizer)
    seed_of_step = _SeedOfStep(optimizer, seed)
    plain_apply = optimizer.apply

    @functools.wraps(plain_apply)
    def apply(grads, trainable_variables=None):
        grads = list(grads)
        known = variables_of(optimizer) if trainable_variables is None else None
        variables = list(trainable_variables) if known is None else known
        noisy = [n for n, grad in enumerate(grads) if grad is not None and _learns(variables[n])]
        sizes = [math.prod(variables[n].shape) for n in noisy]
        time = 1.0 + ops.cast(optimizer.iterations, "float32")
        deviation = ops.sqrt(eta / time**gamma) * (optimizer.loss_scale_factor or 1.0)
        # One draw for all weights, because a step has one seed.
        noise = deviation * keras.random.normal((sum(sizes),), dtype="float32", seed=seed_of_step)
        for n, size in zip(noisy, sizes, strict=True):
            part, noise = noise[:size], noise[size:]
            part = ops.cast(ops.reshape(part, variables[n].shape), grads[n].dtype)
            grads[n] = ops.add(grads[n], part)
        return plain_apply(grads, trainable_variables)

    optimizer.apply = apply
    return outer


def _learns(variable) -> bool:
    """False for the scales of float8, which Keras passes on in place of a gradient."""
    return not getattr(variable, "overwrite_with_gradient", False)


class _SeedOfStep(keras.random.SeedGenerator):
    """A seed that the optimizer's step fixes, so that no count of its own has to be saved."""

    def __init__(self, optimizer, seed):
        super().__init__(seed)
        self.optimizer = optimizer
        # torch adds a seed's two halves: seeds 0 and 1 must not give the same noise one step apart.
        self.spread = int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1)

    def next(self, ordered=True):
        halves = [self.spread, self.optimizer.iterations]
        return ops.stack([ops.cast(half, self.state.dtype) for half in halves])
