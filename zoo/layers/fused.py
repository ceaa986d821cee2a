"""Convolution and batch norm that on torch call PyTorch's own kernels.

Keras copies the maps to channels-first and back around a convolution and computes a batch norm
operation by operation from its formula; PyTorch has one kernel for each. Weights, configuration and
results are Keras's, and so is all of it on the other backends.
"""

import keras

from zoo import backend


@keras.saving.register_keras_serializable(package="zoo")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`."""

    def call(self, inputs):
        if self.data_format != "channels_last" or not backend.has_kernels_for(inputs):
            return super().call(inputs)
        bias = self.bias if self.use_bias else None
        outputs = backend.conv2d(
            inputs, self.kernel, bias, self.strides, self.padding, self.dilation_rate
        )
        return outputs if self.activation is None else self.activation(outputs)


@keras.saving.register_keras_serializable(package="zoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`."""

    def call(self, inputs, training=None, mask=None):
        usual = self.scale and self.center and not self.renorm and self.axis in (-1, 3)
        learns = training and self.trainable and mask is None
        if not (learns and usual and backend.has_kernels_for(inputs)):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = backend.batch_norm(inputs, self.gamma, self.beta, self.epsilon)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving.value * self.momentum + batch * (1 - self.momentum))
        return outputs
