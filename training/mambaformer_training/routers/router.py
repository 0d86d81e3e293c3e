"""The interface of a router: from the gate's logits to who reads each token, with what factor.

A router never belongs to the exported model: the engine runs the largest logit alone. What it keeps (a bias, running shares, a layer of
its own) stays with training.
"""

from dataclasses import dataclass

import torch
from torch import nn

ET5, EMAMBA = 0, 1


@dataclass
class Gated:
    """What a router sees of a batch."""

    logits: torch.Tensor         # [B, L, 2] of the gate, the user's bias added
    ids: torch.Tensor            # [B, L] the pieces
    features: torch.Tensor       # [B, L, d + 4] the gate's inputs
    valid: torch.Tensor          # [B, L] bool
    noise: torch.Tensor | None   # [B, L, 2] Gumbel noise of training, already scaled; None at inference
    temperature: float           # of the gate's softmax


@dataclass
class Routing:
    """What a router decided."""

    p: torch.Tensor                     # [B, L, 2] probabilities, for the loss and the log
    weights: torch.Tensor               # [B, L, 2] factor of each expert's output; carries the gradient
    active: torch.Tensor                # [B, L, 2] bool: which experts read the token
    quiet: torch.Tensor | None = None   # [B, L, 2] bool: the same without noise, where noise had a part; None: as active

    @property
    def expert(self) -> torch.Tensor:
        """The expert with the larger factor among those that read the token, [B, L]; EMamba on a tie, ET5 where none does."""
        weights = self.weights.detach().masked_fill(~self.active, -1.0)
        return ((weights[..., EMAMBA] >= weights[..., ET5]) & self.active[..., EMAMBA]).long()


def one_of_two(scores: torch.Tensor) -> torch.Tensor:
    """The larger of scores [..., 2] as a mask; ties go to EMamba, as in the engine."""
    second = scores[..., EMAMBA] >= scores[..., ET5]
    return torch.stack([~second, second], dim=-1)


class Router(nn.Module):
    """Base of all routers. `targets` are the shares of tokens that balancing aims at."""

    # Terms of `objective.router_terms` that belong to its loss, with their weights there; in this order, for sums round.
    terms: tuple[str, ...] = ()
    # Whether the utility term teaches it (it wants exactly one expert a token).
    utility = False

    def __init__(self, target_emamba: float = 0.3):
        super().__init__()
        self.targets = (1 - target_emamba, target_emamba)

    def route(self, gated: Gated) -> Routing:
        """Decides for every place, padded ones included; those are ignored."""
        raise NotImplementedError

    def anneal(self, scale: float) -> None:
        """Is told the scale of the noise before each training step."""

    def losses(self, model, encoded) -> dict[str, torch.Tensor]:
        """Terms of its own beside `terms`, already weighted."""
        return {}

    def after_step(self, encoded) -> None:
        """Moves its running state after a training step."""
