"""Convolution and batch norm that call the fastest kernels of their backend.

On torch Keras copies the maps to channels-first and back around a convolution and computes a batch
norm operation by operation from its formula; PyTorch has one kernel for each. On tensorflow it
computes the batch norm by its formula too; and a grouped convolution trains a hundred times slower
on a CPU than its groups one by one, a depthwise one thirty times slower than tensorflow's own
kernel for it. Weights, configuration and results are Keras's.
"""

import keras
from keras import ops

from zoo import backend


@keras.saving.register_keras_serializable(package="zoo")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`; with as many groups as channels it is the depthwise convolution."""

    def call(self, inputs):
        if self.data_format != "channels_last":
            return super().call(inputs)
        bias = self.bias if self.use_bias else None
        if backend.has_conv2d_for(inputs):
            outputs = backend.conv2d(
                inputs, self.kernel, bias, self.strides, self.padding, self.dilation_rate
            )
        elif self.groups > 1 and backend.NAME == "tensorflow":
            outputs = self._by_groups(inputs)
            outputs = outputs if bias is None else outputs + bias
        else:
            return super().call(inputs)
        return outputs if self.activation is None else self.activation(outputs)

    def _by_groups(self, inputs):
        options = {"strides": self.strides, "dilation_rate": self.dilation_rate}
        options |= {"padding": self.padding, "data_format": "channels_last"}
        square = len(set(self.strides)) == len(set(self.dilation_rate)) == 1
        if self.groups == inputs.shape[-1] and square:  # the depthwise kernels take no other
            each = (*self.kernel_size, self.groups, self.filters // self.groups)
            return ops.depthwise_conv(inputs, ops.reshape(self.kernel, each), **options)
        if backend.has_gpu():
            return ops.conv(inputs, self.kernel, **options)
        groups = [ops.split(x, self.groups, axis=-1) for x in (inputs, self.kernel)]
        parts = [ops.conv(x, kernel, **options) for x, kernel in zip(*groups, strict=True)]
        return ops.concatenate(parts, axis=-1)


@keras.saving.register_keras_serializable(package="zoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`."""

    def call(self, inputs, training=None, mask=None):
        usual = self.scale and self.center and self.axis in (-1, 3)
        usual = usual and not (self.renorm or self.synchronized)
        usual = usual and self.variable_dtype == "float32"
        learns = training and self.trainable and mask is None
        if not (learns and usual and backend.has_batch_norm_for(inputs)):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = backend.batch_norm(inputs, self.gamma, self.beta, self.epsilon)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving.value * self.momentum + batch * (1 - self.momentum))
        return outputs
