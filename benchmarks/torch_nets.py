"""The measured networks once more in plain PyTorch, as its users write them.

    python benchmarks/torch_nets.py dilated_net 128 12      # 12 steps for each line typed

A process of its own trains them: beside tensorflow's threads PyTorch runs at half its speed, and a
comparison within one process would flatter whatever it is compared with.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def conv_bn_relu(inputs, outputs, pool=False, **conv):
    layers = [nn.Conv2d(inputs, outputs, 3, bias=False, **conv)]
    layers += [nn.MaxPool2d(2)] if pool else []
    return nn.Sequential(*layers, nn.BatchNorm2d(outputs), nn.ReLU())


class UltimusBlock(nn.Module):
    def __init__(self, width=48, inner=8):
        super().__init__()
        self.query, self.key, self.value = [nn.Linear(width, inner) for _ in range(3)]
        self.out = nn.Linear(inner, width)

    def forward(self, x):
        q, k, v = self.query(x), self.key(x), self.value(x)
        attention = F.softmax(q.unsqueeze(2) @ k.unsqueeze(1), dim=-1) / 8**0.5
        return self.out((v.unsqueeze(1) @ attention).squeeze(1))


class Ultimus(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.Sequential(
            conv_bn_relu(3, 16, stride=2, padding=1),
            conv_bn_relu(16, 32, stride=2, padding=1),
            conv_bn_relu(32, 48, dilation=3, padding=3),
        )
        self.blocks = nn.Sequential(*[UltimusBlock() for _ in range(4)])
        self.logits = nn.Linear(48, 10)

    def forward(self, x):
        return self.logits(self.blocks(self.convs(x).mean(dim=(2, 3))))


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class Scale(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


class CustomResNet(nn.Sequential):
    def __init__(self):
        super().__init__(
            conv_bn_relu(3, 64, padding=1),
            conv_bn_relu(64, 128, pool=True, padding=1),
            Residual(*[conv_bn_relu(128, 128, padding=1) for _ in range(2)]),
            conv_bn_relu(128, 256, pool=True, padding=1),
            conv_bn_relu(256, 512, pool=True, padding=1),
            Residual(*[conv_bn_relu(512, 512, padding=1) for _ in range(2)]),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            Scale(1 / 8),
            nn.Linear(512, 10),
        )


def depthwise_separable(inputs, outputs, **conv):
    pointwise = nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    conv = {"padding": 1, "groups": inputs} | conv
    return nn.Sequential(*conv_bn_relu(inputs, inputs, **conv), *pointwise)


class DilatedNet(nn.Sequential):
    def __init__(self):
        super().__init__(
            conv_bn_relu(3, 32, padding=1),
            Residual(conv_bn_relu(32, 32, padding=1)),
            conv_bn_relu(32, 48, padding=1, stride=2),
            conv_bn_relu(48, 64, padding=1),
            Residual(conv_bn_relu(64, 64, padding=2, dilation=2)),
            depthwise_separable(64, 96, stride=2),
            Residual(depthwise_separable(96, 96)),
            Residual(depthwise_separable(96, 96)),
            depthwise_separable(96, 128, stride=2),
            Residual(depthwise_separable(128, 128)),
            Residual(depthwise_separable(128, 128)),
            depthwise_separable(128, 192),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(192, 10),
        )


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = conv_bn_relu(inputs, outputs, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.short = nn.Sequential()
        if stride > 1 or inputs != outputs:
            convolution = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
            self.short = nn.Sequential(convolution, nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(self.conv1(x))) + self.short(x))


class ResNet18(nn.Sequential):
    def __init__(self):
        widths = (64, 128, 256, 512)
        blocks = [conv_bn_relu(3, 64, padding=1)]
        for inputs, outputs in zip((64, *widths), widths, strict=False):
            blocks.append(BasicBlock(inputs, outputs, 1 if outputs == 64 else 2))
            blocks.append(BasicBlock(outputs, outputs, 1))
        super().__init__(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


NETS = {
    "ultimus": Ultimus,
    "dilated_net": DilatedNet,
    "resnet18": ResNet18,
    "custom_resnet": CustomResNet,
}


def seconds(model, optimizer, batches) -> float:
    """What a plain training loop over the batches takes."""
    began = time.perf_counter()
    model.train()
    for x, y in batches:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return time.perf_counter() - began


def serve(name: str, batch: int, steps: int) -> None:
    """Print the number of parameters, then for each line that is read a round's seconds."""
    model = NETS[name]()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    images = torch.randn(steps, batch, 3, 32, 32)
    batches = list(zip(images, torch.randint(10, (steps, batch)), strict=True))
    print(sum(p.numel() for p in model.parameters()), flush=True)
    for _ in sys.stdin:
        print(seconds(model, optimizer, batches), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], *map(int, sys.argv[2:]))
