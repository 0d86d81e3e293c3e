"""The plain operations of the scan against the C++ operator: values and every gradient, on packed sequences of all kinds."""

import pytest
import torch

from mambaformer_training import scan, scan_plain
from mambaformer_training.scan import causal_conv, rms_norm, selective_scan

from test_scan import inputs

# One token, several of one, empty ones at either end and in the middle, a power of two and its neighbours, one long.
LENGTHS = [[1], [1, 1, 1], [0, 5, 0, 0, 33, 2, 0], [15, 16, 17], [300], [2, 257, 1]]
NAMES = ("x", "dt", "bias", "A", "B", "C", "D")


@pytest.fixture
def plainly(monkeypatch):
    """Computes by the plain operations from when it is called, as on a GPU."""
    return lambda: monkeypatch.setattr(scan, "by_operator", lambda x: False)


def probe_of(y):
    return torch.randn(y.shape, generator=torch.Generator().manual_seed(9))


def scanned(lengths, states):
    args, offsets = inputs(lengths, 21, states, sum(lengths) + states)
    y, last = selective_scan(*args, offsets)
    return y, last, torch.autograd.grad((y * probe_of(y)).sum(), args)


def differences(got, want):
    """Which of the outputs and gradients are not those of the operator."""
    out = []
    for name, a, b in zip(("y", "last", *NAMES), (got[0], got[1], *got[2]), (want[0], want[1], *want[2])):
        if a.shape != b.shape or not torch.allclose(a, b, rtol=1e-3, atol=1e-4 * max(1.0, float(b.detach().abs().max()))):
            out.append(name)
    return out


@pytest.mark.parametrize("states", [8, 16])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_the_plain_scan_is_the_operators(lengths, states, plainly):
    want = scanned(lengths, states)
    plainly()
    assert differences(scanned(lengths, states), want) == []


def test_nothing_at_all_is_scanned_alike(plainly):
    args, offsets = inputs([0, 0], 5, 8, 1)
    want, want_last = selective_scan(*args, offsets)
    plainly()
    y, last = selective_scan(*args, offsets)
    assert y.shape == want.shape == (0, 5) and last.equal(want_last) and last.shape == (2, 5, 8)
    y.sum().backward()
    assert all(t.grad is not None and not t.grad.any() for t in args)


def leaking(a, u, longest):
    """Forgets where sequences begin."""
    return recurrence(torch.where(a == 0, 0.9, a), u, longest)


def short(a, u, longest):
    """A round too few."""
    return recurrence(a, u, longest // 2)


def in_place(a, u, longest):
    """Overwrites the decays while it reads them."""
    step = 1
    while step < longest:
        u[step:] += a[step:] * u[:-step]
        for t in range(step, len(a)):
            a[t] *= a[t - step]
        step *= 2
    return u


recurrence = scan_plain.recurrence


@pytest.mark.parametrize("wrong", [leaking, short, in_place])
def test_the_comparison_sees_a_wrong_recurrence(wrong, plainly, monkeypatch):
    want = scanned([15, 16, 17], 8)
    plainly()
    monkeypatch.setattr(scan_plain, "recurrence", wrong)
    assert {"y", "x", "dt", "A", "B", "C"} <= set(differences(scanned([15, 16, 17], 8), want))


@pytest.mark.parametrize("silu", [False, True])
@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_the_plain_convolution_is_the_operators(lengths, width, silu, plainly):
    rng = torch.Generator().manual_seed(5)
    args = [torch.randn(*shape, generator=rng).requires_grad_() for shape in ((sum(lengths), 19), (19, width), (19,))]
    offsets = torch.tensor([0, *torch.tensor(lengths).cumsum(0).tolist()])

    def both():
        y = causal_conv(*args, offsets, silu)
        return y, *torch.autograd.grad((y * probe_of(y)).sum(), args)

    want = both()
    plainly()
    for a, b in zip(both(), want):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_the_plain_norm_is_the_operators(plainly):
    rng = torch.Generator().manual_seed(6)
    x, weight = torch.randn(3, 7, 33, generator=rng).requires_grad_(), torch.randn(33, generator=rng).requires_grad_()

    def both():
        y = rms_norm(x, weight, 1e-3)
        return y, *torch.autograd.grad((y * probe_of(y)).sum(), (x, weight))

    want = both()
    plainly()
    for a, b in zip(both(), want):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
