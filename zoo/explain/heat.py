"""Heat maps of weighed maps, at the size of the image."""

import cv2
import numpy as np

from zoo.explain.maps import scaled


def heat_maps(maps, weights, inputs) -> np.ndarray:
    """ReLU(sum_k w_k A_k), its maximum 1 (or all of it 0), at the size of the image."""
    cams = np.maximum(np.einsum("nhwc,nc->nhw", maps, weights), 0).astype("float32")
    return np.stack([enlarged(cam, inputs) for cam in scaled(cams)])


def enlarged(cam: np.ndarray, inputs) -> np.ndarray:
    """One map (h, w) at the size of the image, (H, W), where the centres of its cells lie."""
    height, width = inputs.image.shape[1:3]
    return cv2.resize(cam, (width, height), interpolation=cv2.INTER_LINEAR)


def ratio(a, b):
    """a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
