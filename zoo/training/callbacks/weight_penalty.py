"""L1 and L2 penalties without touching the model's definition."""

import keras


class WeightPenalty(keras.callbacks.Callback):
    """Add `l1 * sum|w| + l2 * sum w^2` over all kernels to the loss, while training lasts.

    Kernels are the weights with two dimensions or more; biases and norms' gammas and betas stay
    free. The penalty is part of both `loss` and `val_loss`, as Keras's regularizers are.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        super().__init__()
        if l1 < 0 or l2 < 0:
            raise ValueError(f"a penalty must not be negative: l1={l1}, l2={l2}")
        self.l1, self.l2 = l1, l2
        self._before = []

    def on_train_begin(self, logs=None):
        if not (self.l1 or self.l2):
            return
        kernels = [v for v in self.model.trainable_variables if len(v.shape) >= 2]
        self._before = [(v, v.regularizer) for v in kernels]
        for variable in kernels:
            variable.regularizer = keras.regularizers.L1L2(self.l1, self.l2)
        self._retrace()

    def on_train_end(self, logs=None):
        for variable, regularizer in self._before:
            variable.regularizer = regularizer
        if self._before:
            self._before = []
            self._retrace()

    def _retrace(self):
        self.model.make_train_function(force=True)  # an older trace would not see the change
        self.model.test_function = None
