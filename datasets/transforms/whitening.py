"""ZCA whitening of a dataset (Krizhevsky, 2009): pixels that say little about their neighbours.

Of all the rotations of whitened data ZCA is the one that stays nearest to the images, so that they
can still be looked at: edges remain, the large even areas go. The pixels are uncorrelated and of
variance 1 as epsilon goes to 0, with more images than an image has values; otherwise nearly so.
"""

import numpy as np
from sklearn.decomposition import PCA

from zoo import checks


class Whitening:
    """Fitted on uint8 images (n, h, w, c), it turns such images into float32 of the same shape.

        whiten = Whitening(data.x_train[:10_000])
        model.fit(whiten(data.x_train), data.y_train, ...)

    It takes the place of `data.normalize`. `epsilon` is added to the variances (pixels 0 to 1), so
    that the least of them, which are noise, are not amplified. Fitting time grows with the cube of
    h * w * c: half a minute for 32x32x3 on two cores.

    Raises:
        ValueError: if the images are not uint8, fewer than two or of another size than those it
            was fitted on, or `epsilon` is not above 0.
    """

    def __init__(self, images: np.ndarray, epsilon: float = 1e-2):
        checks.number("epsilon", epsilon, above=0)
        flat = self._flat(images)
        if len(flat) < 2:
            raise ValueError(f"a whitening is fitted on 2 images or more, not {len(flat)}")
        self.shape = images.shape[1:]
        pca = PCA(svd_solver="full" if len(images) < np.prod(self.shape) else "covariance_eigh")
        pca.fit(flat)
        scaled = pca.components_.T / np.sqrt(pca.explained_variance_ + epsilon)
        self.mean, self.matrix = pca.mean_, scaled @ pca.components_

    def __call__(self, images: np.ndarray) -> np.ndarray:
        flat = self._flat(images)
        if images.shape[1:] != self.shape:
            raise ValueError(
                f"the whitening was fitted on images {self.shape}, these are {images.shape[1:]}"
            )
        return ((flat - self.mean) @ self.matrix).reshape(images.shape)

    def _flat(self, images):
        dtype, shape = getattr(images, "dtype", type(images).__name__), getattr(images, "shape", ())
        if dtype != np.uint8 or len(shape) != 4:
            raise ValueError(
                f"images must be uint8 of shape (n, h, w, c), pixels 0 to 255, not {dtype} of "
                f"shape {shape}"
            )
        return np.asarray(images).reshape(len(images), -1).astype("float32") / 255
