"""Scan, convolution and norm by plain tensor operations, for devices that the C++ operator does not know. Same interface, same values.

The recurrence h_t = a_t h_{t-1} + u_t runs by doubling (Hillis & Steele 1986): after k rounds each place holds what the 2^k last steps made of it,
so that the longest sequence takes log2 of its length rounds over [T, D, N]. a = 0 at the first token of a sequence keeps its neighbour out.
"""

import torch
import torch.nn.functional as F


def places(offsets: torch.Tensor, total: int) -> torch.Tensor:
    """Each token's place in its own sequence, [T]."""
    starts = torch.repeat_interleave(offsets[:-1], offsets.diff(), output_size=total)
    return torch.arange(total, device=offsets.device) - starts


def recurrence(a: torch.Tensor, u: torch.Tensor, longest: int) -> torch.Tensor:
    """h [T, ...] of h_t = a_t h_{t-1} + u_t, where a is 0 at each first token and no sequence is longer than `longest`. Overwrites both."""
    step = 1
    while step < longest:
        # Each right side is whole before the left one is written: the ranges overlap.
        u[step:] += a[step:] * u[:-step]
        a[step:] = a[step:] * a[:-step]
        step *= 2
    return u


def _states(x, delta, a_neg, b, first, longest):
    """The states [T, D, N] and the decays exp(delta A) they were made with."""
    decay = torch.exp(delta[..., None] * a_neg)
    return recurrence(decay.masked_fill(first, 0.0), (delta * x)[..., None] * b[:, None], longest), decay


class Scan(torch.autograd.Function):
    """The selective scan of scan.cpp. Like that one it keeps the inputs alone and makes the states again on the way back."""

    @staticmethod
    def forward(ctx, x, raw, bias, a_neg, b, c, skip, offsets):
        x, raw, bias, a_neg, b, c, skip = args = [t.float() for t in (x, raw, bias, a_neg, b, c, skip)]
        ctx.save_for_backward(*args, offsets)
        lengths = offsets.diff()
        ctx.longest = int(lengths.max()) if lengths.numel() else 0
        first = (places(offsets, x.shape[0]) == 0)[:, None, None]
        states, _ = _states(x, F.softplus(raw + bias), a_neg, b, first, ctx.longest)
        y = (states * c[:, None]).sum(-1) + skip * x
        last = states.new_zeros(lengths.numel(), *a_neg.shape)
        read = lengths > 0  # an empty sequence ends in the state it began with
        last[read] = states[offsets[1:][read] - 1]
        ctx.mark_non_differentiable(last)
        return y, last

    @staticmethod
    def backward(ctx, gy, _):
        x, raw, bias, a_neg, b, c, skip, offsets = ctx.saved_tensors
        gy = gy.float()
        delta = F.softplus(raw + bias)
        first = (places(offsets, x.shape[0]) == 0)[:, None, None]
        states, decay = _states(x, delta, a_neg, b, first, ctx.longest)
        gc = (gy[..., None] * states).sum(1)
        before = F.pad(states[:-1], (0, 0, 0, 0, 1, 0)).masked_fill(first, 0.0)
        # dL/dh_t = gy_t C_t + a_{t+1} dL/dh_{t+1}: the same recurrence from the end, nothing handed on from the next sequence's first token.
        handed = F.pad(decay.masked_fill(first, 0.0)[1:], (0, 0, 0, 0, 0, 1))
        q = recurrence(handed.flip(0), (gy[..., None] * c[:, None]).flip(0), ctx.longest).flip(0)
        gb = (q * (delta * x)[..., None]).sum(1)
        gdx = (q * b[:, None]).sum(-1)
        r = q * before * decay  # dL/d(delta A)
        ga = (r * delta[..., None]).sum(0)
        # softplus'(v) = sigmoid(v) = 1 - exp(-softplus(v))
        graw = ((r * a_neg).sum(-1) + gdx * x) * -torch.expm1(-delta)
        return gdx * delta + gy * skip, graw, graw.sum(0), ga, gb, gc, (gy * x).sum(0), None


def conv(x, weight, bias, offsets, silu):
    """Depthwise causal convolution of packed x [T, D] with weight [D, W]: one shifted copy for each tap, empty where it would reach over a start."""
    x, weight = x.float(), weight.float()
    place, width = places(offsets, x.shape[0])[:, None], weight.shape[1]
    y = bias.float() + x * weight[:, -1]
    for back in range(1, width):
        moved = F.pad(x, (0, 0, back, 0))[: x.shape[0]].masked_fill(place < back, 0.0)
        y = y + moved * weight[:, width - 1 - back]
    return F.silu(y) if silu else y


def norm(x, weight, eps):
    """x / sqrt(mean(x^2) + eps) * weight over the last axis, f32."""
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight.float()
