"""nanoGPT's setting for a CPU as a plain PyTorch loop: 2,000 steps on Shakespeare's characters.

    python benchmarks/torch_gpt.py shakespeare.txt 2000

Prints the processor's seconds that the steps took, and the loss over all windows of the last tenth.
"""

import math
import sys
import time
from pathlib import Path

import torch
from torch.nn import functional as F
from torch_nets import GPT

BATCH, LENGTH, WARM_UP = 12, 64, 100
RATE, LAST_RATE = 1e-3, 1e-4


def rate(step, steps):
    if step < WARM_UP:
        return RATE * (step + 1) / (WARM_UP + 1)
    part = (step - WARM_UP) / (steps - WARM_UP)
    return LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * part)) / 2


def train(model, tokens, steps) -> float:
    """The processor's seconds of the loop."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    norms = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": norms, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99))
    began = time.process_time()
    for step in range(steps):
        starts = torch.randint(len(tokens) - LENGTH, (BATCH,))
        x = torch.stack([tokens[i : i + LENGTH] for i in starts])
        y = torch.stack([tokens[i + 1 : i + 1 + LENGTH] for i in starts])
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x).flatten(0, -2), y.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return time.process_time() - began


@torch.no_grad()
def loss_over_all_windows(model, tokens) -> float:
    windows = (len(tokens) - 1) // LENGTH
    x = tokens[: windows * LENGTH].view(windows, LENGTH).split(128)
    y = tokens[1 : windows * LENGTH + 1].view(windows, LENGTH).split(128)
    summed = [
        F.cross_entropy(model(a).flatten(0, -2), b.flatten(), reduction="sum")
        for a, b in zip(x, y, strict=True)
    ]
    return float(sum(summed)) / (windows * LENGTH)


if __name__ == "__main__":
    text, steps = Path(sys.argv[1]).read_text(), int(sys.argv[2])
    number = {character: i for i, character in enumerate(sorted(set(text)))}
    tokens = torch.tensor([number[character] for character in text])
    cut = int(0.9 * len(tokens))
    torch.manual_seed(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    model = GPT(len(number))
    seconds = train(model, tokens[:cut], steps)
    print(seconds, loss_over_all_windows(model, tokens[cut:]), flush=True)
