#!/usr/bin/env bash
#
# torchinfo 1.8.0 and thop 0.1.1.post2209072238 with torch 2.13.0 (a CPU build does). Both
# print multiply-adds of a net.
#
# Expected: a Linear(64, 32) over 10 tokens costs 10 x 64 x 32 = 20,480; multi-head attention
# (64 wide, 16 tokens) costs four projections, 262,144, and two products of 16,384, 294,912 in
# all; a transposed convolution that doubles 8 x 8 from 4 to 8 channels by a 2 x 2 kernel
# costs 4 x 64 x 8 x 4 = 8,192. PyTorch's own FlopCounterMode (two operations per
# multiply-add) agrees with each.
#
# Instead: torchinfo counts the Linear once, whatever the number of tokens (2,048); both count
# 0 for nn.MultiheadAttention, without a warning; and both count the transposed convolution
# four times too high, as every output pixel is taken to meet the whole kernel.
# FlopCounterMode in its turn counts 0 for the attention once the net is in eval mode under
# torch.no_grad(), as one measures a net for inference, because the fused operator used there
# has no formula. A vision transformer so looks cheaper than a small convolutional net, and a
# U-Net's decoder dearer than it is.
#
# Output:
#
#     linear on 10 tokens: torch 20480, torchinfo 2048, thop 20480
#     attention: torch 294912, torchinfo 0, thop 0
#     transposed convolution: torch 8192, torchinfo 32768, thop 32768
#     attention in eval mode without gradients: torch 0
#
# Seen on 2026-11-27 with Python 3.11.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps torchinfo==1.8.0 thop==0.1.1.post2209072238
cd "$folder"

venv/bin/python - <<'PYTHON'
import thop
import torch
import torchinfo
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(64, 4, batch_first=True)

    def forward(self, tokens):
        return self.attention(tokens, tokens, tokens)[0]


cases = {
    "linear on 10 tokens": (
        nn.Linear(64, 32, bias=False),
        torch.zeros(1, 10, 64),
        (20480, 2048, 20480),
    ),
    "attention": (Attention(), torch.zeros(1, 16, 64), (294912, 0, 0)),
    "transposed convolution": (
        nn.ConvTranspose2d(4, 8, 2, stride=2, bias=False),
        torch.zeros(1, 4, 8, 8),
        (8192, 32768, 32768),
    ),
}


def multiply_adds(net, inputs):
    with FlopCounterMode(display=False) as counter:
        net(inputs)
    return counter.get_total_flops() // 2


for name, (net, inputs, expected) in cases.items():
    net.eval()
    by_torch = multiply_adds(net, inputs)
    by_torchinfo = torchinfo.summary(net, input_data=inputs, verbose=0).total_mult_adds
    by_thop = int(thop.profile(net, inputs=(inputs,), verbose=False)[0])
    print(f"{name}: torch {by_torch}, torchinfo {by_torchinfo}, thop {by_thop}")
    assert (by_torch, by_torchinfo, by_thop) == expected

with torch.no_grad():
    fused = multiply_adds(Attention().eval(), torch.zeros(1, 16, 64))
print(f"attention in eval mode without gradients: torch {fused}")
assert fused == 0
PYTHON
