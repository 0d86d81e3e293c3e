"""Balance by a bias instead of a loss (Wang et al. 2024, "Auxiliary-Loss-Free Load Balancing", arXiv 2408.15664)."""

import torch

from .router import Gated, Router, Routing, one_of_two


class LossFree(Router):
    """The larger p + bias is chosen, p without it weights; after each step the bias of an expert below its target grows by `rate`."""

    terms = ("router_z",)

    def __init__(self, target_emamba: float = 0.3, rate: float = 0.01):
        super().__init__(target_emamba)
        self.rate = rate
        self.register_buffer("bias", torch.zeros(2))

    def route(self, gated: Gated) -> Routing:
        p = torch.softmax(gated.logits / gated.temperature, dim=-1)
        return Routing(p, p, one_of_two(p.detach() + self.bias))

    @torch.no_grad()
    def after_step(self, encoded) -> None:
        load = encoded.active[encoded.valid].float().mean(0)
        self.bias += self.rate * torch.sign(load.new_tensor(self.targets) - load)
