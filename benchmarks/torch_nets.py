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


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, t, d = x.shape
        qkv = self.qkv(x).view(b, t, 3, self.heads, d // self.heads)
        x = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4))
        return self.out(x.transpose(1, 2).reshape(b, t, d))


def encoder_block(width, heads, hidden):
    mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
    norms = [nn.LayerNorm(width, eps=1e-6) for _ in range(2)]
    return nn.Sequential(Residual(norms[0], Attention(width, heads)), Residual(norms[1], mlp))


class ViT(nn.Module):
    """64 tokens of a CIFAR image: a class token to the logits, or the tokens' weighted mean."""

    def __init__(self, stem, width, depth, heads, hidden, class_token=True):
        super().__init__()
        self.stem = stem
        self.cls = nn.Parameter(torch.zeros(1, 1, width)) if class_token else None
        self.positions = nn.Parameter(torch.zeros(1, 64 + class_token, width))
        self.blocks = nn.Sequential(*[encoder_block(width, heads, hidden) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.score = None if class_token else nn.Linear(width, 1)
        self.logits = nn.Linear(width, 10)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        if self.cls is not None:
            x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1)
        x = self.norm(self.blocks(x + self.positions))
        if self.cls is not None:
            return self.logits(x[:, 0])
        weights = self.score(x).softmax(dim=1)
        return self.logits((weights.transpose(1, 2) @ x).squeeze(1))


def conv_stem():
    def stage(inputs, outputs):
        conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        return [conv, nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]

    return nn.Sequential(*stage(3, 64), *stage(64, 128))


class ConvMixer(nn.Sequential):
    def __init__(self, width=256, depth=8):
        def gelu_norm(conv):
            return nn.Sequential(conv, nn.GELU(), nn.BatchNorm2d(width))

        blocks = [gelu_norm(nn.Conv2d(3, width, 2, stride=2))]
        for _ in range(depth):
            depthwise = nn.Conv2d(width, width, 5, groups=width, padding=2)
            blocks += [Residual(gelu_norm(depthwise)), gelu_norm(nn.Conv2d(width, width, 1))]
        super().__init__(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


class CausalAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x):
        b, t, d = x.shape
        qkv = self.qkv(x).view(b, t, 3, self.heads, d // self.heads)
        x = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4), is_causal=True)
        return self.out(x.transpose(1, 2).reshape(b, t, d))


def decoder_block(width, heads):
    def norm():
        return nn.LayerNorm(width, bias=False)

    wide, narrow = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)
    mlp = nn.Sequential(wide, nn.GELU(), narrow)
    attention = CausalAttention(width, heads)
    return nn.Sequential(Residual(norm(), attention), Residual(norm(), mlp))


class GPT(nn.Module):
    """nanoGPT's net in its setting for a CPU, the embedding tied to the head, started as there."""

    def __init__(self, vocabulary=65, length=64, width=128, depth=4, heads=4):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(length, width)
        self.blocks = nn.Sequential(*[decoder_block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
        for attention, mlp in self.blocks:
            for last in (attention[1].out, mlp[1][2]):
                nn.init.normal_(last.weight, std=0.02 / (2 * depth) ** 0.5)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        return self.norm(self.blocks(x)) @ self.tokens.weight.T


NETS = {
    "gpt_chars": GPT,
    "vit_cifar": lambda: ViT(nn.Conv2d(3, 192, 4, stride=4), 192, 6, 3, 384),
    "vit_cifar_compact": lambda: ViT(conv_stem(), 128, 3, 2, 128, class_token=False),
    "convmixer_256_8": ConvMixer,
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
        F.cross_entropy(model(x).flatten(0, -2), y.flatten()).backward()
        optimizer.step()
    return time.perf_counter() - began


def serve(name: str, batch: int, steps: int) -> None:
    """Print the number of parameters, then for each line that is read a round's seconds."""
    model = NETS[name]().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    if name == "gpt_chars":
        batches = [torch.randint(65, (2, batch, 64)).unbind() for _ in range(steps)]
    else:
        images = torch.randn(steps, batch, 3, 32, 32)
        images = [x.to(memory_format=torch.channels_last) for x in images]
        batches = list(zip(images, torch.randint(10, (steps, batch)), strict=True))
    print(sum(p.numel() for p in model.parameters()), flush=True)
    for _ in sys.stdin:
        print(seconds(model, optimizer, batches), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], *map(int, sys.argv[2:]))
