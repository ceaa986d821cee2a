"""One file per architecture; importing this registers them all."""

from zoo.models import (
    convmixer,
    custom_resnet,
    dilated_net,
    gpt,
    inception,
    inception_v3,
    mnist_8k,
    mnist_20k,
    mnist_steps,
    mnist_sum,
    resnet,
    spatial_transformer,
    squeeze_expand,
    ultimus,
    vgg,
    vit,
)

__all__ = [
    "convmixer",
    "custom_resnet",
    "dilated_net",
    "gpt",
    "inception",
    "inception_v3",
    "mnist_8k",
    "mnist_20k",
    "mnist_steps",
    "mnist_sum",
    "resnet",
    "spatial_transformer",
    "squeeze_expand",
    "ultimus",
    "vgg",
    "vit",
]
