"""Pixels counted 0 to 1, for what makes images rather than explains them."""

import numpy as np
from keras import ops


def pixels_of(image) -> np.ndarray:
    """Images (n, H, W, channels), uint8 or floats 0 to 1, as float32 in [0, 1].

    Raises:
        ValueError: another type, or floats beyond 0 to 1, as normalised images have them.
    """
    image = ops.convert_to_numpy(image)
    if image.dtype == np.uint8:
        return image.astype("float32") / 255
    if image.dtype.kind != "f" or not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(
            f"images must be pixels, uint8 or floats from 0 to 1, not {image.dtype} from "
            f"{image.min():.4g} to {image.max():.4g}; hand over those of before the normalisation "
            f"(data.x_val), and mean=data.mean, std=data.std for the model"
        )
    return image.astype("float32")


def as_seen(pixels, mean, std):
    """What the model is given of pixels: (pixels - mean) / std, a value for all channels or each.

    Raises:
        ValueError: another number of values, or a std that is not positive.
    """
    mean, std = np.asarray(mean, "float32"), np.asarray(std, "float32")
    channels = pixels.shape[-1]
    if not {mean.shape, std.shape} <= {(), (1,), (channels,)} or not (std > 0).all():
        raise ValueError(
            f"mean={mean.tolist()} and std={std.tolist()} must be a value, or one for each of "
            f"{channels} channels, and std positive"
        )
    return ops.divide(ops.subtract(pixels, mean), std)
