"""Straight-through Gumbel-softmax (Jang et al. 2017; Maddison et al. 2017), with the losses of what ships."""

import torch

from .router import Gated, Routing, one_of_two
from .top_one import TopOne


class StraightThrough(TopOne):
    """Forward as `TopOne`, so that training computes what inference computes; backward through softmax(logit / s + Gumbel).

    `Gated.noise` is s * Gumbel with the annealed s, and (logit + s Gumbel) / s is the same choice: s is the temperature. The gradient's
    temperature does not fall below `least`: at 0.02 the softmax is a step and has none.
    """

    def __init__(self, target_emamba: float = 0.3, least: float = 0.3):
        super().__init__(target_emamba)
        self.least = least
        self.temperature = 1.0

    def anneal(self, scale: float) -> None:
        self.temperature = max(scale, self.least)

    def route(self, gated: Gated) -> Routing:
        p = torch.softmax(gated.logits / gated.temperature, dim=-1)
        quiet = one_of_two(gated.logits)
        if gated.noise is None:
            return Routing(p, p, quiet, quiet)
        choice = gated.logits + gated.noise
        soft = torch.softmax(choice / self.temperature, dim=-1)
        return Routing(p, soft + (p - soft).detach(), one_of_two(choice), quiet)
