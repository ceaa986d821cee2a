"""One kernel of the backend where Keras would compose several: convolution and batch norm."""

import keras

from zoo.backend.devices import has_gpu

NAME = keras.config.backend()
if NAME == "tensorflow":
    import tensorflow as tf
elif NAME == "torch":
    import torch

# Dtypes that the kernels below take; their sums and statistics are float32 in half precision too.
KERNEL_DTYPES = ("float32", "bfloat16", "float16")


def has_conv2d_for(x) -> bool:
    """Whether `conv2d` below takes `x`: real maps (n, h, w, c) on torch."""
    return (
        NAME == "torch"
        and isinstance(x, torch.Tensor)
        and x.ndim == 4
        and keras.backend.standardize_dtype(x.dtype) in KERNEL_DTYPES
        and x.device.type != "meta"
    )


def has_batch_norm_for(x) -> bool:
    """Whether `batch_norm` below takes `x` and is faster than the formula: maps (n, h, w, c)."""
    if NAME != "tensorflow":
        return has_conv2d_for(x)
    fits = isinstance(x, tf.Tensor) and x.dtype.name in KERNEL_DTYPES and x.shape.rank == 4
    # On a CPU it is three times as fast as the formula, but half as fast with, say, 10 channels.
    return fits and (x.shape[-1] % 4 == 0 or has_gpu())


def conv2d(x, kernel, bias, strides, padding, dilation):
    """PyTorch's convolution of NHWC maps with a Keras kernel (h, w, in / groups, out)."""
    kernel = keras.ops.convert_to_tensor(kernel)  # a variable, or with LoRA a sum
    bias = None if bias is None else keras.ops.convert_to_tensor(bias)
    pads = [(0, 0), (0, 0)]
    if padding == "same":
        sides = zip(x.shape[1:3], kernel.shape[:2], strides, dilation, strict=True)
        pads = [_same_padding(*side) for side in sides]
    x = x.permute(0, 3, 1, 2)  # a view: PyTorch computes on channels-last memory
    if any(before != after for before, after in pads):
        (top, bottom), (left, right) = pads
        x = torch.nn.functional.pad(x, (left, right, top, bottom))
        pads = [(0, 0), (0, 0)]
    groups = x.shape[1] // kernel.shape[2]
    y = torch.nn.functional.conv2d(
        x, kernel.permute(3, 2, 0, 1), bias, strides, [pad[0] for pad in pads], dilation, groups
    )
    return y.permute(0, 2, 3, 1)


def _same_padding(size, kernel, stride, dilation) -> tuple[int, int]:
    """Pixels before and after one side; of an odd number, as in tensorflow, one more after it."""
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def batch_norm(x, gamma, beta, epsilon):
    """Batch norm of NHWC maps by their own statistics in one kernel: (result, mean, variance)."""
    if NAME == "tensorflow":
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=gamma.value,
            offset=beta.value,
            mean=tf.constant([]),
            variance=tf.constant([]),
            epsilon=epsilon,
            is_training=True,
        )
        count = tf.cast(tf.size(x) // x.shape[-1], "float32")
        return y, tf.stop_gradient(mean), tf.stop_gradient(variance) * (count - 1) / count
    y, mean, inverse_deviation = torch.native_batch_norm(
        x.permute(0, 3, 1, 2), gamma.value, beta.value, None, None, True, 0.0, epsilon
    )
    variance = inverse_deviation.detach() ** -2 - epsilon
    return y.permute(0, 2, 3, 1), mean.detach(), variance
