"""Hybrid routing by Tsallis entropy (Li et al. 2025, DynMoLE, arXiv 2504.00661; the entropy: Tsallis 1988)."""

import math

import torch

from .router import Gated, Router, Routing
from .top_p import nucleus


def tsallis(p: torch.Tensor, q: float) -> torch.Tensor:
    """S_q = (1 - sum p^q) / (q - 1) over the last axis; Shannon's entropy at q = 1."""
    p = p.clamp(min=1e-9)
    if abs(q - 1.0) < 1e-6:
        return -(p * p.log()).sum(-1)
    return (1.0 - p.pow(q).sum(-1)) / (q - 1.0)


def most(q: float, experts: int = 2) -> float:
    """S_q of even probabilities, the largest there is."""
    return math.log(experts) if abs(q - 1.0) < 1e-6 else (1.0 - experts ** (1.0 - q)) / (q - 1.0)


class TsallisHybrid(Router):
    """A token whose S_q is above `uncertain` of the largest is read by every expert, any other by its top-p; S_q is also a loss.

    With two experts both rules come to a bound on the larger p (0.97 at q = 1.5 means 0.60), so that against `TopP` the loss is the difference.
    """

    terms = ("balance",)

    def __init__(self, target_emamba: float = 0.3, q: float = 1.5, uncertain: float = 0.97, threshold: float = 0.6, weight: float = 0.05):
        super().__init__(target_emamba)
        self.q, self.uncertain, self.threshold, self.weight = q, uncertain, threshold, weight

    def route(self, gated: Gated) -> Routing:
        p = torch.softmax(gated.logits / gated.temperature, dim=-1)
        unsure = tsallis(p.detach(), self.q) > self.uncertain * most(self.q)
        return Routing(p, p, nucleus(p.detach(), self.threshold) | unsure[..., None])

    def losses(self, model, encoded) -> dict[str, torch.Tensor]:
        return {"tsallis": self.weight * tsallis(encoded.p[encoded.valid].float(), self.q).mean()}
