"""Experts choose tokens (Zhou et al. 2022, "Mixture-of-Experts with Expert Choice Routing", arXiv 2202.09368)."""

import torch

from .router import EMAMBA, ET5, Gated, Router, Routing


class ExpertChoice(Router):
    """Each expert takes the share `capacity * target` of every prompt's tokens, those with its largest p.

    The choice is per prompt and not per batch: an answer must not depend on its neighbours, and the encoder reads the whole prompt before
    it routes. With two experts and capacity 1 the shares are complementary; more capacity lets tokens be read by both, less by none.
    """

    terms = ("router_z",)

    def __init__(self, target_emamba: float = 0.3, capacity: float = 1.0):
        super().__init__(target_emamba)
        self.capacity = capacity

    def loads(self, lengths: torch.Tensor) -> torch.Tensor:
        """Tokens that each expert takes of prompts of these lengths [B]: [B, 2]."""
        emamba = (self.capacity * self.targets[EMAMBA] * lengths).round().long()
        # Of a whole capacity the first expert takes exactly the rest.
        et5 = lengths - emamba if self.capacity == 1.0 else (self.capacity * self.targets[ET5] * lengths).round().long()
        return torch.minimum(torch.stack([et5, emamba], dim=-1), lengths[:, None])

    def route(self, gated: Gated) -> Routing:
        p = torch.softmax(gated.logits / gated.temperature, dim=-1)
        # Ranked by the margin, which orders tokens as p does and ties less where p is saturated.
        margin = (gated.logits[..., EMAMBA] - gated.logits[..., ET5]).detach()
        loads = self.loads(gated.valid.sum(1))
        active = torch.zeros_like(gated.logits, dtype=torch.bool)
        for expert, liking in ((ET5, -margin), (EMAMBA, margin)):
            order = liking.masked_fill(~gated.valid, -torch.inf).argsort(dim=1, descending=True, stable=True)
            rank = torch.empty_like(order).scatter_(1, order, torch.arange(order.shape[1], device=order.device).expand_as(order))
            active[..., expert] = rank < loads[:, expert : expert + 1]
        return Routing(p, p, active)
