"""Balanced assignment by optimal transport (Lewis et al. 2021, BASE; in Sinkhorn's form Clark et al. 2022, arXiv 2202.01169)."""

import torch

from .router import Gated, Router, Routing, one_of_two


def transport(scores: torch.Tensor, shares: tuple[float, ...], rounds: int) -> torch.Tensor:
    """exp(scores) scaled so that each row of [n, E] sums to 1 and column e to n * shares[e]; the rows are exact, the columns nearly."""
    columns = torch.log(scores.shape[0] * scores.new_tensor(shares))
    plan = scores
    for _ in range(rounds):
        plan = plan - torch.logsumexp(plan, dim=0, keepdim=True) + columns
        plan = plan - torch.logsumexp(plan, dim=1, keepdim=True)
    return plan.exp()


class Sinkhorn(Router):
    """In training the larger entry of the batch's transport plan chooses and p weights; at inference the larger logit chooses.

    The source does the same: a balanced choice needs the whole batch, which a single question is not. The plan's `smoothing` is small:
    of a smooth plan the columns sum to their shares, but the larger entries do not.
    """

    terms = ("router_z",)

    def __init__(self, target_emamba: float = 0.3, smoothing: float = 0.1, rounds: int = 20):
        super().__init__(target_emamba)
        self.smoothing, self.rounds = smoothing, rounds

    def route(self, gated: Gated) -> Routing:
        p = torch.softmax(gated.logits / gated.temperature, dim=-1)
        quiet = one_of_two(gated.logits)
        if not self.training:
            return Routing(p, p, quiet)
        plan = torch.zeros_like(p)
        plan[gated.valid] = transport(gated.logits.detach()[gated.valid].float() / self.smoothing, self.targets, self.rounds).to(p.dtype)
        return Routing(p, p, one_of_two(plan), quiet)
