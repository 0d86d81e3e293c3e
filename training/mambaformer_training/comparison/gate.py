"""Prices of cost on a finished model: its gate alone is trained from its export, and measured beside the export as it stands."""

import hashlib
import json
import time
from pathlib import Path

import torch

from .. import checkpoint
from ..costs import Costs
from ..errors import CheckpointError, DataError
from ..routers import EMAMBA, ET5, ROUTERS
from ..start import config_of, load_export, parent_of, sha256_of
from ..tokens import encode_items, load_tokenizer
from ..train import Trainer
from .run import measure, planned
from .settings import Setting

# What may be added to the sweep without the runs that are done meaning something else.
OPEN = ("lambdas", "seeds", "biases", "further")


def as_it_stands(plan: dict) -> list[Setting]:
    """Without training: the export, all tokens on one expert, and the export with a bias on EMamba's logit."""
    return [Setting("shipped", arguments={"bias": 0.0}), Setting("all_et5", "fixed", {"expert": ET5}), Setting("all_emamba", "fixed", {"expert": EMAMBA}),
            *(Setting(f"bias_{value:+g}", arguments={"bias": float(value)}) for value in plan["biases"])]


def trained(plan: dict) -> list[Setting]:
    """A run for each price."""
    return [Setting(f"lambda_{value:g}", weights=plan["weights"] | {"cost_of_utility": float(value)}) for value in plan["lambdas"]]


def further(plan: dict) -> list[Setting]:
    """The same with other weights of the loss, a few prices each."""
    return [Setting(f"{other['name']}_lambda_{value:g}", weights=plan["weights"] | other["weights"] | {"cost_of_utility": float(value)}) for other in plan.get("further", []) for value in other["lambdas"]]


def every(plan: dict) -> list[Setting]:
    """All of them; what is not trained has no weights of the loss and comes first, for the rest is read against it."""
    return as_it_stands(plan) + trained(plan) + further(plan)


def named(settings: list[Setting], only: list[str]) -> list[Setting]:
    """The named ones of the settings; all of them where none is named."""
    if strange := [name for name in only if name not in {s.name for s in settings}]:
        raise DataError(f"the sweep has no setting {', '.join(strange)}; it has {', '.join(s.name for s in settings)}")
    return [s for s in settings if not only or s.name in only]


class Stopped(CheckpointError):
    """A run that was told to stop; the sweep ends with it."""

    def __init__(self, name: str, seed: int, step: int):
        super().__init__(f"{name} with seed {seed} was stopped at step {step}; its checkpoint is kept, the same command goes on from there")


class GateSweep:
    """Export, items and costs of all runs; `run_all` runs them."""

    def __init__(self, plan: dict, root: Path, costs: Path, items: Path, work: Path):
        self.plan, self.start, self.items, self.work = plan, root / plan["start"], items, work
        self.config, self.costs = config_of(self.start), Costs.read(costs, plan["costs"])
        tokenizer = self.start / "tokenizer.json"
        self.parent = parent_of(self.start, tokenizer)
        fixed = {key: value for key, value in plan.items() if key not in OPEN}
        files = [sha256_of(items / f"{split}.jsonl") for split in ("train", "validation")]
        # Whatever changes what a run means changes this: its records do not count for another plan.
        self.plan_sha = hashlib.sha256(json.dumps([fixed, self.costs.to_dict(), self.parent["sha256"], files]).encode()).hexdigest()[:12]
        self.train, self.validation = (encode_items(load_tokenizer(tokenizer), items / f"{split}.jsonl", self.config.max_tokens, plan["items"][split]) for split in ("train", "validation"))

    def folder(self, setting: Setting, seed: int) -> Path:
        """Where a run keeps its checkpoint and log; `export --run` takes it."""
        return self.work / self.plan_sha / f"{setting.name}.seed{seed}"

    def trainer(self, setting: Setting, seed: int) -> Trainer:
        """A trainer with the export's weights; the order of the items and the noise hang on the seed alone."""
        router = ROUTERS[setting.router](**({} if "bias" in setting.arguments else setting.arguments))
        settings = planned(self.plan, seed, len(self.validation), self.costs, weights=setting.weights or None, only=self.plan["only"], parent=self.parent, validation_minutes=1e6)
        trainer = Trainer(self.config, settings, self.train, self.validation, [1] * self.config.vocab_size, self.folder(setting, seed), router=router)
        load_export(trainer.model, self.start)
        with torch.no_grad():
            trainer.model.gate.fc2.bias[EMAMBA] += setting.arguments.get("bias", 0.0)
        return trainer

    def run(self, setting: Setting, seed: int) -> dict:
        """Trains, where the setting has weights of the loss, and measures; the record of it. A run that was stopped goes on from its checkpoint."""
        trainer, begin = self.trainer(setting, seed), time.monotonic()
        if setting.weights:
            if (trainer.run / "checkpoint.pt").is_file():
                trainer.restore(checkpoint.load(trainer.run / "checkpoint.pt"))
            trainer.fit()
            if trainer.step < self.plan["steps"]:
                raise Stopped(setting.name, seed, trainer.step)
            validation = trainer.last_validation
        else:
            validation = trainer.validate()
        return {"setting": setting.name, **setting.content(), "seed": seed, "plan": self.plan_sha, "steps": trainer.step, "source_tokens": trainer.tokens, "seconds": time.monotonic() - begin, "validation": validation | measure(trainer)}
