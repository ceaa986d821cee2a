"""What an optimizer keeps to itself: its schedule, its count of batches, its variables."""

import keras


def unwrapped(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer that a LossScaleOptimizer wraps; any other itself.

    Raises:
        ValueError: if it is no optimizer.
    """
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise ValueError(
            f"optimizer={optimizer!r} must be a Keras optimizer: keras.optimizers.Adam(0.001)"
        )
    return getattr(optimizer, "inner_optimizer", optimizer)


def schedule_of(optimizer: keras.optimizers.Optimizer):
    """The schedule or function that gives an optimizer's rate; None where that is a number."""
    rate = unwrapped(optimizer)._learning_rate  # the public property is always a number
    return None if isinstance(rate, keras.Variable) else rate


def batches_counted(optimizer: keras.optimizers.Optimizer):
    """The count of batches; `iterations` counts updates where gradients accumulate."""
    return unwrapped(optimizer)._iterations


def variables_of(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """The trainable variables that an optimizer was built with."""
    return unwrapped(optimizer)._trainable_variables
