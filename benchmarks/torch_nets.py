"""The measured networks once more in plain PyTorch, as its users write them."""

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


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(*[conv_bn_relu(width, width, padding=1) for _ in range(2)])

    def forward(self, x):
        return x + self.body(x)


class CustomResNet(nn.Sequential):
    def __init__(self):
        super().__init__(
            conv_bn_relu(3, 64, padding=1),
            conv_bn_relu(64, 128, pool=True, padding=1),
            Residual(128),
            conv_bn_relu(128, 256, pool=True, padding=1),
            conv_bn_relu(256, 512, pool=True, padding=1),
            Residual(512),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(512, 10),
        )


NETS = {"ultimus": Ultimus, "custom_resnet": CustomResNet}


def train(model, optimizer, batches):
    """The loop of every PyTorch tutorial."""
    model.train()
    for x, y in batches:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()


def tensors(batches):
    """numpy NHWC batches as torch takes them."""
    return [
        (torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(y))
        for x, y in batches
    ]
