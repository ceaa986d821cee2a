"""Convolution by hand: at each position in an image, the weighted sum of the pixels under a kernel.

As everywhere in deep learning it is cross-correlation: the kernel is laid on the image as it is
written, not turned by 180 degrees as in mathematics. A kernel is as deep as the image, so that a
position gives one number; N kernels give N channels: (H, W, D) with N of (k, k, D) becomes
(H', W', N).

The intensities of a channel are stretched (`normalize`: the histogram keeps its shape) or equalised
(`equalize`: it becomes as flat as it can).

Session 6 adds what a stack of dilated kernels sees (`paths`), and which kernels are the product of
a column and a row (`separate`).

Source: The School of AI, EVA sessions 1 and 6. The numbers of HORIZONTAL are those of the worked
example in Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016).
"""

from collections.abc import Iterable

import numpy as np

from zoo import checks

# The course's kernels. HORIZONTAL has no negative weight: it responds to brightness (flat areas
# come out ten times as bright). VERTICAL and VERTICAL.T sum to 0 and respond to lines alone.
HORIZONTAL = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
VERTICAL = np.array([[-1, 2, -1]] * 3)


def convolve(
    image: np.ndarray,  # (H, W, D), or a matrix (H, W)
    kernels: np.ndarray,  # (k, k, D, N) as Keras stores them, or a matrix (k, k)
    stride: int = 1,
    dilation: int = 1,
    padding: str = "valid",
) -> np.ndarray:
    """The image under each kernel, (H', W', N); a matrix under a matrix gives a matrix.

    Args:
        stride: pixels from one position of the kernel to the next.
        dilation: pixels from one weight of the kernel to the next.
        padding: "valid", the kernel stays inside and H' = (H - reach) // stride + 1 where reach is
            (k - 1) dilation + 1; or "same", zeros around the image make H' = ceil(H / stride).

    Raises:
        ValueError: if image and kernels have the wrong number of axes, a kernel is of another depth
            than the image or reaches further than it, the stride or dilation is not a whole number
            of 1 or more, or the padding is unknown.
    """
    image, kernels = checks.array("image", image), checks.array("kernels", kernels)
    _check(image, kernels, stride, dilation, padding)
    if image.ndim == 2:
        maps = convolve(image[..., None], kernels[..., None, None], stride, dilation, padding)
        return maps[..., 0]
    height, rows = _positions(image.shape[0], kernels.shape[0], stride, dilation, padding)
    width, columns = _positions(image.shape[1], kernels.shape[1], stride, dilation, padding)
    image = np.pad(image, (rows, columns, (0, 0)))
    # Never narrower than int64 or float64: sums of uint8 would overflow at 255.
    output = np.zeros((height, width, kernels.shape[-1]), np.result_type(image, kernels, np.int64))
    for y, x in np.ndindex(kernels.shape[:2]):
        top, left = y * dilation, x * dilation
        bottom, right = top + (height - 1) * stride + 1, left + (width - 1) * stride + 1
        pixels = image[top:bottom:stride, left:right:stride]  # (H', W', D): under this weight
        output += pixels.astype(output.dtype) @ kernels[y, x]
    return output


def paths(dilations: Iterable[int], kernel: int = 3) -> np.ndarray:
    """How many paths lead from each pixel to one value behind a stack of dilated kernels.

    The matrix is as large as the receptive field; a 0 is a pixel inside it that has no influence.

    Raises:
        ValueError: if a dilation or the kernel is not a whole number of 1 or more, or the stack is
            so deep that 64 bits do not hold its number of paths.
    """
    kernel = checks.whole_number("kernel", kernel, least=1)
    dilations = [checks.whole_number("dilations", dilation, least=1) for dilation in dilations]
    if kernel ** (2 * len(dilations)) >= 2**63:
        raise ValueError(f"{len(dilations)} kernels of {kernel} are too many: their paths overflow")
    along_a_side = np.ones(1, int)
    for dilation in dilations:
        weights = np.zeros((kernel - 1) * dilation + 1, int)
        weights[::dilation] = 1
        along_a_side = np.convolve(along_a_side, weights)
    return np.outer(along_a_side, along_a_side)


def separate(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The column and the row whose product comes nearest to a kernel, and the share it misses.

    The share is of the sum of squares: 0 for a kernel that n x 1 and 1 x n compute exactly. The
    largest entry of the column is 1.

    Raises:
        ValueError: if the kernel is not a matrix of finite numbers, or is all 0.
    """
    kernel = checks.array("kernel", kernel).astype("float64")
    if kernel.ndim != 2 or not kernel.any() or not np.isfinite(kernel).all():
        raise ValueError(
            f"a kernel of shape {kernel.shape} must be a matrix of finite numbers that is not all 0"
        )
    columns, singular_values, rows = np.linalg.svd(kernel)
    column, row = columns[:, 0], singular_values[0] * rows[0]
    largest = column[abs(column).argmax()]
    missed = (singular_values[1:] ** 2).sum() / (singular_values**2).sum()
    return column / largest, row * largest, float(missed)


def normalize(channel: np.ndarray) -> np.ndarray:
    """Intensities stretched to [0, 1]: the darkest becomes 0, the lightest 1, float64.

    The distances between intensities keep their proportions. A channel of one intensity gives 0.

    Raises:
        ValueError: if the channel is not a matrix, is empty, or holds NaN or an infinity.
    """
    channel = checks.array("channel", channel).astype("float64")
    _require_channel(channel)
    if not np.isfinite(channel).all():
        raise ValueError("the channel holds NaN or an infinity, to which nothing can be stretched")
    darkest, lightest = channel.min(), channel.max()
    return (channel - darkest) / ((lightest - darkest) or 1)


def equalize(channel: np.ndarray) -> np.ndarray:
    """Intensities equalised: each, in uint8, becomes 255 times the share of pixels no lighter.

    The share is the cumulative histogram, less the pixels of the darkest intensity, so that the
    result begins at 0. Frequent intensities move apart, rare ones together. A channel of one
    intensity stays as it is.

    Raises:
        ValueError: if the channel is not a matrix, is empty, or is not uint8.
    """
    channel = checks.array("channel", channel)
    _require_channel(channel)
    if channel.dtype != np.uint8:
        raise ValueError(
            f"equalize counts pixels of intensity 0 to 255, got {channel.dtype} of shape "
            f"{channel.shape}; np.round(255 * normalize(channel)).astype('uint8') makes them"
        )
    cumulative = np.bincount(channel.ravel(), minlength=256).cumsum()
    darkest = cumulative[channel.min()]  # pixels of the darkest intensity
    if darkest == channel.size:
        return channel.copy()
    share = (cumulative - darkest) / (channel.size - darkest)
    return np.round(255 * share.clip(0)).astype("uint8")[channel]


def _require_channel(channel) -> None:
    if channel.ndim != 2 or not channel.size:
        raise ValueError(
            f"a channel of shape {channel.shape} must be (H, W) with pixels; "
            f"take the channels of an image (H, W, D) one by one, image[..., 0]"
        )


def _check(image, kernels, stride, dilation, padding) -> None:
    if (image.ndim, kernels.ndim) not in ((2, 2), (3, 4)) or not kernels.size:
        raise ValueError(
            f"image {image.shape} and kernels {kernels.shape} do not fit together: "
            f"give (H, W) and (k, k), or (H, W, D) and (k, k, D, N)"
        )
    if image.ndim == 3 and image.shape[2] != kernels.shape[2]:
        raise ValueError(
            f"kernels {kernels.shape} are {kernels.shape[2]} deep, the image {image.shape} "
            f"{image.shape[2]}; a kernel has one layer per channel"
        )
    checks.whole_number("stride", stride, least=1)
    checks.whole_number("dilation", dilation, least=1)
    checks.one_of("padding", padding, ("valid", "same"))


def _positions(size, weights, stride, dilation, padding) -> tuple[int, tuple[int, int]]:
    """Along one side: the number of positions of the kernel, and the zeros before and after."""
    reach = (weights - 1) * dilation + 1
    if padding == "same":
        positions = -(-size // stride)
        zeros = max((positions - 1) * stride + reach - size, 0)
        return positions, (zeros // 2, zeros - zeros // 2)
    if reach > size:
        raise ValueError(
            f"a kernel of {weights} weights with dilation {dilation} reaches over {reach} pixels, "
            f'the image has {size}; take a smaller one, or padding="same"'
        )
    return (size - reach) // stride + 1, (0, 0)
