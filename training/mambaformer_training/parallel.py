"""Several processes train one model: `torchrun --nproc-per-node 2 -m mambaformer_training train …`.

A step is made of `shards` batches, whoever computes them: each process takes its share of them and the gradients are averaged, so that N
processes give the losses that one process with as many shards gives, up to the order of sums. Whatever else a batch moves (running means,
a router's bias) begins each step alike everywhere and is averaged like the gradients.
"""

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist

from .errors import TrainingError


@dataclass
class Parallel:
    """This process among those of the run."""

    rank: int = 0
    world: int = 1

    @staticmethod
    def start() -> "Parallel":
        """Joins the processes that torchrun has started; alone without it."""
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if world == 1:
            return Parallel()
        if not dist.is_initialized():
            dist.init_process_group("gloo")
        return Parallel(dist.get_rank(), dist.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this process logs, validates and writes."""
        return self.rank == 0

    def shards(self, count: int) -> range:
        """Which of a step's batches this process computes."""
        if count % self.world:
            raise TrainingError(f"{count} batches a step cannot be shared evenly by {self.world} processes; give --shards a multiple of {self.world}")
        own = count // self.world
        return range(self.rank * own, (self.rank + 1) * own)

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Adds up over the processes, in place."""
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor

    def average_gradients(self, parameters: list[torch.nn.Parameter], shards: int) -> None:
        """From sums over this process's batches to the mean over all; what no batch reached stays without gradient."""
        if shards == 1:
            return
        reached = self.sum(torch.tensor([float(p.grad is not None) for p in parameters]))
        moved = [p for p, count in zip(parameters, reached.tolist()) if count]
        for p in moved:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        if not moved:
            return
        # One message for all of them.
        flat = self.sum(torch.cat([p.grad.flatten() for p in moved])) / shards
        at = 0
        for p in moved:
            p.grad.copy_(flat[at : at + p.numel()].view_as(p))
            at += p.numel()

    def agree(self, elapsed: float, stop: bool) -> tuple[float, bool]:
        """The first process's clock, and whether anybody was told to stop: rate and end depend on them."""
        if self.world == 1:
            return elapsed, stop
        clock = torch.tensor([elapsed if self.first else 0.0, float(stop)], dtype=torch.float64)
        clock = self.sum(clock).tolist()
        return clock[0], clock[1] > 0

    def end(self) -> None:
        """Leaves the group."""
        if self.world > 1:
            dist.destroy_process_group()


class Averaged:
    """Running numbers that batches move: each batch of a step begins with those of the step's start, the next step with the mean of what came of them.

    `read` gives the numbers as a flat list and `write` takes one.
    """

    def __init__(self, read, write):
        self.read, self.write = read, write
        self.before, self.total = read(), None

    def begin(self) -> None:
        """Before a batch."""
        self.write(list(self.before))

    def end(self) -> None:
        """After it."""
        now = self.read()
        self.total = now if self.total is None else [a + b for a, b in zip(self.total, now)]

    def settle(self, parallel: Parallel, shards: int) -> None:
        """After all of them."""
        if self.before:
            summed = parallel.sum(torch.tensor(self.total, dtype=torch.float64))
            self.write((summed / shards).tolist())
