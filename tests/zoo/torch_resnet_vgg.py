"""ResNet and VGG in plain PyTorch, with the modules' names and logits of torchvision and timm."""

from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    """A block of ResNet: two 3x3 convolutions, or 1x1, 3x3 and a 1x1 four times as wide."""

    def __init__(self, channels, width, stride, bottleneck, groups, group_width):
        super().__init__()
        inner = width * group_width // 64 * groups
        outputs = 4 * width if bottleneck else width
        if bottleneck:
            self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
            self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=groups, bias=False)
            self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(outputs)
        else:
            self.conv1 = nn.Conv2d(channels, inner, 3, stride, 1, bias=False)
            self.conv2 = nn.Conv2d(inner, outputs, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(self.conv1.out_channels)
        self.bn2 = nn.BatchNorm2d(self.conv2.out_channels)
        self.downsample = None
        if stride > 1 or channels != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        if hasattr(self, "conv3"):
            y = self.bn3(self.conv3(y.relu()))
        shortcut = x if self.downsample is None else self.downsample(x)
        return (y + shortcut).relu()


class ResNet(nn.Module):
    def __init__(self, depths, bottleneck=False, groups=1, group_width=64, classes=5, cifar=False):
        super().__init__()
        self.cifar = cifar
        self.conv1 = nn.Conv2d(3, 64, 3 if cifar else 7, 1 if cifar else 2, 1 if cifar else 3,
                               bias=False)  # fmt: skip
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for stage, depth in enumerate(depths, 1):
            blocks = []
            for i in range(depth):
                width, stride = 32 * 2**stage, 2 if stage > 1 and i == 0 else 1
                blocks.append(Residual(channels, width, stride, bottleneck, groups, group_width))
                channels = 4 * width if bottleneck else width
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        x = x if self.cifar else F.max_pool2d(x, 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class VGG(nn.Module):
    """VGG-16 for maps of (height, width) at its end; timm's dense layers are convolutions."""

    def __init__(self, map_size, classes=5, timm=False):
        super().__init__()
        features, channels = [], 3
        for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(depth):
                features += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            features.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*features)
        if timm:
            self.pre_logits, self.head = nn.Module(), nn.Module()
            self.pre_logits.fc1 = nn.Conv2d(512, 4096, map_size)
            self.pre_logits.fc2 = nn.Conv2d(4096, 4096, 1)
            self.head.fc = nn.Linear(4096, classes)
        else:
            inputs = 512 * map_size[0] * map_size[1]
            self.classifier = nn.Sequential(
                nn.Linear(inputs, 4096), nn.ReLU(), nn.Dropout(),
                nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, classes),
            )  # fmt: skip

    def forward(self, x):
        x = self.features(x)
        if hasattr(self, "classifier"):
            return self.classifier(x.flatten(1))
        x = self.pre_logits.fc2(self.pre_logits.fc1(x).relu()).relu()
        return self.head.fc(x.mean((2, 3)))
