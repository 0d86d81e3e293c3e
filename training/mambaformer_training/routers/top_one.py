"""Top-1 by the gate's logit, taught by utility: what ships."""

import torch

from .router import Gated, Router, Routing, one_of_two


class TopOne(Router):
    """The largest of logit + noise; the noise-free p of that expert weights its output (README, "Decisions")."""

    terms = ("cost", "balance", "entropy", "router_z")
    utility = True

    def route(self, gated: Gated) -> Routing:
        p = torch.softmax(gated.logits / gated.temperature, dim=-1)
        quiet = one_of_two(gated.logits)
        return Routing(p, p, quiet if gated.noise is None else one_of_two(gated.logits + gated.noise), quiet)
