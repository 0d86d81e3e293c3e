"""ET5: the T5 v1.1 encoder and decoder stacks on packed tokens. Parameter names are those of Hugging Face."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .config import Et5Config
from .packing import Packing
from .scan import rms_norm


class RmsNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * weight, in f32."""

    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return rms_norm(x, self.weight, self.eps)


def bucket(relative: torch.Tensor, bidirectional: bool, buckets: int, max_distance: int) -> torch.Tensor:
    """T5's bucket of key position minus query position: exact near by, logarithmic further away."""
    out = torch.zeros_like(relative)
    if bidirectional:
        buckets //= 2
        out = out + (relative > 0).long() * buckets
        relative = relative.abs()
    else:
        relative = -torch.clamp(relative, max=0)
    exact = buckets // 2
    large = exact + (torch.log(relative.clamp(min=1).float() / exact) / math.log(max_distance / exact) * (buckets - exact)).long()
    return out + torch.where(relative < exact, relative, large.clamp(max=buckets - 1))


class Attention(nn.Module):
    """Unscaled multi-head attention without biases; the first block of a stack owns the relative-bias table."""

    def __init__(self, d: int, config: Et5Config, table: bool):
        super().__init__()
        inner = config.num_heads * config.d_kv
        self.heads, self.width = config.num_heads, config.d_kv
        self.q = nn.Linear(d, inner, bias=False)
        self.k = nn.Linear(d, inner, bias=False)
        self.v = nn.Linear(d, inner, bias=False)
        self.o = nn.Linear(inner, d, bias=False)
        if table:
            self.relative_attention_bias = nn.Embedding(config.relative_attention_num_buckets, config.num_heads)

    def split(self, x):
        """[B, n, H*dk] -> [B, H, n, dk]"""
        return x.view(x.shape[0], x.shape[1], self.heads, self.width).transpose(1, 2)

    def forward(self, x, packing: Packing, bias, keys=None):
        """x [N, d] packed queries; bias [B, H or 1, n, m] with -inf-like values where masked; keys: (k, v) padded, or None for self-attention."""
        q = self.split(packing.pad(self.q(x)))
        if keys is None:
            k, v = self.split(packing.pad(self.k(x))), self.split(packing.pad(self.v(x)))
        else:
            k, v = keys
        weights = torch.softmax(torch.matmul(q, k.transpose(2, 3)) + bias, dim=-1)
        out = torch.matmul(weights, v).transpose(1, 2).flatten(2)
        return self.o(packing.pack(out))


class _SelfLayer(nn.Module):
    def __init__(self, d, config, table):
        super().__init__()
        self.SelfAttention = Attention(d, config, table)
        self.layer_norm = RmsNorm(d, config.layer_norm_epsilon)


class _CrossLayer(nn.Module):
    def __init__(self, d, config):
        super().__init__()
        self.EncDecAttention = Attention(d, config, False)
        self.layer_norm = RmsNorm(d, config.layer_norm_epsilon)


class _GatedGelu(nn.Module):
    def __init__(self, d, config):
        super().__init__()
        self.wi_0 = nn.Linear(d, config.d_ff, bias=False)
        self.wi_1 = nn.Linear(d, config.d_ff, bias=False)
        self.wo = nn.Linear(config.d_ff, d, bias=False)

    def forward(self, x):
        return self.wo(F.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x))


class _FeedForward(nn.Module):
    def __init__(self, d, config):
        super().__init__()
        self.DenseReluDense = _GatedGelu(d, config)
        self.layer_norm = RmsNorm(d, config.layer_norm_epsilon)


class _Block(nn.Module):
    def __init__(self, d, config, table, cross):
        super().__init__()
        layers = [_SelfLayer(d, config, table)]
        if cross:
            layers.append(_CrossLayer(d, config))
        layers.append(_FeedForward(d, config))
        self.layer = nn.ModuleList(layers)


MASKED = -1e9


class Stack(nn.Module):
    """Encoder (`cross=False`) or decoder (`cross=True`) stack."""

    def __init__(self, d: int, config: Et5Config, layers: int, cross: bool):
        super().__init__()
        self.config, self.cross = config, cross
        self.block = nn.ModuleList(_Block(d, config, i == 0, cross) for i in range(layers))
        self.final_layer_norm = RmsNorm(d, config.layer_norm_epsilon)

    def bias(self, positions: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """Relative bias of padded positions [B, n] plus the mask, [B, H, n, n]."""
        relative = positions[:, None, :] - positions[:, :, None]
        index = bucket(relative, not self.cross, self.config.relative_attention_num_buckets, self.config.relative_attention_max_distance)
        out = self.block[0].layer[0].SelfAttention.relative_attention_bias(index).permute(0, 3, 1, 2)
        allowed = valid[:, None, :]
        if self.cross:
            allowed = allowed & (relative <= 0)
        return out.masked_fill(~allowed[:, None], MASKED)

    def forward(self, x, packing: Packing, positions, memory=None, memory_valid=None):
        """x [N, d] packed; positions [N] original; memory [B, L, d] padded with memory_valid [B, L] for the decoder."""
        bias = self.bias(packing.pad(positions[:, None])[..., 0], packing.valid)
        cross_bias = None
        if self.cross:
            cross_bias = torch.zeros(memory_valid.shape, dtype=torch.float32, device=memory_valid.device).masked_fill(~memory_valid, MASKED)[:, None, None]
        for block in self.block:
            layer = block.layer[0]
            x = x + layer.SelfAttention(layer.layer_norm(x), packing, bias)
            if self.cross:
                layer = block.layer[1]
                attention = layer.EncDecAttention
                keys = attention.split(attention.k(memory)), attention.split(attention.v(memory))
                x = x + attention(layer.layer_norm(x), packing, cross_bias, keys)
            layer = block.layer[-1]
            x = x + layer.DenseReluDense(layer.layer_norm(x))
        return self.final_layer_norm(x)


class Et5(nn.Module):
    """The encoder expert and the answer decoder."""

    def __init__(self, d: int, vocab: int, config: Et5Config):
        super().__init__()
        self.encoder = Stack(d, config, config.num_layers, False)
        self.decoder = Stack(d, config, config.num_decoder_layers, True)
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(d, vocab, bias=False)
        for stack in (self.encoder, self.decoder):
            for module in stack.modules():
                if isinstance(module, Attention):
                    nn.init.normal_(module.q.weight, std=(d * config.d_kv) ** -0.5)
                    nn.init.normal_(module.k.weight, std=d**-0.5)
                    nn.init.normal_(module.v.weight, std=d**-0.5)
                    nn.init.normal_(module.o.weight, std=(config.num_heads * config.d_kv) ** -0.5)
                    if hasattr(module, "relative_attention_bias"):
                        nn.init.normal_(module.relative_attention_bias.weight, std=d**-0.5)
                elif isinstance(module, _GatedGelu):
                    nn.init.normal_(module.wi_0.weight, std=d**-0.5)
                    nn.init.normal_(module.wi_1.weight, std=d**-0.5)
                    nn.init.normal_(module.wo.weight, std=config.d_ff**-0.5)
