"""Top-1 softmax with a balance loss (Fedus et al. 2021, Switch Transformer) and the router z-loss (Zoph et al. 2022, ST-MoE)."""

from .top_one import TopOne


class SoftmaxBalance(TopOne):
    """The choice of `TopOne`, without utility, cost and entropy: the common baseline.

    Its f.P is the project's: f is the running share over the target share (`objective.router_terms`).
    """

    terms = ("balance", "router_z")
    utility = False
