"""Convolution and batch norm that call the fastest kernels of their backend.

On torch Keras copies the maps to channels-first and back around a convolution, and computes a batch
norm operation by operation from its formula; PyTorch has one kernel for each. On tensorflow Keras
computes the batch norm by its formula too; and on a CPU a grouped convolution trains a hundred
times slower than its groups one by one, a depthwise one thirty times slower than with tensorflow's
own kernel for it. Weights, configuration and results are Keras's.

Keras names a layer's weights in a file by its class. The classes here keep the names of Keras's,
so that files of either load into the other.
"""

import keras
from keras import ops

from zoo import backend


@keras.saving.register_keras_serializable(package="zoo", name="Conv2D")
class FusedConv2D(keras.layers.Conv2D):
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
        options = {
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
            "padding": self.padding,
            "data_format": "channels_last",
        }
        # tensorflow's depthwise kernel takes one stride and one dilation for both directions.
        same_both_ways = len(set(self.strides)) == len(set(self.dilation_rate)) == 1
        if self.groups == inputs.shape[-1] and same_both_ways:
            shape = (*self.kernel_size, self.groups, self.filters // self.groups)
            return ops.depthwise_conv(inputs, ops.reshape(self.kernel, shape), **options)
        if backend.has_gpu():
            return ops.conv(inputs, self.kernel, **options)
        inputs = ops.split(inputs, self.groups, axis=-1)
        kernels = ops.split(self.kernel, self.groups, axis=-1)
        outputs = [
            ops.conv(group, kernel, **options)
            for group, kernel in zip(inputs, kernels, strict=True)
        ]
        return ops.concatenate(outputs, axis=-1)


@keras.saving.register_keras_serializable(package="zoo", name="BatchNormalization")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`, in training one kernel."""

    def call(self, inputs, training=None, mask=None):
        learns = training and self.trainable and mask is None
        if not (learns and self._is_plain() and backend.has_batch_norm_for(inputs)):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = backend.batch_norm(inputs, self.gamma, self.beta, self.epsilon)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving.value * self.momentum + batch * (1 - self.momentum))
        return outputs

    def _is_plain(self) -> bool:
        """Whether the layer's settings are those that the kernels know."""
        if self.renorm or self.synchronized or self.axis not in (-1, 3):
            return False
        return self.scale and self.center and self.variable_dtype == "float32"


# The names that the groups of weights in a file are called by.
FusedConv2D.__name__ = "Conv2D"
FusedBatchNormalization.__name__ = "BatchNormalization"
