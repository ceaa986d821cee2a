"""Convolution by hand: at each place of an image, the sum of what lies under a kernel, weighted.

As everywhere in deep learning it is cross-correlation: the kernel is laid on the image as it is
written, not turned half round as in mathematics. A kernel is as deep as the image, so that a place
gives one number; N kernels give N channels: (H, W, D) with N of (k, k, D) becomes (H', W', N).

The intensities of a channel are stretched (`normalize`: the histogram keeps its shape) or levelled
(`equalize`: it becomes as flat as it can).

Session 6 adds what a stack of dilated kernels sees (`paths`), and which kernels are a column times
a row (`separate`).

Source: The School of AI, EVA sessions 1 and 6. The numbers of HORIZONTAL are those of the worked
example in Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016).
"""

from collections.abc import Iterable

import numpy as np

# The course's kernels. HORIZONTAL has no negative weight: it weighs brightness (flat areas come
# out ten times as bright). VERTICAL sums to 0 and answers to lines alone; so does VERTICAL.T.
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
        stride: pixels from one place of the kernel to the next.
        dilation: pixels from one cell of the kernel to the next.
        padding: "valid", the kernel stays inside and H' = (H - reach) // stride + 1 where reach is
            (k - 1) dilation + 1; or "same", zeros around the image make H' = ceil(H / stride).

    Raises:
        ValueError: wrong ranks, a kernel deeper than the image or reaching further than it,
            a stride or dilation below 1, an unknown padding.
    """
    image, kernels = np.asarray(image), np.asarray(kernels)
    _check(image, kernels, stride, dilation, padding)
    if image.ndim == 2:
        deep = convolve(image[..., None], kernels[..., None, None], stride, dilation, padding)
        return deep[..., 0]
    sides = zip(image.shape[:2], kernels.shape[:2], strict=True)
    places = [_places(*side, stride, dilation, padding) for side in sides]
    sizes, margins = zip(*places, strict=True)
    image = np.pad(image, (*margins, (0, 0)))
    # Never narrower than int64 or float64: sums of uint8 would run over at 255.
    output = np.zeros((*sizes, kernels.shape[-1]), np.result_type(image, kernels, np.int64))
    for y, x in np.ndindex(kernels.shape[:2]):
        rows, columns = (
            slice(cell * dilation, cell * dilation + (size - 1) * stride + 1, stride)
            for cell, size in zip((y, x), sizes, strict=True)
        )
        seen = image[rows, columns]  # (H', W', D): what this cell meets, place by place
        output += seen.astype(output.dtype) @ kernels[y, x]
    return output


def paths(dilations: Iterable[int], kernel: int = 3) -> np.ndarray:
    """How many ways lead from each pixel to one value behind a stack of dilated kernels.

    The matrix is as large as the receptive field; a 0 is a pixel inside it that never arrives.

    Raises:
        ValueError: a dilation or the kernel is below 1, or the stack so deep that an integer of 64
            bits does not hold its ways.
    """
    dilations = list(dilations)
    if kernel < 1 or min(dilations, default=1) < 1:
        raise ValueError(f"dilations {dilations} and kernel {kernel} must be 1 or more")
    if kernel ** (2 * len(dilations)) >= 2**63:
        raise ValueError(f"{len(dilations)} kernels of {kernel} are too many: their ways overflow")
    along = np.ones(1, int)
    for dilation in dilations:
        cells = np.zeros((kernel - 1) * dilation + 1, int)
        cells[::dilation] = 1
        along = np.convolve(along, cells)
    return np.outer(along, along)


def separate(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The column and the row whose product comes nearest to a kernel, and the share it misses.

    The share is of the sum of squares: 0 for a kernel that n x 1 and 1 x n do exactly. The largest
    entry of the column is 1.

    Raises:
        ValueError: the kernel is no matrix, or all 0.
    """
    kernel = np.asarray(kernel, "float64")
    if kernel.ndim != 2 or not kernel.any():
        raise ValueError(f"a kernel of shape {kernel.shape} must be a matrix that is not all 0")
    columns, sizes, rows = np.linalg.svd(kernel)
    largest = columns[abs(columns[:, 0]).argmax(), 0]
    missed = (sizes[1:] ** 2).sum() / (sizes**2).sum()
    return columns[:, 0] / largest, rows[0] * sizes[0] * largest, float(missed)


def normalize(channel: np.ndarray) -> np.ndarray:
    """Intensities stretched to [0, 1]: the darkest becomes 0, the lightest 1, float64.

    The distances between intensities keep their proportions. A channel of one intensity gives 0.

    Raises:
        ValueError: the channel is no matrix, empty, or holds NaN or an infinity.
    """
    channel = np.asarray(channel, "float64")
    _require_channel(channel)
    if not np.isfinite(channel).all():
        raise ValueError("the channel holds NaN or an infinity, which nothing can be stretched to")
    darkest, lightest = channel.min(), channel.max()
    return (channel - darkest) / ((lightest - darkest) or 1)


def equalize(channel: np.ndarray) -> np.ndarray:
    """Intensities levelled: each, in uint8, becomes 255 times the share of pixels no lighter.

    The share is the cumulative histogram, less the darkest intensity's own pixels, so that the
    result begins at 0. Frequent intensities move apart, rare ones together. A channel of one
    intensity stays as it is.

    Raises:
        ValueError: the channel is no matrix, empty, or not uint8.
    """
    channel = np.asarray(channel)
    _require_channel(channel)
    if channel.dtype != np.uint8:
        raise ValueError(
            f"equalize counts pixels of intensity 0 to 255, got {channel.dtype} of shape "
            f"{channel.shape}; np.round(255 * normalize(channel)).astype('uint8') makes them"
        )
    up_to = np.bincount(channel.ravel(), minlength=256).cumsum()
    darkest = up_to[channel.min()]
    if darkest == channel.size:
        return channel.copy()
    share = (up_to - darkest) / (channel.size - darkest)
    return np.round(255 * share.clip(0)).astype("uint8")[channel]


def _require_channel(channel) -> None:
    if channel.ndim != 2 or not channel.size:
        raise ValueError(
            f"a channel of shape {channel.shape} must be (H, W) with pixels; "
            f"of an image (H, W, D) each channel has intensities of its own, image[..., 0]"
        )


def _check(image, kernels, stride, dilation, padding) -> None:
    if (image.ndim, kernels.ndim) not in ((2, 2), (3, 4)) or not kernels.size:
        raise ValueError(
            f"image {image.shape} and kernels {kernels.shape} do not fit together: "
            f"hand over (H, W) and (k, k), or (H, W, D) and (k, k, D, N)"
        )
    if image.ndim == 3 and image.shape[2] != kernels.shape[2]:
        raise ValueError(
            f"kernels {kernels.shape} are {kernels.shape[2]} deep, the image {image.shape} "
            f"{image.shape[2]}; a kernel needs a layer for each channel"
        )
    for name, value in (("stride", stride), ("dilation", dilation)):
        if value < 1:
            raise ValueError(f"{name} {value} must be 1 or more")
    if padding not in ("valid", "same"):
        raise ValueError(f"padding {padding!r} must be 'valid' or 'same'")


def _places(size, cells, stride, dilation, padding) -> tuple[int, tuple[int, int]]:
    """Along one side: how many places the kernel takes, and the zeros before and after."""
    reach = (cells - 1) * dilation + 1
    if padding == "same":
        places = -(-size // stride)
        zeros = max((places - 1) * stride + reach - size, 0)
        return places, (zeros // 2, zeros - zeros // 2)
    if reach > size:
        raise ValueError(
            f"a kernel of {cells} cells, dilation {dilation}, reaches over {reach} pixels, "
            f'the image has {size}; take a smaller one, or padding="same"'
        )
    return (size - reach) // stride + 1, (0, 0)
