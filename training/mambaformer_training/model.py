"""MambaFormer: shared embedding, token gate, two experts, memory, decoder and heads.

Parameter names are the names of the exported tensors. The mathematics is written down in training/README.md.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .config import Config, GateConfig
from .emamba import EMamba
from .et5 import MASKED, Et5, RmsNorm
from .packing import Packing, pick, spread
from .routers import EMAMBA, ET5, Gated, Router, Routing, TopOne, one_of_two
from .scan import causal_conv

# What the engine does, and what routes where nothing else is asked for.
_TOP_ONE = TopOne()


class Gate(nn.Module):
    """Routes each token: contextual complexity, length and domain affinity beside the normalised embedding."""

    def __init__(self, d: int, vocab: int, max_tokens: int, config: GateConfig):
        super().__init__()
        self.config, self.max_tokens = config, max_tokens
        self.norm = RmsNorm(d, 1e-6)
        self.prototypes = nn.Parameter(torch.randn(config.prototypes, d))
        self.register_buffer("surprisal", torch.zeros(vocab))
        self.register_buffer("table_mean_sq_norm", torch.ones(1))
        self.fc1 = nn.Linear(d + 4, config.hidden)
        self.fc2 = nn.Linear(config.hidden, 2)
        # Large enough that a token's type decides from the start; else routing is noise that the experts must live with.
        nn.init.normal_(self.fc2.weight, std=0.25)
        nn.init.zeros_(self.fc2.bias)

    def features(self, e, ids, valid):
        """e [B, L, d] (zero where not valid), ids, valid [B, L] -> the inputs of the gate [B, L, d + 4]."""
        window = self.config.window
        lengths = valid.sum(1, keepdim=True).float()
        ones = valid.float()[:, None]
        width = 2 * window + 1
        count = (F.avg_pool1d(ones, width, 1, window) * width).clamp(min=1.0).transpose(1, 2)
        mean = (F.avg_pool1d(e.transpose(1, 2), width, 1, window) * width).transpose(1, 2) / count
        square = (F.avg_pool1d(e.square().sum(-1)[:, None], width, 1, window) * width).transpose(1, 2) / count
        dispersion = (square - mean.square().sum(-1, keepdim=True)).clamp(min=0.0) / self.table_mean_sq_norm
        length = (torch.log1p(lengths) / math.log1p(self.max_tokens))[..., None].expand(-1, e.shape[1], 1)
        unit = mean / mean.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        prototypes = self.prototypes / self.prototypes.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        affinity = (unit @ prototypes.t()).amax(-1, keepdim=True)
        return torch.cat([self.norm(e), dispersion, self.surprisal[ids][..., None], length, affinity], dim=-1)

    def forward(self, features):
        """[..., d + 4] -> the two logits, 0 = ET5, 1 = EMamba"""
        return self.fc2(F.silu(self.fc1(features)))


class _Copy(nn.Module):
    def __init__(self, d, width):
        super().__init__()
        self.query = nn.Linear(d, width, bias=False)
        self.key = nn.Linear(d, width, bias=False)
        self.gate = nn.Linear(d, 1)
        # A positive bias would favour generating; copying is what learns first.
        nn.init.constant_(self.gate.bias, -1.0)
        nn.init.zeros_(self.gate.weight)


class _Heads(nn.Module):
    def __init__(self, d, config):
        super().__init__()
        if config.copy:
            self.copy = _Copy(d, config.copy.width)
        if config.decision:
            self.decision = nn.Linear(d, 3)
        if config.answerable:
            self.answerable = nn.Linear(d, 1)
        if config.embedding:
            self.embedding = nn.Linear(d, config.embedding.width, bias=False)


@dataclass
class Encoded:
    """What the encoder side produced for a batch."""

    ids: torch.Tensor          # [B, L]
    valid: torch.Tensor        # [B, L]
    e: torch.Tensor            # [B, L, d] embeddings after the stem
    features: torch.Tensor     # [B, L, d + 4]
    logits: torch.Tensor       # [B, L, 2]
    p: torch.Tensor            # [B, L, 2]
    expert: torch.Tensor       # [B, L] 0 ET5, 1 EMamba: the one with the larger factor
    active: torch.Tensor       # [B, L, 2] which experts read the token; exactly one of them unless another router decided
    quiet: torch.Tensor        # [B, L, 2] the same without exploration noise
    experts: list              # per expert (row indices [N], y [N, d]) or None
    mixed: torch.Tensor        # [B, L, d] before the memory norm: e + p y, or y
    memory: torch.Tensor       # [B, L, d]


class MambaFormer(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        d = config.d_model
        self.shared = nn.Embedding(config.vocab_size, d)
        nn.init.normal_(self.shared.weight, std=0.5)
        if config.stem_conv:
            self.stem = nn.Conv1d(d, d, config.stem_conv, groups=d)
            nn.init.normal_(self.stem.weight, std=0.3)
            nn.init.zeros_(self.stem.bias)
        self.gate = Gate(d, config.vocab_size, config.max_tokens, config.gate)
        self.et5 = Et5(d, config.vocab_size, config.et5)
        if config.emamba:
            self.emamba = EMamba(d, config.emamba)
        if config.combine == "residual":
            self.memory_norm = RmsNorm(d, 1e-6)
        self.heads = _Heads(d, config.heads)

    def set_counts(self, counts: torch.Tensor) -> None:
        """The gate's surprisal from the tokenizer's piece counts [V]."""
        counts = counts.double()
        surprisal = -torch.log((counts + 1.0) / (counts.sum() + counts.numel()))
        self.gate.surprisal.copy_((surprisal / surprisal.max()).float())

    @torch.no_grad()
    def refresh_table_norm(self) -> None:
        """mean_v ||shared_v||^2 follows the table."""
        self.gate.table_mean_sq_norm.fill_(self.shared.weight.float().square().sum(1).mean())

    def embed(self, ids, packing: Packing):
        """Shared embedding and stem, [B, L, d], zero where padded."""
        e = packing.pack(self.shared(ids))
        if self.config.stem_conv:
            e = e + causal_conv(e, self.stem.weight[:, 0], self.stem.bias, packing.offsets, False)
        return packing.pad(e)

    def encode(self, ids, lengths, noise=None, temperature=None, force=None, bias=0.0, router: Router | None = None) -> Encoded:
        """ids [B, L], lengths [B]. `noise` [B, L, 2] is Gumbel noise for exploration, `temperature` its softmax temperature.

        `router` decides instead of the largest logit; the engine knows none but that.
        """
        packing = Packing(lengths)
        valid = packing.valid
        e = self.embed(ids, packing)
        # The router learns from its own terms; the embeddings follow the task alone.
        features = self.gate.features(e.detach(), ids, valid)
        logits = self.gate(features)
        shifted = logits + torch.tensor([0.0, bias], device=logits.device) if bias else logits
        tau = self.config.gate.temperature if temperature is None else temperature
        if not self.config.emamba:
            force = ET5
        if force is not None:
            forced = torch.full_like(ids, force)
            routing = Routing(torch.ones_like(shifted), torch.ones_like(shifted), torch.stack([forced == ET5, forced == EMAMBA], dim=-1), one_of_two(logits))
        else:
            routing = (router or _TOP_ONE).route(Gated(shifted, ids, features, valid, noise, tau))
        flat = e.flatten(0, 1)
        positions = torch.arange(ids.shape[1], device=ids.device).expand_as(ids).flatten()
        experts, mixed = [], flat if self.config.combine == "residual" else torch.zeros_like(flat)
        for which in (ET5, EMAMBA):
            part, rows = Packing.of_mask(valid & routing.active[..., which])
            if rows.numel() == 0:
                experts.append(None)
                continue
            x = pick(flat, rows)
            y = self.et5.encoder(x, part, positions[rows]) if which == ET5 else self.emamba(x, part)
            experts.append((rows, y))
            if self.config.combine == "residual":
                mixed = mixed + spread(y * routing.weights[..., which].flatten()[rows][:, None], rows, flat.shape[0])
            else:
                mixed = mixed + spread(y, rows, flat.shape[0])
        mixed = mixed.view_as(e)
        memory = self.memory_norm(mixed) if self.config.combine == "residual" else mixed
        quiet = routing.active if routing.quiet is None else routing.quiet
        return Encoded(ids, valid, e, features, logits, routing.p, routing.expert, routing.active, quiet, experts, mixed, memory)

    def decode(self, encoded: Encoded, decoder_ids, decoder_lengths):
        """decoder_ids [B, T] -> final hidden states [N, d] of the packed decoder tokens, and their packing."""
        packing = Packing(decoder_lengths)
        x = packing.pack(self.shared(decoder_ids))
        positions = packing.pack(torch.arange(decoder_ids.shape[1], device=decoder_ids.device).expand_as(decoder_ids)[..., None])[:, 0]
        return self.et5.decoder(x, packing, positions, encoded.memory, encoded.valid), packing

    def lm_logits(self, z):
        """z [N, d] -> [N, V]"""
        if self.config.et5.tie_word_embeddings:
            return F.linear(z * self.config.d_model**-0.5, self.shared.weight)
        return self.et5.lm_head(z)

    def copy_attention(self, encoded: Encoded, z, packing: Packing):
        """Log of the pointer attention [B, T, L] over all positions, and the generate share g [N]."""
        head = self.heads.copy
        q, k = packing.pad(head.query(z)), head.key(encoded.memory)
        scores = torch.matmul(q, k.transpose(1, 2)) / math.sqrt(q.shape[-1])
        scores = scores.masked_fill(~encoded.valid[:, None], MASKED)
        return torch.log_softmax(scores.float(), dim=-1), torch.sigmoid(head.gate(z))[:, 0]

    def mixture(self, encoded: Encoded, z, packing: Packing):
        """P(v) [N, V]: g softmax(lm) + (1 - g) sum of the pointer over the positions that hold v."""
        probabilities = torch.softmax(self.lm_logits(z).float(), dim=-1)
        if not self.config.heads.copy:
            return probabilities
        attention, g = self.copy_attention(encoded, z, packing)
        attention = packing.pack(attention.exp())
        ids = packing.pack(encoded.ids[:, None].expand(-1, packing.longest, -1))
        return (g[:, None] * probabilities).scatter_add(1, ids, (1 - g)[:, None] * attention)

    def embedding(self, encoded: Encoded):
        """Normalised pooled memory [B, width]"""
        mask = encoded.valid[..., None].float()
        mean = (encoded.memory * mask).sum(1) / mask.sum(1)
        return F.normalize(self.heads.embedding(mean), dim=-1)
