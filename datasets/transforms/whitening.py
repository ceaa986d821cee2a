"""ZCA whitening of a dataset (Krizhevsky, 2009): pixels that tell little of their neighbours.

Of all the rotations of whitened data ZCA is the one that stays nearest to the images, so that they
can still be looked at: edges remain, the large even areas go. Uncorrelated and of variance 1 the
pixels are as epsilon goes to 0, with more images than an image has values; short of that nearly so.
"""

import numpy as np
from sklearn.decomposition import PCA


class Whitening:
    """Fitted on uint8 images (n, h, w, c), it takes such images to float32 of the same shape.

        whiten = Whitening(data.x_train[:10_000])
        model.fit(whiten(data.x_train), data.y_train, ...)

    It takes the place of `data.normalize`. `epsilon` is added to the variances (pixels 0 to 1), so
    that the least of them, which are noise, are not blown up. Fitting time grows with the cube of
    h * w * c: half a minute for 32x32x3 on two cores.

    Raises:
        ValueError: images of another size than those it was fitted on, or no uint8; an epsilon
            not above 0.
    """

    def __init__(self, images: np.ndarray, epsilon: float = 1e-2):
        if not epsilon > 0:
            raise ValueError(f"epsilon={epsilon} must be above 0")
        self.shape = images.shape[1:]
        pca = PCA(svd_solver="full" if len(images) < np.prod(self.shape) else "covariance_eigh")
        pca.fit(self._flat(images))
        scaled = pca.components_.T / np.sqrt(pca.explained_variance_ + epsilon)
        self.mean, self.matrix = pca.mean_, scaled @ pca.components_

    def __call__(self, images: np.ndarray) -> np.ndarray:
        if images.shape[1:] != self.shape:
            raise ValueError(
                f"the whitening was fitted on images {self.shape}, these are {images.shape[1:]}"
            )
        return ((self._flat(images) - self.mean) @ self.matrix).reshape(images.shape)

    def _flat(self, images):
        if images.dtype != np.uint8:
            raise ValueError(f"images must be uint8, pixels 0 to 255, not {images.dtype}")
        return images.reshape(len(images), -1).astype("float32") / 255
