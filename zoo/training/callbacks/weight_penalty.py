"""L1 and L2 penalties without touching the model's definition."""

import math

import keras


class WeightPenalty(keras.callbacks.Callback):
    """Add `l1 * sum|w| + l2 * sum w^2` over all kernels to the loss, while training lasts.

    Kernels are the weights with two dimensions or more; biases and norms' gammas and betas stay
    free. The penalty is part of both `loss` and `val_loss`, as Keras's regularizers are.

    Raises:
        ValueError: a penalty that is negative or not finite.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        super().__init__()
        if not (0 <= l1 < math.inf and 0 <= l2 < math.inf):
            raise ValueError(f"a penalty must be zero or a positive number: l1={l1}, l2={l2}")
        self.l1, self.l2 = l1, l2

    def on_train_begin(self, logs=None):
        if self._restore() or self.l1 or self.l2:
            for variable in self.model.trainable_variables:
                if len(variable.shape) >= 2 and (self.l1 or self.l2):
                    variable.regularizer = _Penalty(self.l1, self.l2, variable.regularizer)
            self._retrace()

    def on_train_end(self, logs=None):
        if self._restore():
            self._retrace()

    def _restore(self) -> bool:
        """Take penalties off, those of a training that was interrupted too; whether there were."""
        penalised = [
            v for v in self.model.trainable_variables if isinstance(v.regularizer, _Penalty)
        ]
        for variable in penalised:
            variable.regularizer = variable.regularizer.replaced
        return bool(penalised)

    def _retrace(self):
        self.model.make_train_function(force=True)  # an older trace would not see the change
        self.model.test_function = None


class _Penalty(keras.regularizers.L1L2):
    """L1L2 that remembers the regularizer whose place it takes."""

    def __init__(self, l1, l2, replaced):
        super().__init__(l1, l2)
        self.replaced = replaced
