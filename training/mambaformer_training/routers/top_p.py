"""Top-p: as many experts as it takes to be sure (Huang et al. 2024, "Harder Tasks Need More Experts", arXiv 2403.07652)."""

import torch

from .router import Gated, Router, Routing, one_of_two


def nucleus(p: torch.Tensor, threshold: float) -> torch.Tensor:
    """The fewest experts whose probabilities [..., 2] sum to `threshold` at least, as a mask; one or both."""
    first = one_of_two(p)
    return first | (p.amax(-1, keepdim=True) < threshold)


class TopP(Router):
    """A token whose larger p stays under the threshold is read by both experts and pays for both.

    The source's entropy loss keeps tokens from asking for every expert; it is the entropy term of the loss.
    """

    terms = ("balance", "entropy", "router_z")

    def __init__(self, target_emamba: float = 0.3, threshold: float = 0.6):
        super().__init__(target_emamba)
        self.threshold = threshold

    def route(self, gated: Gated) -> Routing:
        p = torch.softmax(gated.logits / gated.temperature, dim=-1)
        return Routing(p, p, nucleus(p.detach(), self.threshold))
