"""Packed and padded forms of a batch of sequences of different lengths.

Packed: all rows one after the other [N, d], no padding; matrix products and the scan work on it.
Padded: [B, n, d]; attention works on it.
"""

import torch


class _Spread(torch.autograd.Function):
    """Rows [N, w] to places `index` of [size, w], zeros elsewhere. The general gather and scatter gradients are far slower."""

    @staticmethod
    def forward(ctx, x, index, size):
        ctx.save_for_backward(index)
        return x.new_zeros(size, x.shape[1]).index_copy_(0, index, x)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.index_select(0, ctx.saved_tensors[0]), None, None


class _Pick(torch.autograd.Function):
    """Rows `index` (each at most once) of [size, w]."""

    @staticmethod
    def forward(ctx, x, index):
        ctx.save_for_backward(index)
        ctx.size = x.shape[0]
        return x.index_select(0, index)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.new_zeros(ctx.size, gradient.shape[1]).index_copy_(0, ctx.saved_tensors[0], gradient), None


def pick(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """x[index] for distinct indices."""
    return _Pick.apply(x, index)


def spread(x: torch.Tensor, index: torch.Tensor, size: int) -> torch.Tensor:
    """Zeros [size, w] with x at the distinct `index`."""
    return _Spread.apply(x, index, size)


class Packing:
    """How `N` packed rows lie in `B` sequences; built from the lengths alone."""

    def __init__(self, lengths: torch.Tensor):
        self.lengths = lengths
        self.batch = lengths.numel()
        self.longest = max(1, int(lengths.max())) if self.batch else 1
        self.valid = torch.arange(self.longest, device=lengths.device)[None] < lengths[:, None]
        self.index = self.valid.flatten().nonzero()[:, 0]
        self.offsets = torch.cat([lengths.new_zeros(1, dtype=torch.int64), lengths.cumsum(0)])
        self.full = self.index.numel() == self.batch * self.longest

    @staticmethod
    def of_mask(mask: torch.Tensor) -> tuple["Packing", torch.Tensor]:
        """Order-preserving compaction: the packing of the chosen positions of mask [B, L], and their row-major indices [N]."""
        return Packing(mask.sum(1)), mask.flatten().nonzero()[:, 0]

    def pad(self, x: torch.Tensor) -> torch.Tensor:
        """[N, w] -> [B, n, w], zeros where there is no row."""
        if self.full:
            return x.view(self.batch, self.longest, x.shape[1])
        return spread(x, self.index, self.batch * self.longest).view(self.batch, self.longest, x.shape[1])

    def pack(self, x: torch.Tensor) -> torch.Tensor:
        """[B, n, w] -> [N, w]"""
        flat = x.reshape(self.batch * self.longest, x.shape[2])
        return flat if self.full else pick(flat, self.index)
