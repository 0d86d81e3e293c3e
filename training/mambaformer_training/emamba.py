"""EMamba: Mamba-1 blocks on packed tokens, one direction or both. Parameter names are those of Hugging Face."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .config import EMambaConfig
from .et5 import RmsNorm
from .packing import Packing, pick
from .scan import causal_conv, selective_scan


class _Direction(nn.Module):
    """Convolution, x_proj, dt_proj, A_log and D of one scanning direction."""

    def __init__(self, config: EMambaConfig):
        super().__init__()
        inner, states = config.d_inner, config.d_state
        self.config = config
        self.conv1d = nn.Conv1d(inner, inner, config.d_conv, groups=inner)
        self.x_proj = nn.Linear(inner, config.dt_rank + 2 * states, bias=False)
        self.dt_proj = nn.Linear(config.dt_rank, inner)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, states + 1, dtype=torch.float32)).repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        # Time steps start log-uniform in 0.001..0.1, as in Gu & Dao 2023.
        dt = torch.exp(torch.rand(inner) * (math.log(0.1) - math.log(0.001)) + math.log(0.001)).clamp(min=1e-4)
        nn.init.uniform_(self.dt_proj.weight, -config.dt_rank**-0.5, config.dt_rank**-0.5)
        with torch.no_grad():
            self.dt_proj.bias.copy_(dt + torch.log(-torch.expm1(-dt)))

    def scan(self, x, offsets):
        """x [N, d_inner] after in_proj -> y [N, d_inner], last states [B, d_inner, d_state]."""
        rank, states = self.config.dt_rank, self.config.d_state
        x = causal_conv(x, self.conv1d.weight[:, 0], self.conv1d.bias, offsets, True)
        dt, b, c = self.x_proj(x).split([rank, states, states], dim=-1)
        # The bias is added inside the scan, under its softplus.
        raw = F.linear(dt, self.dt_proj.weight)
        return selective_scan(x, raw, self.dt_proj.bias, -torch.exp(self.A_log.float()), b, c, self.D, offsets)


class Mixer(_Direction):
    """The Mamba mixer; `backward_` holds the second direction (exported as `backward`)."""

    def __init__(self, d: int, config: EMambaConfig):
        super().__init__(config)
        self.in_proj = nn.Linear(d, 2 * config.d_inner, bias=False)
        self.out_proj = nn.Linear(config.d_inner, d, bias=False)
        nn.init.normal_(self.in_proj.weight, std=d**-0.5)
        nn.init.normal_(self.out_proj.weight, std=config.d_inner**-0.5 / math.sqrt(config.num_layers))
        if config.bidirectional:
            self.add_module("backward", _Direction(config))

    def forward(self, x, offsets, reverse):
        x, z = self.in_proj(x).chunk(2, dim=-1)
        x = x.contiguous()
        y, last = self.scan(x, offsets)
        if self.config.bidirectional:
            back, _ = self.get_submodule("backward").scan(pick(x, reverse), offsets)
            y = y + pick(back, reverse)
        return self.out_proj(y * F.silu(z)), last


class _Layer(nn.Module):
    def __init__(self, d, config):
        super().__init__()
        self.norm = RmsNorm(d, config.layer_norm_epsilon)
        self.mixer = Mixer(d, config)


class EMamba(nn.Module):
    """The state-space expert: adapter in, Mamba blocks, norm_f, adapter out."""

    def __init__(self, d: int, config: EMambaConfig):
        super().__init__()
        self.config = config
        if config.d_model != d:
            self.adapter_in = nn.Linear(d, config.d_model, bias=False)
            self.adapter_out = nn.Linear(config.d_model, d, bias=False)
        self.layers = nn.ModuleList(_Layer(config.d_model, config) for _ in range(config.num_layers))
        self.norm_f = RmsNorm(config.d_model, config.layer_norm_epsilon)

    def forward(self, x, packing: Packing):
        """x [N, d] packed -> [N, d]"""
        if hasattr(self, "adapter_in"):
            x = self.adapter_in(x)
        reverse = None
        if self.config.bidirectional:
            starts = torch.repeat_interleave(packing.offsets[:-1], packing.lengths)
            ends = torch.repeat_interleave(packing.offsets[1:], packing.lengths)
            reverse = starts + ends - 1 - torch.arange(x.shape[0], device=x.device)
        for layer in self.layers:
            y, _ = layer.mixer(layer.norm(x), packing.offsets, reverse)
            x = x + y
        x = self.norm_f(x)
        return self.adapter_out(x) if hasattr(self, "adapter_out") else x
