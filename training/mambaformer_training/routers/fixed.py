"""No gate at all: every token to one expert, or by a hash of its piece. What a gate has to beat."""

import torch

from .router import EMAMBA, ET5, Gated, Router, Routing


class Fixed(Router):
    """All tokens on `expert`, with factor 1."""

    def __init__(self, target_emamba: float = 0.3, expert: int = ET5):
        super().__init__(target_emamba)
        self.expert = expert

    def route(self, gated: Gated) -> Routing:
        active = torch.zeros_like(gated.logits, dtype=torch.bool)
        active[..., self.expert] = True
        weights = torch.ones_like(gated.logits)
        return Routing(weights * active, weights, active)


class Hashed(Router):
    """A fixed random share of the vocabulary on EMamba (Roller et al. 2021, hash layers): routing that knows nothing of the task."""

    def route(self, gated: Gated) -> Routing:
        # Multiplicative hashing (Knuth): neighbours in the vocabulary land far apart.
        second = (gated.ids * 2654435761) % 2**32 < self.targets[EMAMBA] * 2**32
        active = torch.stack([~second, second], dim=-1)
        return Routing(active.to(gated.logits.dtype), torch.ones_like(gated.logits), active)
