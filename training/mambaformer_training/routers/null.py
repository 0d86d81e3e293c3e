"""A null expert: a token may be read by nobody (Zeng et al. 2024, AdaMoE, arXiv 2406.13233)."""

import torch
from torch import nn

from .router import EMAMBA, ET5, Gated, Router, Routing


class NullExpert(Router):
    """A third logit for nothing, from the gate's features; the largest of the three is chosen. A skipped token keeps its embedding and costs nothing.

    The balance loss holds the null share near `target_null`; without it skipping is either never or always the easiest.
    """

    terms = ("router_z",)

    def __init__(self, target_emamba: float = 0.3, features: int = 0, target_null: float = 0.2, weight: float = 0.5):
        super().__init__(target_emamba)
        self.target_null, self.weight = target_null, weight
        self.nothing = nn.Linear(features, 1)
        nn.init.zeros_(self.nothing.weight)
        nn.init.constant_(self.nothing.bias, -0.5)
        self.register_buffer("usual", torch.tensor(self.wanted()))

    def wanted(self) -> list[float]:
        """Target shares of ET5, EMamba and nothing."""
        return [(1 - self.target_null) * self.targets[ET5], (1 - self.target_null) * self.targets[EMAMBA], self.target_null]

    def route(self, gated: Gated) -> Routing:
        logits = torch.cat([gated.logits, self.nothing(gated.features)], dim=-1)
        p = torch.softmax(logits / gated.temperature, dim=-1)
        pick = lambda scores: torch.nn.functional.one_hot(scores.argmax(-1), 3)[..., :2].bool()
        noisy = logits if gated.noise is None else logits + torch.cat([gated.noise, torch.zeros_like(logits[..., :1])], dim=-1)
        return Routing(p[..., :2], p[..., :2], pick(noisy), pick(logits))

    def losses(self, model, encoded) -> dict[str, torch.Tensor]:
        p = encoded.p[encoded.valid]
        mean = torch.cat([p.mean(0), (1 - p.sum(-1)).mean()[None]])
        return {"null_balance": self.weight * (self.usual / self.usual.new_tensor(self.wanted()) * mean).sum()}

    @torch.no_grad()
    def after_step(self, encoded) -> None:
        load = encoded.quiet[encoded.valid].float().mean(0)
        self.usual.mul_(0.95).add_(0.05 * torch.cat([load, 1 - load.sum()[None]]))
