"""Several processes train one model: `torchrun --nproc-per-node 2 -m mambaformer_training train …`.

A step is made of `shards` batches, whoever computes them: each process takes its share of them and the gradients are averaged, so that N
processes give the losses that one process with as many shards gives, up to the order of sums. Whatever else a batch moves (running means,
a router's bias) begins each step alike everywhere and is averaged like the gradients.
"""

import os
from dataclasses import dataclass, field

import torch
import torch.distributed as dist

from .errors import TrainingError


def own_device(kind: str) -> torch.device:
    """What this process computes on: the processor, or the graphics processor of its number among this machine's processes (LOCAL_RANK)."""
    if kind == "cpu":
        return torch.device("cpu")
    if kind != "cuda":
        raise TrainingError(f"there is no device `{kind}` to train on; give cpu or cuda by --device")
    if not torch.cuda.is_available():
        raise TrainingError(f"--device cuda was asked for and PyTorch {torch.__version__} finds no GPU that it can use; check `nvidia-smi` and that this build is one for CUDA, or give --device cpu")
    number, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if number >= count:
        raise TrainingError(f"process {number} of this machine has no GPU of its own, PyTorch finds {count}; give torchrun --nproc-per-node {count}")
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


@dataclass
class Parallel:
    """This process among those of the run."""

    rank: int = 0
    world: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @staticmethod
    def start(kind: str = "cpu") -> "Parallel":
        """Joins the processes that torchrun has started; alone without it. `kind`: cpu or cuda."""
        device = own_device(kind)
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if world == 1:
            return Parallel(device=device)
        if not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return Parallel(dist.get_rank(), dist.get_world_size(), device)

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
            # Nccl adds up what lies on a GPU alone; counts and clocks lie on the processor.
            moved = tensor.to(self.device)
            dist.all_reduce(moved)
            if moved is not tensor:
                tensor.copy_(moved)
        return tensor

    def average_gradients(self, parameters: list[torch.nn.Parameter], shards: int) -> None:
        """From sums over this process's batches to the mean over all; what no batch reached stays without gradient."""
        if shards == 1:
            return
        reached = self.sum(torch.tensor([float(p.grad is not None) for p in parameters], device="cpu"))
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
        clock = torch.tensor([elapsed if self.first else 0.0, float(stop)], dtype=torch.float64, device="cpu")
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
            summed = parallel.sum(torch.tensor(self.total, dtype=torch.float64, device="cpu"))
            self.write((summed / shards).tolist())
