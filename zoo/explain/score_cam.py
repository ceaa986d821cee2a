"""Score-CAM: how probable a class is when only what one map shows is left of the image.

Source: Wang et al., Score-CAM (arXiv:1910.01279), as the authors' code computes it.
"""

import keras
import numpy as np
from keras import ops
from scipy.special import softmax

from zoo import checks
from zoo.explain.cam import NO_MAPS, SMALLEST
from zoo.explain.heat import enlarged, heat_maps, ratio
from zoo.explain.inputs import Inputs, in_batches
from zoo.explain.maps import MapLayer, is_zero, warn_of_empty
from zoo.explain.outputs import Head, one_hot, require_finite_outputs


def score_cam(
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
    max_maps=None,
    softmax_over_maps=False,
    batch_size=32,
) -> np.ndarray:
    """Score-CAM, which needs no gradient; arguments and maps as `grad_cam`.

    Each map, enlarged to the image and scaled to [0, 1], masks the image as the model takes it; its
    weight is the probability of the class then. A map that is the same everywhere has none.

    Args:
        max_maps: Faster Score-CAM: only so many maps, those that vary most; None: all of them.
        softmax_over_maps: True weighs by a softmax of the class's logits over the maps, as
            pytorch-grad-cam does. (It enlarges the masks corner on corner; here they always lie
            where the heat map does.)
        batch_size: masked images in one pass of the model.

    Raises:
        ValueError: also if `max_maps` is not within the number of the layer's maps, and for a
            `batch_size` below 1.
    """
    checks.flag("softmax_over_maps", softmax_over_maps)
    inputs = Inputs.checked(model, images, image)
    where = {"grid": grid, "prefix_tokens": prefix_tokens, "smallest": smallest}
    map_layer = MapLayer.find(model, inputs, layer, **where)
    channels = map_layer.shape[-1]
    if max_maps is not None:
        checks.whole_number("max_maps", max_maps, least=1, most=channels)
    in_batches(channels, batch_size)  # refuses what is no size
    head = Head.find(model, inputs.tensors, outputs)
    scores = head.scores(inputs.tensors)
    require_finite_outputs(model, ops.convert_to_numpy(scores))
    picked = ops.convert_to_numpy(one_hot(classes, scores))
    maps = map_layer.maps_of(inputs)
    warn_of_empty(is_zero(maps), NO_MAPS, stacklevel=3)
    pixels = ops.convert_to_numpy(ops.cast(inputs.image, "float32"))
    weights = np.zeros((len(maps), channels), "float32")
    for row in range(len(maps)):
        spread = np.ptp(maps[row], axis=(0, 1))
        order = np.argsort(-maps[row].std(axis=(0, 1)), kind="stable")[:max_maps]
        order = order[spread[order] > 0]
        for batch in in_batches(len(order), batch_size):
            chosen = order[batch]
            masks = np.stack([enlarged(maps[row, ..., k], inputs) for k in chosen])
            masks -= masks.min(axis=(1, 2), keepdims=True)
            masks = ratio(masks, masks.max(axis=(1, 2), keepdims=True))
            masked = pixels[row] * masks[..., None]
            if inputs.takes_integers:  # the model would cut off what comes after the point
                masked = np.rint(masked)
            same = inputs.repeated(row, len(chosen))  # the other inputs stay as they are
            scores = head.scores(same.with_image(ops.convert_to_tensor(masked)))
            found = scores if softmax_over_maps else head.probabilities(scores)
            weights[row, chosen] = ops.convert_to_numpy(found) @ picked[row]
        if softmax_over_maps and len(order):
            weights[row, order] = softmax(weights[row, order])
    return heat_maps(maps, weights, inputs)
