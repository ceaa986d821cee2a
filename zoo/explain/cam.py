"""Class activation maps: which places of the image speak for a class.

All four weigh the maps A_k of a layer and add them up, ReLU(sum_k w_k A_k); what differs is w_k.

    GradCAM     mean over places of dy/dA_k, y the class's logit
                Selvaraju et al. (arXiv:1610.02391), as the course's session 5 has it
    GradCAM++   the positive slopes, those that few places share counting more
                Chattopadhay et al. (arXiv:1710.11063)
    Score-CAM   the class's probability when only what A_k shows is left of the image
                Wang et al. (arXiv:1910.01279)
    Eigen-CAM   the first principal component of the maps, whatever the class
                Muhammad and Yeasin (arXiv:2008.00299)
"""

import cv2
import keras
import numpy as np
from keras import ops
from scipy.ndimage import zoom

from zoo import backend
from zoo.explain.inputs import Inputs, in_batches
from zoo.explain.layer_search import find_layer, static_shape
from zoo.explain.maps import check_maps, maps_of, maps_shape, scaled, tap
from zoo.explain.outputs import logits_of, one_hot

SMALLEST = 5  # a map of fewer cells a side says nothing about places


def grad_cam(model: keras.Model, images, classes=None, layer=None, *, image=None) -> np.ndarray:
    """Heat maps (n, H, W) in [0, 1], float32, the same on every backend.

    The gradient of a class's logit with respect to a layer's maps, averaged over places, weighs
    the maps; the positive part of their sum is scaled to a maximum of 1 (or stays 0) and resized
    to the image.

    Args:
        model: any classifier that gives one (n, classes) output: nested and subclassed models and
            several inputs included.
        images: as the model takes them, (n, H, W, channels); a list or dict for several inputs.
        classes: a class index for each image, or one for all; None: the predicted ones.
        layer: a layer or its name; None: the one on the card of the model, or of one nested in
            it, else the last with maps of 5x5 at least.
        image: of several image inputs the key or index of the one explained; None: the first.

    Raises:
        ValueError: no such layer (names those there are), maps without extent or smaller than
            5x5, a class that the model does not have.
    """
    inputs = Inputs.of(images, image)
    maps, slopes = _maps_and_slopes(model, inputs, classes, layer)
    weights = slopes.mean(axis=(1, 2))  # (n, channels)
    return _heat(maps, weights, inputs)


def check_layer(model: keras.Model, layer=None) -> None:
    """Raise now the ValueError that `layer` would cost later, as far as the model's graph tells."""
    layer = find_layer(model, layer, SMALLEST)
    shape = static_shape(layer)
    if shape and None not in shape[1:]:
        check_maps(model, layer, shape, SMALLEST)


def grad_cam_plus_plus(
    model: keras.Model, images, classes=None, layer=None, *, image=None
) -> np.ndarray:
    """GradCAM++, which finds several objects of a class; arguments and maps as `grad_cam`.

    Of a score e^y, with g = dy/dA, the paper's

        alpha = second / (2 second + sum(A) third) = g^2 / (2 g^2 + sum(A) g^3)

    weighs the positive slopes; a map's alphas are scaled to a sum of 1. The factor e^y of all
    slopes falls out when the heat is scaled.
    """
    inputs = Inputs.of(images, image)
    maps, slopes = _maps_and_slopes(model, inputs, classes, layer)
    maps, slopes = maps.astype("float64"), slopes.astype("float64")
    sums = maps.sum(axis=(1, 2), keepdims=True)
    alphas = _ratio(slopes**2, 2 * slopes**2 + sums * slopes**3)
    alphas = _ratio(alphas, alphas.sum(axis=(1, 2), keepdims=True))
    weights = (alphas * np.maximum(slopes, 0)).sum(axis=(1, 2))  # (n, channels)
    return _heat(maps, weights, inputs)


def score_cam(
    model: keras.Model, images, classes=None, layer=None, *, image=None, max_maps=None,
    batch_size=32,
) -> np.ndarray:  # fmt: skip
    """Score-CAM, which needs no gradient; arguments and maps as `grad_cam`.

    Each map, enlarged to the image and scaled to [0, 1], masks the image as the model takes it.

    Args:
        max_maps: Faster Score-CAM: only so many maps, those that vary most; None: all of them.
        batch_size: masked images in one pass of the model.

    Raises:
        ValueError: also if `max_maps` is not within the number of the layer's maps, and for a
            `batch_size` below 1.
    """
    inputs = Inputs.of(images, image)
    layer = find_layer(model, layer, SMALLEST)
    maps = maps_of(model, inputs, layer, SMALLEST)
    count, height, width, channels = maps.shape
    if max_maps is not None and not 1 <= max_maps <= channels:
        raise ValueError(f"max_maps={max_maps}: {layer.name} has {channels} maps")
    picked = ops.convert_to_numpy(one_hot(classes, logits_of(model, inputs.tensors)))
    pixels = ops.convert_to_numpy(inputs.image)
    weights = np.zeros((count, channels), "float32")
    for row in range(count):
        order = np.argsort(-maps[row].std(axis=(0, 1)), kind="stable")[:max_maps]
        factors = pixels.shape[1] / height, pixels.shape[2] / width, 1
        masks = zoom(maps[row][..., order], factors, order=1, mode="nearest")  # corner on corner
        masks -= masks.min(axis=(0, 1))
        masks = _ratio(masks, masks.max(axis=(0, 1)))
        for batch in in_batches(len(order), batch_size):
            chosen = order[batch]
            masked = pixels[row] * np.moveaxis(masks, -1, 0)[batch, ..., None]
            same = inputs.repeated(row, len(chosen))  # the other inputs stay as they are
            logits = logits_of(model, same.with_image(ops.convert_to_tensor(masked)))
            probabilities = ops.softmax(ops.cast(logits, "float32"))
            weights[row, chosen] = ops.convert_to_numpy(probabilities) @ picked[row]
    return _heat(maps, weights, inputs)


def eigen_cam(model: keras.Model, images, layer=None, *, image=None) -> np.ndarray:
    """Eigen-CAM: what the layer shows most of, whatever the class; maps as `grad_cam`.

    The places of an image are rows, the channels columns of a matrix A = U S V^T; the heat is
    A v_1, of the sign that makes its sum positive.
    """
    inputs = Inputs.of(images, image)
    layer = find_layer(model, layer, SMALLEST)
    maps = maps_of(model, inputs, layer, SMALLEST)
    matrices = maps.reshape(len(maps), -1, maps.shape[-1]).astype("float64")
    first = np.linalg.svd(matrices, full_matrices=False)[2][:, 0]  # v_1, (n, channels)
    signs = np.sign(np.einsum("npc,nc->n", matrices, first))
    return _heat(maps, first * signs[:, None], inputs)


def _maps_and_slopes(model, inputs, classes, layer):
    """A layer's maps and the gradient of the classes' logits there, (n, h, w, channels) each."""
    layer = find_layer(model, layer, SMALLEST)
    shape = maps_shape(model, inputs, layer, SMALLEST)

    def class_score(shift):
        with tap(model, layer, shift) as tapped:
            logits = logits_of(model, inputs.tensors)
        picked = one_hot(classes, logits)
        return ops.sum(ops.cast(logits, "float32") * picked), tapped[0]

    slopes, maps = backend.gradient(class_score, np.zeros(shape, "float32"))
    return [ops.convert_to_numpy(ops.cast(t, "float32")) for t in (maps, slopes)]


def _heat(maps, weights, inputs) -> np.ndarray:
    """ReLU(sum_k w_k A_k), its maximum 1 (or all of it 0), at the size of the image."""
    cams = np.maximum(np.einsum("nhwc,nc->nhw", maps, weights), 0).astype("float32")
    height, width = inputs.image.shape[1:3]
    return np.stack([cv2.resize(cam, (width, height)) for cam in scaled(cams)])


def _ratio(a, b):
    """a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
