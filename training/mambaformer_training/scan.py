"""Selective scan, causal convolution and RMS norm over packed sequences: a C++ operator on the processor, plain operations (`scan_plain`) elsewhere.

The references at the end, one step after the other, are what both are tested against.
"""

import functools
import os
from pathlib import Path

import torch
import torch.nn.functional as F

from . import scan_plain
from .errors import TrainingError


@functools.cache
def _operator():
    """Compiles the C++ source once (about half a minute) and loads it."""
    import sys

    from torch.utils.cpp_extension import load

    # ninja installed in a virtual environment is found only if its folder is on PATH.
    os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    flags = ["-O3", "-march=native", "-fopenmp", "-fopenmp-simd", "-ffast-math", "-fno-finite-math-only"]
    try:
        return load("mambaformer_scan", [str(Path(__file__).with_name("scan.cpp"))], extra_cflags=flags, extra_ldflags=["-fopenmp"], verbose=False)
    except (RuntimeError, OSError) as error:
        raise TrainingError(f"the scan operator does not compile ({str(error).splitlines()[0]}); install g++ and ninja") from error


def by_operator(x: torch.Tensor) -> bool:
    """Whether the C++ operator computes this; it knows the processor's memory alone."""
    return x.device.type == "cpu"


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, raw, bias, a_neg, b, c, skip, offsets):
        args = [t.float().contiguous() for t in (x, raw, bias, a_neg, b, c, skip)] + [offsets]
        y, last = _operator().scan_forward(*args)
        ctx.save_for_backward(*args)
        ctx.mark_non_differentiable(last)
        return y, last

    @staticmethod
    def backward(ctx, gy, _):
        x, raw, bias, a_neg, b, c, skip, offsets = ctx.saved_tensors
        gx, graw, ga, gb, gc, gskip = _operator().scan_backward(gy.float().contiguous(), x, raw, bias, a_neg, b, c, skip, offsets)
        return gx, graw, graw.sum(0), ga, gb, gc, gskip, None


def selective_scan(x, raw, bias, a_neg, b, c, skip, offsets):
    """y [T, D] and the last states [S, D, N] of the scan described in scan.cpp.

    x, raw [T, D]; bias, skip [D]; a_neg [D, N] = -exp(A_log); b, c [T, N]; offsets [S + 1] int64.
    """
    function = _Scan if by_operator(x) else scan_plain.Scan
    return function.apply(x, raw, bias, a_neg, b, c, skip, offsets)


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, offsets, silu):
        x, taps, bias = x.float().contiguous(), weight.float().t().contiguous(), bias.float().contiguous()
        ctx.save_for_backward(x, taps, bias, offsets)
        ctx.silu = silu
        return _operator().conv_forward(x, taps, bias, offsets, silu)

    @staticmethod
    def backward(ctx, gy):
        x, taps, bias, offsets = ctx.saved_tensors
        gx, gw, gb = _operator().conv_backward(gy.float().contiguous(), x, taps, bias, offsets, ctx.silu)
        return gx, gw.t(), gb, None, None


def causal_conv(x, weight, bias, offsets, silu):
    """Depthwise causal convolution of packed x [T, D] with weight [D, W]; SiLU after it if `silu`."""
    return _Conv.apply(x, weight, bias, offsets, silu) if by_operator(x) else scan_plain.conv(x, weight, bias, offsets, silu)


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, eps):
        x, weight = x.float().contiguous(), weight.float().contiguous()
        y, root = _operator().norm_forward(x, weight, eps)
        ctx.save_for_backward(x, weight, root)
        return y

    @staticmethod
    def backward(ctx, gy):
        gx, gw = _operator().norm_backward(gy.float().contiguous(), *ctx.saved_tensors)
        return gx, gw, None


def rms_norm(x, weight, eps):
    """x / sqrt(mean(x^2) + eps) * weight over the last axis, f32; on the processor one pass where PyTorch's own takes several."""
    if not by_operator(x):
        return scan_plain.norm(x, weight, eps)
    return _Norm.apply(x.reshape(-1, x.shape[-1]), weight, eps).view(x.shape)


def reference_scan(x, raw, bias, a_neg, b, c, skip, offsets):
    """The same scan, one step after the other in plain tensor operations."""
    ys, lasts = [], []
    delta = F.softplus(raw + bias)
    bounds = offsets.tolist()
    for begin, end in zip(bounds, bounds[1:]):
        h = torch.zeros_like(a_neg)
        for t in range(begin, end):
            h = torch.exp(delta[t][:, None] * a_neg) * h + (delta[t] * x[t])[:, None] * b[t][None]
            ys.append((h * c[t][None]).sum(-1) + skip * x[t])
        lasts.append(h)
    return torch.stack(ys) if ys else x, torch.stack(lasts)


def reference_conv(x, weight, bias, offsets, silu):
    """The same convolution by `conv1d`, sequence by sequence."""
    bounds, width = offsets.tolist(), weight.shape[1]
    parts = []
    for begin, end in zip(bounds, bounds[1:]):
        part = x[begin:end].t()[None]
        y = F.conv1d(F.pad(part, (width - 1, 0)), weight[:, None], bias, groups=weight.shape[0])[0].t() if end > begin else x[begin:end]
        parts.append(F.silu(y) if silu else y)
    return torch.cat(parts)
