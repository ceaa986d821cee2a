"""The small BERT of s11_bert once more in plain PyTorch, with `scaled_dot_product_attention`.

python benchmarks/torch_bert.py bert_tiny 32 6      # 6 steps for each line typed
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

VOCABULARY, LENGTH, WIDTH, DEPTH, HEADS, PLACES, DROPOUT = 4000, 128, 128, 4, 4, 19, 0.1


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH), nn.Dropout(DROPOUT)
        )
        self.norm1, self.norm2 = [nn.LayerNorm(WIDTH, eps=1e-12) for _ in range(2)]
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x, allowed):
        b, t, d = x.shape
        qkv = self.qkv(x).view(b, t, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*qkv, attn_mask=allowed)
        y = self.out(y.transpose(1, 2).reshape(b, t, d))
        x = self.norm1(x + self.dropout(y))
        return self.norm2(x + self.mlp(x))


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.segments = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(2, WIDTH)
        self.positions = nn.Parameter(0.02 * torch.randn(LENGTH, WIDTH))
        self.norm, self.dropout = nn.LayerNorm(WIDTH, eps=1e-12), nn.Dropout(DROPOUT)
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.dense = nn.Sequential(
            nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.LayerNorm(WIDTH, eps=1e-12)
        )
        self.bias = nn.Parameter(torch.zeros(VOCABULARY))
        self.is_next = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 2))

    def forward(self, tokens, segments, mask, places):
        x = self.tokens(tokens) + self.segments(segments) + self.positions
        x = self.dropout(self.norm(x))
        for block in self.blocks:
            x = block(x, mask[:, None, None, :])
        y = x.gather(1, places[..., None].expand(-1, -1, WIDTH))
        return self.dense(y) @ self.tokens.weight.T + self.bias, self.is_next(x[:, 0])


def batches(batch: int, steps: int):
    """Random tokens, a fifth of each sequence padding."""
    for _ in range(steps):
        mask = torch.arange(LENGTH).expand(batch, -1) < torch.randint(90, LENGTH + 1, (batch, 1))
        yield (
            torch.randint(VOCABULARY, (batch, LENGTH)),
            torch.randint(2, (batch, LENGTH)),
            mask,
            torch.randint(90, (batch, PLACES)),
            torch.randint(VOCABULARY, (batch, PLACES)),
            torch.randint(2, (batch,)),
        )


def seconds(model, optimizer, data) -> float:
    """What a plain training loop over the batches takes."""
    began = time.perf_counter()
    model.train()
    for *inputs, words, follows in data:
        optimizer.zero_grad(set_to_none=True)
        masked, is_next = model(*inputs)
        loss = F.cross_entropy(masked.flatten(0, 1), words.flatten())
        (loss + F.cross_entropy(is_next, follows)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return time.perf_counter() - began


if __name__ == "__main__":
    _, _, batch, steps = sys.argv
    model = Bert()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    data = list(batches(int(batch), int(steps)))
    print(sum(p.numel() for p in model.parameters()), flush=True)
    for _ in sys.stdin:
        print(seconds(model, optimizer, data), flush=True)
