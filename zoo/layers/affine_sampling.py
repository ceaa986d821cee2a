"""Images sampled through affine maps: what a spatial transformer looks at."""

import math

import keras
from keras import layers, ops

from zoo import checks


@keras.saving.register_keras_serializable(package="zoo")
class AffineSampling(layers.Layer):
    """Images (b, h, w, c) sampled at the coordinates that six numbers per image (b, 6) give.

    The numbers are the rows of a matrix that takes a point of the output to one of the image,

        x' = t0 x + t1 y + t2        y' = t3 x + t4 y + t5

    both from -1 to 1, the outer edges of the outer pixels, as in `torch.nn.functional.affine_grid`
    with `align_corners=False`. So (1, 0, 0, 0, 1, 0) gives the image back, bit for bit, and
    (0.5, 0, 0, 0, 0.5, 0) its middle at twice the size. Values are interpolated between the four
    nearest pixels; outside the image they are 0, which is grey in a normalised image. The gradient
    reaches the image and the six numbers on every backend (that of
    `keras.ops.image.affine_transform` does not). In half precision the coordinates stay float32,
    if the six numbers are; a NaN among them gives NaN.

    Source: Jaderberg et al., Spatial transformer networks (arXiv:1506.02025).

    Args:
        size: (height, width) of the output; None: of the image.

    Raises:
        ValueError: if the size is not two whole numbers; when called, if the inputs are not images
            and six numbers for each.
    """

    def __init__(self, size=None, **kwargs):
        # Keras would round the six numbers to half precision, a sixteenth of a pixel.
        super().__init__(autocast=False, **kwargs)
        self.size = None if size is None else checks.grid("size", size)

    def build(self, input_shape):
        images, theta = input_shape
        if len(images) != 4 or tuple(theta[1:]) != (6,):
            raise ValueError(
                f"{self.name} takes images (b, h, w, c) and six numbers for each (b, 6), not "
                f"{tuple(images)} and {tuple(theta)}"
            )
        shape = self.compute_output_shape((images, None))[1:]
        self.values = None if None in shape else math.prod(shape)

    def call(self, inputs):
        images, theta = inputs
        images = ops.cast(images, self.compute_dtype)
        height, width, channels = images.shape[1:]
        x, y = self._coordinates(
            ops.cast(theta, "float32"), height, width
        )  # in pixels, (b, h', w')
        left, top = ops.floor(x), ops.floor(y)
        right_share, lower_share = x - left, y - top
        left, top = ops.cast(left, "int32"), ops.cast(top, "int32")
        pixels = ops.reshape(images, (-1, height * width, channels))

        def weighted(column, row, weight):
            """The pixels in these columns and rows, times their weight; 0 outside the image."""
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            column, row = ops.clip(column, 0, width - 1), ops.clip(row, 0, height - 1)
            index = ops.reshape(row * width + column, (-1, weight.shape[1] * weight.shape[2], 1))
            values = ops.reshape(ops.take_along_axis(pixels, index, axis=1), (-1, *shape))
            weight = weight * ops.cast(inside, weight.dtype)  # a NaN stays one
            return values * ops.cast(weight, values.dtype)[..., None]

        shape = (*x.shape[1:], channels)
        return (
            weighted(left, top, (1 - right_share) * (1 - lower_share))
            + weighted(left + 1, top, right_share * (1 - lower_share))
            + weighted(left, top + 1, (1 - right_share) * lower_share)
            + weighted(left + 1, top + 1, right_share * lower_share)
        )

    def _coordinates(self, theta, height, width):
        """Columns and rows, as fractions of pixels, of what each output pixel is sampled from.

        Written so that the identity gives whole numbers: x' is the column plus how far the map
        moves it, (t0 - 1) x + t1 y + t2, in pixels.
        """
        rows, columns = self.size or (height, width)
        column, row = ops.arange(columns, dtype="float32"), ops.arange(rows, dtype="float32")
        across = ((2 * column + 1) / columns - 1)[None, None, :]  # -1 to 1
        down = ((2 * row + 1) / rows - 1)[None, :, None]
        t0, t1, t2, t3, t4, t5 = (theta[:, i, None, None] for i in range(6))
        start_x = (column + 0.5) * (width / columns) - 0.5
        start_y = (row + 0.5) * (height / rows) - 0.5
        x = start_x[None, None, :] + ((t0 - 1) * across + t1 * down + t2) * (width / 2)
        y = start_y[None, :, None] + (t3 * across + (t4 - 1) * down + t5) * (height / 2)
        return x, y

    def compute_output_shape(self, input_shape):
        images, _ = input_shape
        return (images[0], *(self.size or images[1:3]), images[3])

    def multiply_adds(self):
        """Products for one image: four pixels times their weights for every value."""
        return None if self.values is None else 4 * self.values

    def get_config(self):
        return super().get_config() | {"size": self.size}
