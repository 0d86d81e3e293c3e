"""Training a part of the model: what is not named keeps its bits, has no gradient and no state in the optimiser."""

from torch import nn

from .errors import TrainingError


class UnknownParameters(TrainingError):
    """A prefix with which no parameter's name begins."""

    def __init__(self, prefixes: list[str], parts: list[str]):
        self.prefixes = prefixes
        super().__init__(f"no parameter's name begins with {', '.join(f'`{p}`' for p in prefixes)}; the model's parts are {', '.join(parts)}")


def train_only(model: nn.Module, prefixes: list[str]) -> list[str]:
    """Freezes every parameter whose name begins with none of `prefixes`; returns the names of the others."""
    names = [name for name, _ in model.named_parameters()]
    if unknown := [p for p in prefixes if not p or not any(name.startswith(p) for name in names)]:
        raise UnknownParameters(unknown, list(dict.fromkeys(name.partition(".")[0] for name in names)))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(tuple(prefixes)))
    return [name for name in names if name.startswith(tuple(prefixes))]
