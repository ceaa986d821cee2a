"""Pixels counted 0 to 1, for what makes images rather than explains them."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from zoo import checks
from zoo.backend.operations import layers_within


def pixels_of(image) -> np.ndarray:
    """Images (n, H, W, channels), uint8 or floats 0 to 1, as float32 in [0, 1].

    Raises:
        ValueError: if they have another type, or go beyond 0 to 1, as normalised images do.
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


@dataclass(frozen=True)
class Normalization:
    """What a model is given of pixels from 0 to 1: (pixels - mean) / std."""

    mean: np.ndarray
    std: np.ndarray
    dtype: str | None  # the integer type that the model casts its images to; None: a float

    @classmethod
    def checked(cls, model, inputs, mean, std) -> "Normalization":
        """One value for all channels or one per channel.

        A model that takes integers takes pixels from 0 to 255, unless mean and std say otherwise.

        Raises:
            ValueError: if there is another number of values, one that is not finite, or a std that
                is not positive; if the model rescales 0 to 255 itself and none are given.
        """
        channels = inputs.image.shape[-1]
        mean = checks.several_numbers("mean", _numbers(mean), counts=sorted({1, channels}))
        std = checks.several_numbers("std", _numbers(std), counts=sorted({1, channels}), above=0)
        as_they_are = set(mean) == {0.0} and set(std) == {1.0}
        if as_they_are and inputs.takes_integers:
            std = (1 / 255,)
        elif as_they_are:
            _require_no_rescaling(model)
        dtype = inputs.dtype if inputs.takes_integers else None
        return cls(np.float32(mean), np.float32(std), dtype)

    def apply(self, pixels):
        """What the model is given, as floats that have a gradient."""
        return ops.divide(ops.subtract(pixels, self.mean), self.std)

    def given(self, pixels: np.ndarray):
        """The same as the model itself takes it: whole numbers where it takes integers."""
        images = ops.convert_to_numpy(self.apply(pixels))
        return images if self.dtype is None else np.rint(images).astype(self.dtype)


def _numbers(values):
    """Of an array a list, of which `checks` can tell what is in it."""
    return values.tolist() if isinstance(values, np.ndarray) else values


def _require_no_rescaling(model) -> None:
    for layer in layers_within(model):
        scale = layer.scale if isinstance(layer, keras.layers.Rescaling) else 1
        if isinstance(scale, int | float) and 0 < abs(scale) < 1 / 50:
            raise ValueError(
                f"{model.name} rescales its images by {scale:.4g} (layer {layer.name}), so it "
                f"takes 0 to 255: hand over std=1/255, or what else turns pixels from 0 to 1 into "
                f"what it takes"
            )
