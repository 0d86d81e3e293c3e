"""Balance by the dual of an assignment problem (Sun 2025, "Binary-Integer-Programming Based Algorithm for Expert Load Balancing", arXiv 2502.15451)."""

import torch

from .router import Gated, Router, Routing, one_of_two


def prices(scores: torch.Tensor, capacities: list[int], price: torch.Tensor, rounds: int) -> torch.Tensor:
    """Prices [2] of the experts under which the scores [n, 2] fill no expert beyond its capacity.

    Maximise the sum of chosen scores, one expert a token, at most capacities[e] tokens an expert. Its dual alternates: a token's rent is
    what its second choice would leave it, an expert's price the gain of the first token that finds no room.
    """
    price = price.clone()
    for _ in range(rounds):
        rent = (scores - price).amin(-1, keepdim=True).clamp(min=0.0)
        for expert, capacity in enumerate(capacities):
            if capacity < len(scores):
                gains = (scores[:, expert] - rent[:, 0]).topk(capacity + 1).values
                price[expert] = gains[-1].clamp(min=0.0)
            else:
                price[expert] = 0.0
    return price


class Bip(Router):
    """The larger p less price is chosen, p weights. Each training batch begins with the prices of the last; inference keeps them."""

    terms = ("router_z",)

    def __init__(self, target_emamba: float = 0.3, rounds: int = 8):
        super().__init__(target_emamba)
        self.rounds = rounds
        self.register_buffer("price", torch.zeros(2))

    def route(self, gated: Gated) -> Routing:
        p = torch.softmax(gated.logits / gated.temperature, dim=-1)
        if self.training:
            scores = p.detach()[gated.valid].float()
            emamba = int(round(self.targets[1] * len(scores)))
            self.price.copy_(prices(scores, [len(scores) - emamba, emamba], self.price, self.rounds))
        return Routing(p, p, one_of_two(p.detach() - self.price))
