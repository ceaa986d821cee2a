"""Class activation maps: which regions of the image raise the logit of a class.

All four weigh the maps A_k of a layer and add them up, ReLU(sum_k w_k A_k); what differs is w_k.

    GradCAM     the mean of dy/dA_k over the map, y the class's logit
                Selvaraju et al. (arXiv:1610.02391), as the course's session 5 has it
    GradCAM++   the positive gradients, those that few cells share counting more
                Chattopadhay et al. (arXiv:1710.11063)
    Score-CAM   the class's probability when only what A_k shows is left of the image
                Wang et al. (arXiv:1910.01279): zoo.explain.score_cam
    Eigen-CAM   the first principal component of the maps, whatever the class
                Muhammad and Yeasin (arXiv:2008.00299)

pytorch-grad-cam computes the last three in other ways; an option of each gives its maps. It also
subtracts the lowest value from its heat maps, which these leave as they are.

A net of tokens, such as a vision transformer, has no maps but rows of tokens, (n, tokens, d). Its
card, or the call, names a layer, how the tokens lie in the image and how many come before them:

    grad_cam(vit, images, layer="block11_norm1", grid=(14, 10), prefix_tokens=1)

Where a class token gives the logits, the layer is the one before the last block's attention: after
it no other token reaches them, and all gradients are zero.
"""

import keras
import numpy as np
from keras import ops

from zoo import backend, checks
from zoo.explain.heat import heat_maps, ratio
from zoo.explain.inputs import Inputs
from zoo.explain.layer_search import find_layer, static_shape
from zoo.explain.maps import MapLayer, is_zero, layout, warn_of_empty
from zoo.explain.outputs import Head, one_hot, require_finite_outputs
from zoo.inspect.hooks import tap

NO_MAPS = "the layer gives only zeros, so their heat maps are empty"
SMALLEST = 5  # maps of fewer cells a side show little of where


def grad_cam(
    model: keras.Model,
    images,
    classes=None,
    layer=None,
    *,
    grid=None,
    prefix_tokens=None,
    smallest=SMALLEST,
    image=None,
    outputs=None,
) -> np.ndarray:
    """Heat maps (n, H, W) in [0, 1], float32, the same on every backend.

    The gradient of a class's logit with respect to a layer's maps, averaged over each map, weighs
    the maps; the positive part of their sum is scaled to a maximum of 1 (or stays 0) and resized
    to the image. The logit is that before a softmax or sigmoid.

    Args:
        model: any classifier that gives one (n, classes) output: nested and subclassed models and
            several inputs included. A net of one output has the classes 0 and 1.
        images: as the model takes them, (n, H, W, channels); a list or dict for several inputs.
        classes: a class index for each image, or one for all; None: the predicted ones.
        layer: a layer or its name; None: the one on the card of the model, or of one nested in
            it, else the last with maps of `smallest` cells a side.
        grid: (rows, columns) of a layer's tokens, (height / patch, width / patch); None: by the
            model's card.
        prefix_tokens: tokens before those of the grid, such as a class token; None: by the card.
        smallest: the fewest cells a side that maps may have; 1 takes all.
        image: of several image inputs the key or index of the one explained; None: the first.
        outputs: what the model gives, if its last layer does not tell: "logits" or
            "probabilities" of classes of which an image has one, "multi-label logits" or
            "multi-label probabilities" of classes of which it may have several.

    Raises:
        ValueError: if no layer, or more than one, has this name; if it gives no maps, maps smaller
            than `smallest`, or tokens that the grid does not fit; if the model has no such class,
            or gives no logits; if the images do not fit the model or are not finite.
    """
    inputs = Inputs.checked(model, images, image)
    where = {"grid": grid, "prefix_tokens": prefix_tokens, "smallest": smallest}
    map_layer = MapLayer.find(model, inputs, layer, **where)
    maps, gradients = _maps_and_gradients(map_layer, inputs, classes, outputs)
    return heat_maps(maps, gradients.mean(axis=(1, 2)), inputs)


def check_layer(
    model: keras.Model, layer=None, *, grid=None, prefix_tokens=None, smallest=SMALLEST
) -> None:
    """Raise now the ValueError that these would cost later, as far as the model's graph tells."""
    checks.model(model)
    checks.whole_number("smallest", smallest, least=1)
    layer = find_layer(model, layer, smallest)
    shape = static_shape(layer)
    images = [x.shape for x in getattr(model, "inputs", None) or [] if len(x.shape) == 4]
    if shape and images and None not in (*shape[1:], *images[0][1:3]):
        layout(model, layer, shape, images[0][1:3], grid, prefix_tokens, smallest)


def grad_cam_plus_plus(
    model: keras.Model,
    images,
    classes=None,
    layer=None,
    *,
    grid=None,
    prefix_tokens=None,
    smallest=SMALLEST,
    image=None,
    outputs=None,
    scale_alphas=True,
) -> np.ndarray:
    """GradCAM++, which finds several objects of a class; arguments and maps as `grad_cam`.

    Of a score e^y, with g = dy/dA, the paper's

        alpha = second / (2 second + sum(A) third) = g^2 / (2 g^2 + sum(A) g^3)

    weighs the positive gradients; a map's alphas are scaled to a sum of 1, as in the authors' code
    and in tf-keras-vis. The factor e^y of all gradients falls out when the heat is scaled.

    Args:
        scale_alphas: False leaves the alphas as they are and adds 1e-6 to what they are divided
            by, as pytorch-grad-cam does.
    """
    checks.flag("scale_alphas", scale_alphas)
    inputs = Inputs.checked(model, images, image)
    where = {"grid": grid, "prefix_tokens": prefix_tokens, "smallest": smallest}
    map_layer = MapLayer.find(model, inputs, layer, **where)
    maps, gradients = _maps_and_gradients(map_layer, inputs, classes, outputs)
    maps, gradients = maps.astype("float64"), gradients.astype("float64")
    sums = maps.sum(axis=(1, 2), keepdims=True)
    divisors = 2 * gradients**2 + sums * gradients**3
    alphas = ratio(gradients**2, divisors if scale_alphas else divisors + 1e-6)
    if scale_alphas:
        alphas = ratio(alphas, alphas.sum(axis=(1, 2), keepdims=True))
    weights = (alphas * np.maximum(gradients, 0)).sum(axis=(1, 2))  # (n, channels)
    return heat_maps(maps, weights, inputs)


def eigen_cam(
    model: keras.Model,
    images,
    layer=None,
    *,
    grid=None,
    prefix_tokens=None,
    smallest=SMALLEST,
    image=None,
    center=False,
) -> np.ndarray:
    """Eigen-CAM: what the layer shows most of, whatever the class; arguments as `grad_cam`.

    The cells of the maps are the rows, the channels the columns of a matrix A = U S V^T; the heat
    is A v_1, of the sign that makes its sum positive.

    Args:
        center: True subtracts each channel's mean first, as pytorch-grad-cam does; there the sign
            is the one that happens to come out, here that of the mean channels' sum along v_1.
    """
    checks.flag("center", center)
    inputs = Inputs.checked(model, images, image)
    where = {"grid": grid, "prefix_tokens": prefix_tokens, "smallest": smallest}
    maps = MapLayer.find(model, inputs, layer, **where).maps_of(inputs)
    warn_of_empty(is_zero(maps), NO_MAPS, stacklevel=3)
    matrices = maps.reshape(len(maps), -1, maps.shape[-1]).astype("float64")
    means = matrices.mean(axis=1, keepdims=True)  # (n, 1, channels)
    if center:
        maps, matrices = maps - means[:, None], matrices - means
    first = np.linalg.svd(matrices, full_matrices=False)[2][:, 0]  # v_1, (n, channels)
    signs = np.sign(np.einsum("npc,nc->n", means, first))
    return heat_maps(maps, first * signs[:, None], inputs)


def _maps_and_gradients(map_layer, inputs, classes, outputs):
    """A layer's maps and the gradient of the classes' logits there, (n, h, w, channels) each."""
    model, layer = map_layer.model, map_layer.layer
    head = Head.find(model, inputs.tensors, outputs)

    def class_score(shift):
        with tap(model, layer, shift) as tapped:
            logits = head.logits(inputs.tensors)
        return ops.sum(logits * one_hot(classes, logits)), (tapped[0], logits)

    shift = np.zeros(map_layer.shape, "float32")
    gradients, (given, logits) = backend.gradient(class_score, shift)
    require_finite_outputs(model, ops.convert_to_numpy(logits))
    maps = map_layer.require_finite(map_layer.maps(given))
    all_gradients = ops.convert_to_numpy(gradients)
    gradients = map_layer.require_finite(map_layer.maps(gradients))
    reason = f"the logit does not depend on what the layer {layer.name} gives"
    if all_gradients.any() and not gradients.any():
        reason = (
            f"of what the layer {layer.name} gives only the class token reaches the logit; name "
            f"the layer before the last attention"
        )
    warn_of_empty(is_zero(gradients) & ~is_zero(maps), f"{reason}; so their heat maps are empty")
    warn_of_empty(is_zero(maps), NO_MAPS)
    return maps, gradients
