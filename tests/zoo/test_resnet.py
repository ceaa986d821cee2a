"""ResNets against PyTorch modules put together from the papers, weight for weight."""

import re

import keras
import numpy as np
import pytest
import torch
from torch.nn import functional as F

import zoo
from zoo.models.resnet import BASIC, BOTTLENECK, resnet

pytestmark = pytest.mark.once


class Reference:
    """A forward pass in PyTorch's functions; weights by the names of the Keras layers."""

    def __init__(self, model):
        self.weights = {
            layer.name: [torch.tensor(np.array(w)) for w in layer.weights] for layer in model.layers
        }

    def conv(self, x, name, stride=1, groups=1):
        kernel = self.weights[name][0].permute(3, 2, 0, 1)
        return F.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2, groups=groups)

    def norm(self, x, name):
        gamma, beta, mean, variance = self.weights[f"{name}_bn"]
        return F.batch_norm(x, mean, variance, gamma, beta, eps=1e-5)

    def shortcut(self, x, name, stride, channels):
        if f"{name}_short" not in self.weights:
            return x
        if self.weights[f"{name}_short"]:
            return self.norm(self.conv(x, f"{name}_short", stride), f"{name}_short")
        return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, channels - x.shape[1]))

    def v1(self, x, name, strides, groups):
        y = x
        for i, (stride, group) in enumerate(zip(strides, groups, strict=True), 1):
            y = self.norm(self.conv(y, f"{name}_conv{i}", stride, group), f"{name}_conv{i}")
            y = y.relu() if i < len(strides) else y
        return (y + self.shortcut(x, name, max(strides), y.shape[1])).relu()

    def v2(self, x, name, strides, groups):
        y = self.norm(x, f"{name}_pre").relu() if f"{name}_pre_bn" in self.weights else x
        channels = self.weights[f"{name}_conv{len(strides)}"][0].shape[-1]
        if self.weights.get(f"{name}_short"):
            x = self.conv(y, f"{name}_short", max(strides))
        else:
            x = self.shortcut(x, name, max(strides), channels)
        for i, (stride, group) in enumerate(zip(strides, groups, strict=True), 1):
            y = self.norm(y, f"{name}_conv{i}").relu() if i > 1 else y
            y = self.conv(y, f"{name}_conv{i}", stride, group)
        return x + y

    def __call__(self, images, depths, blocks, stem, groups, version):
        x = self.conv(torch.tensor(images).permute(0, 3, 1, 2), "stem", 2 if stem else 1)
        x = self.norm(x, "stem").relu()
        x = F.max_pool2d(x, 3, 2, 1) if stem else x
        for stage, depth in enumerate(depths, 1):
            for i in range(1, depth + 1):
                stride = 2 if stage > 1 and i == 1 else 1
                name = f"stage{stage}_block{i}"
                strides = [stride, 1] if blocks is BASIC else [1, stride, 1]
                shared = [1, 1] if blocks is BASIC else [1, groups, 1]
                x = (self.v1 if version == 1 else self.v2)(x, name, strides, shared)
        x = self.norm(x, "last").relu() if version == 2 else x
        kernel, bias = self.weights["logits"]
        return (x.mean((2, 3)) @ kernel + bias).numpy()


@pytest.mark.parametrize(
    ("blocks", "stem", "options"),
    [
        (BASIC, "cifar", {}),
        (BASIC, "cifar", {"shortcuts": "padding"}),
        (BASIC, "imagenet", {}),
        (BASIC, "cifar", {"version": 2}),
        (BASIC, "cifar", {"version": 2, "shortcuts": "padding"}),
        (BOTTLENECK, "imagenet", {}),
        (BOTTLENECK, "imagenet", {"groups": 8, "width": 16}),
        (BOTTLENECK, "imagenet", {"version": 2}),
    ],
)
def test_logits_are_those_of_pytorch(blocks, stem, options):
    depths = (1, 2)
    model = resnet(
        "small",
        blocks,
        depths,
        input_shape=(33, 40, 3),
        num_classes=5,
        stem=stem,
        filters=16,
        **options,
    )
    rng = np.random.default_rng(0)
    for variable in model.variables:  # norms that do something
        if len(variable.shape) == 1:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    images = rng.normal(size=(2, 33, 40, 3)).astype("float32")
    reference = Reference(model)
    with torch.no_grad():
        expected = reference(
            images,
            depths,
            blocks,
            stem == "imagenet",
            options.get("groups", 1),
            options.get("version", 1),
        )
    got = keras.ops.convert_to_numpy(model(images))
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("version", [3, "1", [1]])
def test_another_version_is_refused(version):
    with pytest.raises(ValueError, match=f"version={re.escape(repr(version))} must be 1, or 2 for"):
        zoo.get("resnet18", version=version)
