"""Activations by their formulas: without them a net of linear layers is one linear map.

Each takes a float tensor of the backend, of any shape, and returns one of the same shape, computed
element by element. The first line of each docstring gives the range, what the function is for, and
the source; numbers such as 1512.07030 are arXiv's.

The formulas are written so that no number, however large, spoils a derivative by autodiff: a branch
of `where` that is not taken still contributes its gradient, and 0 times infinity is NaN. Hence the
exponentials are given nothing above 0.

Source: The School of AI, EVA session 2, and the papers named.
"""

import math

from keras import ops

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # mean 0 and variance 1 stay


def sigmoid(x):
    """(0, 1); gates and probabilities, but its slope is never above 1/4. Rumelhart et al. 1986."""
    exponential = ops.exp(ops.where(x < 0, x, -x))  # e^-|x|
    return ops.where(x < 0, exponential, 1.0) / (1 + exponential)  # 1 / (1 + e^-x)


def tanh(x):
    """(-1, 1); a sigmoid about 0, used in recurrent nets. LeCun et al. 1998."""
    exponential = ops.expm1(ops.where(x < 0, 2 * x, -2 * x))  # e^-2|x| - 1, exact near 0
    return ops.where(x < 0, exponential, -exponential) / (2 + exponential)


def relu(x):
    """[0, inf); the usual choice: cheap, slope 1 or 0, so a unit can die. Nair and Hinton 2010."""
    return ops.where(x <= 0, 0.0, x)  # NaN stays NaN


def leaky_relu(x, slope=0.01):
    """(-inf, inf); a ReLU whose units cannot die. Maas, Hannun and Ng 2013."""
    return ops.where(x > 0, x, slope * x)


def prelu(x, slope=0.25):
    """(-inf, inf); a leaky ReLU that learns its slope. He et al. 2015, 1502.01852.

    The slope is one number, or a tensor (c,) with one per channel; the paper starts at 0.25.
    """
    return leaky_relu(x, slope)


def elu(x, alpha=1.0):
    """(-1, inf); bends to -alpha, which brings means near 0. Clevert et al. 2015, 1511.07289."""
    return ops.where(x > 0, x, alpha * ops.expm1(ops.where(x > 0, 0.0, x)))


def selu(x):
    """(-1.76, inf); mean 0 and variance 1 without a norm. Klambauer et al. 2017, 1706.02515."""
    return SELU_SCALE * elu(x, SELU_ALPHA)


def srelu(x, t_left=-1.0, a_left=0.1, t_right=1.0, a_right=0.4):
    """(-inf, inf); three lines, an S that is learnt. Jin et al. 2015, 1512.07030.

    Left of the threshold `t_left` the slope is `a_left`, right of `t_right` it is `a_right`, and 1
    between them. All four are learnt, one each per channel: numbers, or tensors (c,). The defaults
    here only draw an S; the paper starts with a leaky ReLU, `t_left` 0 and `a_right` 1.
    """
    left, right = t_left + a_left * (x - t_left), t_right + a_right * (x - t_right)
    return ops.where(x <= t_left, left, ops.where(x >= t_right, right, x))


def swish(x):
    """[-0.28, inf); a smooth ReLU found by search (SiLU). Ramachandran et al. 2017, 1710.05941."""
    return x * sigmoid(x)


def gelu(x):
    """[-0.17, inf); x times P(normal < x); in transformers. Hendrycks, Gimpel 2016, 1606.08415."""
    return x * ((1 + ops.erf(x / math.sqrt(2))) / 2)


ACTIVATIONS = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "ReLU": relu,
    "leaky ReLU": leaky_relu,
    "PReLU": prelu,
    "ELU": elu,
    "SELU": selu,
    "SReLU": srelu,
    "swish": swish,
    "GELU": gelu,
}
