"""What is compared, by name."""

from dataclasses import dataclass, field

from ..errors import DataError


@dataclass(frozen=True)
class Setting:
    """One way of routing and its loss; what is not named here is that of the shipped training."""

    name: str
    router: str = "top1_utility"
    arguments: dict = field(default_factory=dict)   # of the router
    weights: dict = field(default_factory=dict)     # of the loss (`Weights`)
    noise: tuple[float, float] | None = None        # scale at the start and at the end; None: the config's

    def content(self) -> dict:
        """What makes it this setting, for the record."""
        return {"router": self.router, "arguments": self.arguments, "weights": self.weights, "noise": self.noise and list(self.noise)}


OURS = Setting("top1_utility")

ROUTERS = [
    OURS, *(Setting(name, name) for name in ("straight_through", "softmax_balance", "top_p", "expert_choice", "sinkhorn", "loss_free", "bip", "tsallis", "coupling", "null", "utility_bias")),
    Setting("hashed", "hashed"), Setting("only_et5", "fixed", {"expert": 0}), Setting("only_emamba", "fixed", {"expert": 1}),
]

ABLATION = [
    OURS, *(Setting(f"without_{term}", weights={term: 0.0}) for term in ("utility", "cost", "balance", "entropy", "router_z")),
    Setting("without_noise", noise=(0.0, 0.0)), Setting("without_annealing", noise=(0.1, 0.1)),
]

# Balance as strong as usual would hold the share at its target whatever a token costs; utility weighs what balance did, and lambda can move it.
SWEEP = [Setting(f"lambda_{value:g}", weights={"cost_of_utility": value, "utility": 0.5, "balance": 0.1, "cost": 0.0}) for value in (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)]

# Without any balance, to see what utility alone makes of the gate.
UNBALANCED = [Setting(f"lambda_{value:g}_unbalanced", weights={"cost_of_utility": value, "utility": 0.5, "balance": 0.0, "cost": 0.0}) for value in (0.0, 1.0, 2.0, 4.0, 8.0)]

EXPERIMENTS = {"routers": ROUTERS, "ablation": ABLATION, "sweep": SWEEP, "unbalanced": UNBALANCED}


def settings_of(experiment: str, only: list[str]) -> list[Setting]:
    """Those of an experiment, or the named ones of it."""
    known = {s.name: s for s in EXPERIMENTS[experiment]}
    if strange := [name for name in only if name not in known]:
        raise DataError(f"{experiment} has no setting {', '.join(strange)}; it has {', '.join(known)}")
    return [known[name] for name in only] or list(known.values())
