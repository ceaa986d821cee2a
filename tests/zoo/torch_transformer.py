"""The transformer of encoder and decoder of plain PyTorch, filled with the zoo's weights."""

import math

import numpy as np
import torch
from torch import nn


class TorchTransformer(nn.Module):
    """`torch.nn.Transformer`, post-norm, between one embedding and its transpose.

    Torch adds a norm behind the last block of either part, which the paper has not.
    """

    def __init__(self, vocabulary, width, depth, heads, mlp_width):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        options = {"dim_feedforward": mlp_width, "dropout": 0.0, "batch_first": True}
        encoder = nn.TransformerEncoderLayer(width, heads, **options)
        decoder = nn.TransformerDecoderLayer(width, heads, **options)
        self.body = nn.Transformer(
            width,
            heads,
            batch_first=True,
            custom_encoder=nn.TransformerEncoder(encoder, depth, enable_nested_tensor=False),
            custom_decoder=nn.TransformerDecoder(decoder, depth),
        )

    def forward(self, source, target):
        padding = source == 0
        causal = torch.triu(torch.ones(target.shape[1], target.shape[1], dtype=torch.bool), 1)
        masks = {"src_key_padding_mask": padding, "memory_key_padding_mask": padding}
        x = self.body(self.placed(source), self.placed(target), tgt_mask=causal, **masks)
        return x @ self.embedding.weight.T

    def placed(self, ids):
        """Embeddings with the waves of their positions, sines and cosines in turn."""
        x = self.embedding(ids) * math.sqrt(self.embedding.embedding_dim)
        position = np.arange(x.shape[1])[:, None]
        wave = position / 10000 ** (np.arange(0, x.shape[2], 2) / x.shape[2])
        both = np.stack([np.sin(wave), np.cos(wave)], axis=-1).reshape(x.shape[1:])
        return x + torch.tensor(both, dtype=torch.float32)


def filled(theirs: TorchTransformer, model) -> TorchTransformer:
    """`theirs` with the weights of a zoo model, by the names of its layers."""

    def arrays(name):
        return [torch.tensor(weight) for weight in model.get_layer(name).get_weights()]

    def copy(values, *parameters):
        for parameter, value in zip(parameters, values, strict=True):
            assert parameter.shape == value.shape
            parameter.data = value.contiguous()

    def attention(name, module):
        *into, out, out_bias = arrays(name)
        kernel, bias = (torch.cat(parts, dim=-1) for parts in (into[0::2], into[1::2]))
        copy([kernel.T, bias], module.in_proj_weight, module.in_proj_bias)
        copy([out.T, out_bias], module.out_proj.weight, module.out_proj.bias)

    def block(name, module, attentions):
        for i, (kind, part) in enumerate(attentions, 1):
            attention(f"{name}_{kind}", part)
            norm = getattr(module, f"norm{i}")
            copy(arrays(f"{name}_{kind}_norm"), norm.weight, norm.bias)
        norm = getattr(module, f"norm{len(attentions) + 1}")
        copy(arrays(f"{name}_mlp_norm"), norm.weight, norm.bias)
        for i in (1, 2):
            kernel, bias = arrays(f"{name}_mlp{i}")
            linear = getattr(module, f"linear{i}")
            copy([kernel.T, bias], linear.weight, linear.bias)

    copy(arrays("embedding"), theirs.embedding.weight)
    for i, module in enumerate(theirs.body.encoder.layers, 1):
        block(f"encoder{i}", module, [("attention", module.self_attn)])
    for i, module in enumerate(theirs.body.decoder.layers, 1):
        both = [("attention", module.self_attn), ("cross", module.multihead_attn)]
        block(f"decoder{i}", module, both)
    return theirs.eval()
