"""L1 and L2 penalties without touching the model's definition."""

import contextlib

import keras

from zoo import checks


class WeightPenalty(keras.callbacks.Callback):
    """Add `l1 * sum|w| + l2 * sum w^2` over all kernels to the loss of the training steps.

    Kernels are the weights with two dimensions or more; biases and norms' gammas and betas stay
    free. Regularizers that the model has already stay as well. The training `loss` includes the
    penalty; `val_loss` and `evaluate` do not, so that they compare trainings with and without.
    It lasts for one `fit`, also for one that is interrupted.

    Raises:
        ValueError: if a penalty is not a finite number, 0 or more.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        super().__init__()
        self.l1 = checks.number("l1", l1, least=0)
        self.l2 = checks.number("l2", l2, least=0)

    def on_train_begin(self, logs=None):
        if not self.l1 and not self.l2:
            return
        steps = self.model.train_function
        if not isinstance(steps, _PenalisedSteps):  # it is where there are two of this callback
            steps = _PenalisedSteps(self.model)
        steps.penalties.append(keras.regularizers.L1L2(self.l1, self.l2))

    def on_train_end(self, logs=None):
        if isinstance(self.model.train_function, _PenalisedSteps):
            self.model.train_function.make_train_function()


class _PenalisedSteps:
    """A model's train function with penalties: the kernels have them as regularizers in each call.

    After a step they have them no more, because Keras tells no callback that `fit` was interrupted.
    The next `fit` or `train_on_batch` begins with `model.make_train_function()` and gets the plain
    function again.
    """

    def __init__(self, model):
        self.model, self.penalties = model, []
        self._install()

    def __call__(self, *arguments):
        with contextlib.ExitStack() as restored_after:
            for kernel in self.kernels:
                restored_after.callback(setattr, kernel, "regularizer", kernel.regularizer)
                kernel.regularizer = self._with_penalties(kernel.regularizer)
            return self.train_function(*arguments)

    def make_train_function(self, force=False):
        """Another callback of this `fit` calls it with `force`, and keeps the penalties."""
        vars(self.model).pop("make_train_function", None)
        if force:
            self._install()
        else:
            self.model.make_train_function(force=True)

    def _install(self):
        self.model.make_train_function(force=True)  # compiled before, it knows no penalty
        self.train_function = self.model.train_function
        self.kernels = [v for v in self.model.trainable_variables if len(v.shape) >= 2]
        self.model.train_function = self
        self.model.make_train_function = self.make_train_function

    def _with_penalties(self, regularizer):
        added = [*self.penalties, regularizer] if regularizer else self.penalties
        return lambda kernel: sum(penalty(kernel) for penalty in added)
