"""What a model's predictions are made of, for any keras.Model."""

from zoo.explain.activation_maximization import activation_maximization
from zoo.explain.adversarial import fgsm, iterated_fgsm, pgd, success_rate
from zoo.explain.cam import eigen_cam, grad_cam, grad_cam_plus_plus
from zoo.explain.feature_maps import feature_maps, kernels
from zoo.explain.loss_surface import LossSurface, loss_surface
from zoo.explain.misclassified import Mistakes, misclassified
from zoo.explain.rollout import attention_rollout
from zoo.explain.saliency import saliency, smooth_grad
from zoo.explain.score_cam import score_cam

__all__ = [
    "LossSurface",
    "Mistakes",
    "activation_maximization",
    "attention_rollout",
    "eigen_cam",
    "feature_maps",
    "fgsm",
    "grad_cam",
    "grad_cam_plus_plus",
    "iterated_fgsm",
    "kernels",
    "loss_surface",
    "misclassified",
    "pgd",
    "saliency",
    "score_cam",
    "smooth_grad",
    "success_rate",
]
