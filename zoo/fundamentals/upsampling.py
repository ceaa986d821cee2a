"""Larger maps by hand: transposed convolution, pixel shuffle, upsampling, and the checkerboard.

A transposed 3x3 kernel at stride 2 puts copies of itself two pixels apart. They overlap by one:
along a side pixels get 2, 1, 2, 1 weights, in the plane 4, 2 and 1, and the sum of more weights is
larger. A kernel whose size the stride divides overlaps evenly. Pixel shuffle takes the four pixels
of a block from four channels, each computed by a whole kernel of its own.

Sources: Odena, Dumoulin and Olah, Deconvolution and checkerboard artifacts (Distill, 2016); Shi et
al., Real-time single image and video super-resolution (2016); Aitken et al., Checkerboard artifact
free sub-pixel convolution (2017).
"""

import numpy as np

from zoo import checks
from zoo.fundamentals.convolution import convolve


def convolve_transposed(
    maps: np.ndarray,  # (H, W, D)
    kernels: np.ndarray,  # (k, k, D, N); Keras stores (k, k, N, D)
    stride: int = 2,
) -> np.ndarray:
    """The sum of copies of the kernels, one per position, times the value there: (H', W', N).

    The copies lie `stride` pixels apart: H' = (H - 1) stride + k.

    Raises:
        ValueError: if maps and kernels have the wrong number of axes or another depth, or the
            stride is not a whole number of 1 or more.
    """
    maps, kernels = checks.array("maps", maps), checks.array("kernels", kernels)
    checks.whole_number("stride", stride, least=1)
    if maps.ndim != 3 or kernels.ndim != 4 or maps.shape[2] != kernels.shape[2]:
        raise ValueError(
            f"maps {maps.shape} and kernels {kernels.shape} do not fit together: give (H, W, D) "
            f"and (k, k, D, N)"
        )
    reach = [(size - 1) * stride + 1 for size in maps.shape[:2]]
    sizes = [r + k - 1 for r, k in zip(reach, kernels.shape[:2], strict=True)]
    output = np.zeros((*sizes, kernels.shape[3]), np.result_type(maps, kernels, np.int64))
    for y, x in np.ndindex(kernels.shape[:2]):
        under_this_weight = output[y : y + reach[0] : stride, x : x + reach[1] : stride]
        under_this_weight += maps.astype(output.dtype) @ kernels[y, x]
    return output


def pixel_shuffle(maps: np.ndarray, block: int = 2) -> np.ndarray:
    """Channels laid out as blocks of pixels, (H, W, C b b) to (H b, W b, C).

    The first b b channels make the first map, each block row by row.

    Raises:
        ValueError: if the maps are not (H, W, C), C is not a multiple of b b, or b is not a whole
            number of 1 or more.
    """
    maps = checks.array("maps", maps)
    checks.whole_number("block", block, least=1)
    if maps.ndim != 3 or maps.shape[2] % block**2:
        raise ValueError(
            f"maps {maps.shape} must be (H, W, C) with C a multiple of {block} x {block}"
        )
    height, width, channels = maps.shape
    blocks = maps.reshape(height, width, channels // block**2, block, block)
    blocks = blocks.transpose(0, 3, 1, 4, 2)  # (H, b, W, b, C)
    return blocks.reshape(height * block, width * block, -1)


def checkerboards(draws: int = 1000, seed: int = 0) -> dict[str, np.ndarray]:
    """Maps of ones, enlarged in each way by random kernels: the middle of each, (6, 6, draws).

    Weights have a variance of 1, so that the variance of a pixel over the draws is the number of
    weights that add up in it.

    Raises:
        ValueError: if `draws` is not a whole number of 1 or more, or `seed` of 0 or more.
    """
    checks.whole_number("draws", draws, least=1)
    checks.whole_number("seed", seed, least=0)
    kernels = np.random.default_rng(seed).normal(size=(4, 4, 1, 4 * draws))
    ones = np.ones((9, 9, 1))
    one, four = kernels[:3, :3, :, :draws], kernels[:3, :3]
    maps = {
        "transposed 3x3": convolve_transposed(ones, one),
        "transposed 4x4": convolve_transposed(ones, kernels[..., :draws]),
        "pixel shuffle": pixel_shuffle(convolve(ones, four)),
        "pixel shuffle, equal": pixel_shuffle(convolve(ones, one.repeat(4, axis=-1))),
        "nearest, then 3x3": convolve(ones.repeat(2, 0).repeat(2, 1), one),
    }
    return {name: enlarged[6:12, 6:12] for name, enlarged in maps.items()}
