"""The options that give pytorch-grad-cam's maps, against its formulas in numpy and PyTorch."""

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from zoo.explain import eigen_cam, grad_cam_plus_plus, score_cam

CLASSES = [0, 2, 3]


def heat_of(cams):
    cams = np.maximum(np.asarray(cams, "float32"), 0)
    return np.stack([cv2.resize(cam / cam.max(), (32, 32)) for cam in cams])


def maps_and_gradients(twin, images):
    """Of the layer `last`, both (n, channels, h, w)."""
    maps, logits = twin(torch.tensor(images, requires_grad=True))
    (gradients,) = torch.autograd.grad(logits[range(3), CLASSES].sum(), maps["last"])
    return [t.detach().permute(0, 3, 1, 2).numpy() for t in (maps["last"], gradients)]


def test_grad_cam_plus_plus_with_alphas_as_they_are(net, twin, images):
    maps, gradients = maps_and_gradients(twin, images)
    square, cube = gradients**2, gradients**3
    alphas = square / (2 * square + maps.sum(axis=(2, 3), keepdims=True) * cube + 1e-6)
    weights = (np.maximum(gradients, 0) * np.where(gradients != 0, alphas, 0)).sum(axis=(2, 3))
    expected = heat_of((weights[..., None, None] * maps).sum(axis=1))
    heat = grad_cam_plus_plus(net, images, CLASSES, "last", scale_alphas=False)
    np.testing.assert_allclose(heat, expected, atol=1e-3)
    assert not np.allclose(heat, grad_cam_plus_plus(net, images, CLASSES, "last"), atol=1e-2)


def test_eigen_cam_of_centred_maps(net, twin, images):
    maps, _ = maps_and_gradients(twin, images)
    heat = eigen_cam(net, images, "last", center=True)
    for row, activations in enumerate(maps):
        cells = activations.reshape(len(activations), -1).T  # one row per cell
        means = cells.mean(axis=0)
        v = np.linalg.svd(cells - means, full_matrices=True)[2][0]
        projection = ((cells - means) @ (v * np.sign(means @ v))).reshape(10, 10)  # of either sign
        np.testing.assert_allclose(heat[row], heat_of([projection])[0], atol=1e-4)
    assert not np.allclose(heat, eigen_cam(net, images, "last"), atol=1e-2)


@pytest.mark.parametrize("count", [None, 3])
def test_score_cam_with_a_softmax_over_the_maps(count, net, twin, images):
    """But for the masks, which are enlarged here by the centres of their cells."""
    image = torch.tensor(images[:1])
    with torch.no_grad():
        maps = twin(image)[0]["last"].permute(3, 0, 1, 2)  # (5, 1, 10, 10)
        maps = maps[maps.std((1, 2, 3), correction=0).argsort(descending=True)][:count]
        masks = F.interpolate(maps, (32, 32), mode="bilinear", align_corners=False)
        masks = masks - masks.amin((2, 3), keepdim=True)
        masks = masks / (masks.amax((2, 3), keepdim=True) + 1e-8)
        weights = twin(image * masks.permute(0, 2, 3, 1))[1][:, 2].softmax(0)
        expected = heat_of(torch.einsum("c,cbhw->bhw", weights, maps))
    heat = score_cam(net, images[:1], 2, "last", softmax_over_maps=True, max_maps=count)
    np.testing.assert_allclose(heat, expected, atol=1e-4)
    plain = score_cam(net, images[:1], 2, "last", max_maps=count)
    assert not np.allclose(heat, plain, atol=1e-3)


@pytest.mark.parametrize(
    ("method", "option"),
    [
        (grad_cam_plus_plus, "scale_alphas"),
        (eigen_cam, "center"),
        (score_cam, "softmax_over_maps"),
    ],
)
def test_options_are_true_or_false(method, option, net, images):
    with pytest.raises(ValueError, match=f"{option}='theirs' must be True or False"):
        method(net, images, **{option: "theirs"})
