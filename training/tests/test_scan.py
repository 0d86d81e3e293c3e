"""The C++ scan and convolution against the plain references, values and every gradient."""

import pytest
import torch

from mambaformer_training.scan import causal_conv, reference_conv, reference_scan, selective_scan


def inputs(lengths, width, states, seed):
    torch.manual_seed(seed)
    total = sum(lengths)
    offsets = torch.tensor([0, *torch.tensor(lengths).cumsum(0).tolist()])
    x, raw = torch.randn(total, width), torch.randn(total, width) * 2
    bias, skip = torch.randn(width), torch.randn(width)
    a_neg = -torch.exp(torch.randn(width, states))
    b, c = torch.randn(total, states), torch.randn(total, states)
    return [t.requires_grad_() for t in (x, raw, bias, a_neg, b, c, skip)], offsets


@pytest.mark.parametrize("states", [8, 16])
@pytest.mark.parametrize("lengths", [[1], [7], [5, 0, 33, 2]])
def test_scan_matches_reference(states, lengths):
    args, offsets = inputs(lengths, 37, states, 3)
    y, last = selective_scan(*args, offsets)
    want, want_last = reference_scan(*args, offsets)
    torch.testing.assert_close(y, want, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(last, want_last, rtol=1e-4, atol=1e-5)
    probe = torch.randn_like(y)
    got = torch.autograd.grad((y * probe).sum(), args)
    expected = torch.autograd.grad((want * probe).sum(), args)
    for name, g, e in zip(("x", "dt", "bias", "A", "B", "C", "D"), got, expected):
        torch.testing.assert_close(g, e, rtol=1e-3, atol=1e-4, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("silu", [False, True])
def test_conv_matches_reference(silu):
    torch.manual_seed(5)
    offsets = torch.tensor([0, 1, 4, 4, 40])
    x = torch.randn(40, 19, requires_grad=True)
    weight = torch.randn(19, 4, requires_grad=True)
    bias = torch.randn(19, requires_grad=True)
    y, want = causal_conv(x, weight, bias, offsets, silu), reference_conv(x, weight, bias, offsets, silu)
    torch.testing.assert_close(y, want, rtol=1e-4, atol=1e-5)
    probe = torch.randn_like(y)
    for g, e in zip(torch.autograd.grad((y * probe).sum(), (x, weight, bias)), torch.autograd.grad((want * probe).sum(), (x, weight, bias))):
        torch.testing.assert_close(g, e, rtol=1e-3, atol=1e-4)
