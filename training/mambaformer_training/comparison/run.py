"""Runs settings one after the other, a JSON line each; a setting and seed that the file already has is not run again."""

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from ..batches import IGNORED, collate
from ..config import Config
from ..costs import Costs
from ..errors import DataError
from ..objective import token_cost
from ..routers import ET5, ROUTERS, NullExpert, Router
from ..tokens import encode_items, load_tokenizer
from ..train import Settings, Trainer
from .items import choose
from .settings import Setting

TIMED_PROMPTS = 24


@dataclass
class Paths:
    """Where a comparison reads."""

    config: Path      # comparison.json
    costs: Path       # costs.json
    items: Path       # folder with train.jsonl and validation.jsonl (DentalQA)
    tokenizer: Path   # folder
    work: Path        # where the cut items are written


def read_plan(path: Path) -> dict:
    """What a comparison's or sweep's file says."""
    if not path.is_file():
        raise DataError(f"{path} does not exist; give the plan of the runs by --config")
    return json.loads(path.read_bytes())


def planned(plan: dict, seed: int, validation_items: int, costs: Costs, **more) -> Settings:
    """Settings of a run of the plan: what its file says, on one thread, in f32."""
    of_plan = {name: plan[name] for name in ("tokens_per_batch", "learning_rate", "warmup_steps", "without_prior", "noise_start", "noise_end")}
    return Settings(**(of_plan | {"seed": seed, "max_steps": plan["steps"], "dtype": "f32", "threads": 1, "validation_items": validation_items, "costs": costs.to_dict()} | more))


class Comparison:
    """Items and costs of all runs. Each begins with random weights and has no teacher: what the sentence encoder knows would hide what routing does."""

    def __init__(self, paths: Paths):
        self.plan, self.paths = read_plan(paths.config), paths
        self.config = Config.from_dict(self.plan["model"])
        self.costs = Costs.read(paths.costs, self.plan["costs"])
        # Whatever changes what a run means changes this: its records do not count for another plan.
        self.plan_sha = hashlib.sha256(paths.config.read_bytes() + json.dumps(self.costs.to_dict()).encode()).hexdigest()[:12]
        tokenizer = load_tokenizer(paths.tokenizer / "tokenizer.json")
        self.tokenizer, self.counts = tokenizer, json.loads((paths.tokenizer / "piece_counts.json").read_text())
        limits, self.sizes, parts = self.plan["items"], {}, {}
        for split in ("train", "validation"):
            file = paths.work / f"{split}.jsonl"
            self.sizes[split] = choose(paths.items / f"{split}.jsonl", file, tokenizer, limits[split], limits)
            parts[split] = encode_items(tokenizer, file, self.config.max_tokens)
        self.train, self.validation = parts["train"], parts["validation"]

    def router(self, setting: Setting) -> Router:
        """A new router of the setting."""
        kind = ROUTERS[setting.router]
        own = {"features": self.config.d_model + 4} if kind is NullExpert else {}
        return kind(**own, **setting.arguments)

    def trainer(self, setting: Setting, seed: int) -> Trainer:
        """A trainer at its first step; the model, the order of the items and what they meet hang on the seed alone."""
        plan = self.plan
        start, end = setting.noise or (plan["noise_start"], plan["noise_end"])
        settings = planned(plan, seed, len(self.validation), self.costs, noise_start=start, noise_end=end, weights=setting.weights or None)
        torch.manual_seed(seed)
        router = self.router(setting)
        # Sets the seed again before it draws the weights.
        return Trainer(self.config, settings, self.train, self.validation, self.counts, self.paths.work, router=router)

    def run(self, setting: Setting, seed: int) -> dict:
        """Trains for the plan's steps and measures; the record of it."""
        trainer = self.trainer(setting, seed)
        begin, refused, last = time.monotonic(), 0, []
        for step in range(self.plan["steps"]):
            record = trainer.train_step()
            refused += not record["gradient_norm"] < float("inf")
            last = (last + [record])[-20:]
        trained = time.monotonic() - begin
        mean = lambda name: sum(r[name] for r in last) / len(last)
        return {"setting": setting.name, **setting.content(), "seed": seed, "plan": self.plan_sha, "steps": trainer.step, "source_tokens": trainer.tokens, "answer_tokens": trainer.answer_tokens, "refused_steps": refused,
                "loss_at_end": {k: mean(k) for k in ("nll", "selection", "gradient_norm", "top_p")}, "seconds": trained, "validation": trainer.validate() | measure(trainer)}


@torch.no_grad()
def measure(trainer: Trainer) -> dict:
    """What validation does not count: token accuracy, who reads the tokens (all, shortest and longest third of the prompts), their cost and the encoder's time."""
    trainer.model.eval()
    trainer.router.eval()
    model, config = trainer.model, trainer.config
    items = sorted(trainer.validation, key=lambda i: len(i["source"]))
    right = answered = cost = 0.0
    rows = []
    for start in range(0, len(items), 8):
        batch = collate(items[start : start + 8], config.decoder_start_token_id, config.decoder_prefix)
        encoded = model.encode(batch["ids"], batch["lengths"], router=trainer.router)
        z, packing = model.decode(encoded, batch["decoder_ids"], batch["decoder_lengths"])
        target = packing.pack(batch["labels"][..., None])[:, 0]
        right += float((model.mixture(encoded, z, packing).argmax(-1) == target)[target != IGNORED].sum())
        answered += float((target != IGNORED).sum())
        active = encoded.active & encoded.valid[..., None]
        cost += float((active.sum(1) * token_cost(batch["lengths"], config.max_tokens, trainer.costs)).sum())
        both, none = active.all(-1).sum(1), (~active.any(-1) & encoded.valid).sum(1)
        rows += torch.stack([active[..., 0].sum(1), active[..., 1].sum(1), both, none, batch["lengths"]], dim=1).tolist()
    third = len(rows) // 3
    shares = lambda part: [sum(r[k] for r in part) / sum(r[4] for r in part) for k in range(4)]
    names = ("et5", "emamba", "both", "none")
    return {"token_accuracy": right / answered, "cost": cost / sum(r[4] for r in rows), "share": dict(zip(names, shares(rows))),
            "share_shortest_third": dict(zip(names, shares(rows[:third]))), "share_longest_third": dict(zip(names, shares(rows[-third:]))), **encoder_times(trainer, items)}


@torch.no_grad()
def encoder_times(trainer: Trainer, items: list[dict], rounds: int = 5) -> dict[str, float]:
    """Microseconds a token from ids to memory, one prompt at a time as the product reads them, and as a share of the same with all tokens on ET5.

    Best of `rounds` for each of a few prompts of all lengths. The two ways take turns: the machine's pace changes from run to run, their
    ratio does not.
    """
    chosen = items[:: max(1, len(items) // TIMED_PROMPTS)][:TIMED_PROMPTS]
    routed = forced = 0.0
    for item in chosen:
        ids, lengths = torch.from_numpy(item["source"]).long()[None], torch.tensor([len(item["source"])])
        best = [float("inf"), float("inf")]
        for _ in range(rounds):
            for way, arguments in enumerate(({"router": trainer.router}, {"force": ET5})):
                begin = time.perf_counter()
                trainer.model.encode(ids, lengths, **arguments)
                best[way] = min(best[way], time.perf_counter() - begin)
        routed, forced = routed + best[0], forced + best[1]
    return {"encoder_us_a_token": routed / sum(len(i["source"]) for i in chosen) * 1e6, "encoder_relative": routed / forced}


def rounded(value):
    """Six digits are more than a run of this size holds."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return round(value, 6) if isinstance(value, float) else value


def done(out: Path) -> set[tuple]:
    """(plan, setting's content, seed) of the records in the file."""
    if not out.is_file():
        return set()
    return {(r["plan"], json.dumps([r[k] for k in ("router", "arguments", "weights", "noise")]), r["seed"]) for r in map(json.loads, out.open(encoding="utf-8"))}


def run_all(comparison, settings: list[Setting], seeds: list[int], out: Path) -> int:
    """Appends a record for each setting and seed that the file lacks, seed by seed, so that a stop leaves whole rounds; returns how many were run."""
    out.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    for seed in seeds:
        for setting in settings:
            key = comparison.plan_sha, json.dumps([setting.content()[k] for k in ("router", "arguments", "weights", "noise")]), seed
            if key in done(out):
                continue
            record = rounded(comparison.run(setting, seed))
            with out.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(record) + "\n")
            v = record["validation"]
            print(json.dumps({"setting": setting.name, "seed": seed, "seconds": round(record["seconds"], 1), "nll": v["nll"], "first_sentence": v["first_sentence"], "share_emamba": v["share"]["emamba"]}), flush=True)
            count += 1
    return count
