"""The training loop. The learning rate follows the wall clock: a run given 75 minutes ends decayed after 75 minutes."""

import ctypes
import json
import math
import signal
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from . import checkpoint
from .batches import IGNORED, Order, collate, to_device
from .config import Config
from .costs import Costs
from .distil import Teacher
from .errors import CheckpointError
from .et5 import MASKED
from .model import MambaFormer
from .objective import Utility, Weights, router_terms, selection_logits, task_terms, without_prior
from .only import train_only
from .parallel import Averaged, Parallel, own_device
from .routers import EMAMBA, Router, TopOne


@dataclass
class Settings:
    """What a run was asked to do; stored in the checkpoint and in training.json."""

    seed: int = 17
    minutes: float = 75.0
    tokens_per_batch: int = 2400
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    weight_decay: float = 0.01
    clip: float = 1.0
    noise_start: float = 0.1
    noise_end: float = 0.02
    # Share of the items whose sentences are chosen without retrieval's prior: what it explains alone teaches the model nothing.
    without_prior: float = 0.7
    dtype: str = "auto"
    # cpu or cuda; each process takes its own GPU.
    device: str = "cpu"
    threads: int = 2
    checkpoint_minutes: float = 5.0
    validation_minutes: float = 5.0
    validation_items: int = 240
    log_every: int = 20
    max_steps: int | None = None
    # Batches a step is made of (see `parallel`), and whether each process keeps a part of the optimiser's state only.
    shards: int = 1
    sharded_optimiser: bool = False
    # The export a run began with (see `start`), and the items of other folders that were added.
    parent: dict | None = None
    # The sentence encoder whose words the run began with (see `warm`).
    warm: dict | None = None
    # Weights of the loss that are not the usual ones, by name; from a resumption on they may be others.
    weights: dict | None = None
    added: dict | None = None
    # Measured cost of a token on each expert (`Costs`); without it the simple model of `token_cost`.
    costs: dict | None = None
    # How the names of the parameters begin that are trained; None: all of them.
    only: list[str] | None = None


def faster_dtype(device: torch.device) -> str:
    """bf16 on a GPU that has it, and where the processor multiplies it faster than f32 (AMX; measured); f32 otherwise."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "f32"
    times = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, w = torch.randn(1024, 384).to(dtype), torch.randn(1024, 384).to(dtype)
        for _ in range(3):
            torch.nn.functional.linear(a, w)
        begin = time.perf_counter()
        for _ in range(20):
            torch.nn.functional.linear(a, w)
        times[dtype] = time.perf_counter() - begin
    return "bf16" if times[torch.bfloat16] < 0.8 * times[torch.float32] else "f32"


def flush_denormals() -> None:
    """Numbers below 1e-38 become zero: a softmax with masked places is full of them, and a product with them runs at a third of the speed."""
    torch.set_flush_denormal(True)


def keep_memory() -> None:
    """Tells glibc to keep freed blocks: returning every activation to the kernel costs a page fault per 4 KiB at each step."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 1 << 25)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD
        libc.mallopt(-2, 1 << 28)  # M_TOP_PAD
    except (OSError, AttributeError):
        pass  # another C library; slower, not wrong


def drop_prior(choices: dict, which: torch.Tensor) -> None:
    """Makes the sentences of the items `which` [B] equally likely, as far as they may begin at all."""
    prior = choices["prior"]
    prior[which[choices["rows"]][:, None] & (prior > MASKED / 2)] = 0.0


def optimiser_of(model: MambaFormer, settings: Settings) -> torch.optim.Optimizer:
    """AdamW over what is trained; no decay on norms, biases, embeddings, A_log and D."""
    decayed, plain = [], []
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        matrix = p.ndim == 2 and not any(part in name for part in ("shared", "A_log", "relative_attention_bias", "prototypes"))
        (decayed if matrix else plain).append(p)
    groups = [{"params": part, "weight_decay": decay} for part, decay in ((decayed, settings.weight_decay), (plain, 0.0)) if part]
    numbers = {"lr": settings.learning_rate, "betas": (0.9, 0.98), "eps": 1e-8, "fused": True}
    if settings.sharded_optimiser:
        from torch.distributed.optim import ZeroRedundancyOptimizer

        return ZeroRedundancyOptimizer(groups, torch.optim.AdamW, **numbers)
    return torch.optim.AdamW(groups, **numbers)


class Trainer:
    """One run: model, optimiser, data order, clock."""

    def __init__(self, config: Config, settings: Settings, train: list[dict], validation: list[dict], counts, run: Path, teacher: Teacher | None = None, router: Router | None = None, parallel: Parallel | None = None):
        self.config, self.settings, self.run = config, settings, run
        self.parallel = parallel or Parallel(device=own_device(settings.device))
        self.device = self.parallel.device
        self.own_shards = self.parallel.shards(settings.shards)
        if settings.sharded_optimiser and self.parallel.world == 1:
            raise CheckpointError("--shard-optimiser shares the optimiser's state among processes; start the run with torchrun, or leave it out")
        if settings.only and teacher is not None:
            raise CheckpointError("--teacher learns projections of its own, which mean nothing before they have turned to a model that learns with them; leave it or --only out")
        self.items, self.validation = train, validation[: settings.validation_items]
        torch.manual_seed(settings.seed)
        self.model = MambaFormer(config)
        self.model.set_counts(torch.as_tensor(counts))
        self.model.refresh_table_norm()
        # Made on the processor and moved: a seed begins with the same weights on any device.
        self.model.to(self.device)
        if settings.only:
            train_only(self.model, settings.only)
        self.teacher = teacher if teacher is None else teacher.to(self.device)
        self.optimiser = optimiser_of(self.model, settings)
        if teacher is not None:
            # The projections are cosines' only: until they have turned to the vectors they teach the model noise.
            self.optimiser.add_param_group({"params": list(teacher.parameters()), "weight_decay": 0.0, "rate": 8.0})
        self.order = Order([len(i["source"]) for i in train], settings.tokens_per_batch, settings.seed)
        self.weights, self.utility = Weights(**(settings.weights or {})), Utility()
        self.costs = Costs(**settings.costs) if settings.costs else None
        self.router = (TopOne(self.weights.target_emamba) if router is None else router).to(self.device)
        if extra := list(self.router.parameters()):
            self.optimiser.add_param_group({"params": extra, "weight_decay": 0.0})
        self.step, self.elapsed, self.tokens, self.answer_tokens = 0, 0.0, 0, 0
        self.dtype = faster_dtype(self.device) if settings.dtype == "auto" else settings.dtype
        self.usual = [0.5, 0.5]
        self.stop = self.told_to_stop = False
        self.last_validation: dict = {}

    # -- state ---------------------------------------------------------------------------------------------------
    def state(self) -> dict:
        return {"teacher": self.teacher and self.teacher.state_dict(), "config": self.config.to_dict(), "settings": asdict(self.settings), "weights": asdict(self.weights), "model": self.model.state_dict(), "router": self.router.state_dict(),
                "optimiser": self.optimiser.state_dict(), "order": self.order.state(), "utility": self.utility.state(), "step": self.step,
                "elapsed": self.elapsed, "tokens": self.tokens, "answer_tokens": self.answer_tokens,
                "usual": list(self.usual), "validation": self.last_validation, "dtype": self.dtype}

    def restore(self, state: dict) -> None:
        if state["config"] != self.config.to_dict():
            raise CheckpointError("the checkpoint belongs to another config; give the preset it was trained with")
        self.model.load_state_dict(state["model"])
        self.router.load_state_dict(state.get("router", {}))
        if (self.teacher is None) != (state.get("teacher") is None):
            raise CheckpointError("the run began " + ("without" if state.get("teacher") is None else "with") + " --teacher; resume it the same way")
        if self.teacher is not None:
            self.teacher.load_state_dict(state["teacher"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.order.restore(state["order"])
        self.utility.restore(state["utility"])
        self.step, self.elapsed, self.tokens, self.answer_tokens = state["step"], state["elapsed"], state["tokens"], state["answer_tokens"]
        self.usual = list(state.get("usual", self.usual))
        self.last_validation = state["validation"]

    # -- one step ------------------------------------------------------------------------------------------------
    def running(self) -> list[Averaged]:
        """What a batch moves besides the gradients."""
        buffers = [b for b in self.router.buffers() if b.is_floating_point()]
        sizes = [b.numel() for b in buffers]

        def write(numbers: list[float]) -> None:
            for buffer, part in zip(buffers, torch.tensor(numbers, dtype=torch.float64, device="cpu").split(sizes)):
                buffer.copy_(part.view_as(buffer))

        return [Averaged(lambda: list(self.usual), lambda n: setattr(self, "usual", n)), Averaged(self.utility.numbers, self.utility.set_numbers),
                Averaged(lambda: [v for b in buffers for v in b.double().flatten().tolist()], write)]

    def progress(self) -> float:
        if self.settings.max_steps:
            return min(1.0, self.step / self.settings.max_steps)
        return min(1.0, self.elapsed / (60 * self.settings.minutes))

    def autocast(self):
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if self.dtype == "bf16" else nullcontext()

    def train_step(self) -> dict:
        s, w = self.settings, self.weights
        progress = self.progress()
        # Linear to nothing: the last third of a short run gains more from a small rate than from another pass.
        rate = s.learning_rate * min(1.0, (self.step + 1) / s.warmup_steps) * max(0.01, 1 - progress)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group.get("rate", 1.0)
        scale = s.noise_start + (s.noise_end - s.noise_start) * min(1.0, progress / 0.7)
        self.model.train()
        self.router.train()
        self.router.anneal(scale)
        self.optimiser.zero_grad(set_to_none=True)
        batches = [self.order.next() for _ in range(s.shards)]
        running, records = self.running(), []
        for shard in self.own_shards:
            for numbers in running:
                numbers.begin()
            # The same draws for this batch whichever process computes it, and after a resumption.
            torch.manual_seed((s.seed * 1_000_003 + self.step) * 4096 + shard)
            records.append(self.batch_step(batches[shard], scale))
            for numbers in running:
                numbers.end()
        for numbers in running:
            numbers.settle(self.parallel, s.shards)
        # The optimiser knows all there are: the model's, the teacher's, the router's.
        self.parallel.average_gradients([p for group in self.optimiser.param_groups for p in group["params"]], s.shards)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), s.clip)
        if not math.isfinite(norm):
            self.optimiser.zero_grad(set_to_none=True)
        else:
            self.optimiser.step()
        self.model.refresh_table_norm()
        self.step += 1
        names = list(records[0])
        summed = self.parallel.sum(torch.tensor([sum(r[name] for r in records) for name in names], dtype=torch.float64, device="cpu"))
        record = dict(zip(names, summed.tolist()))
        self.tokens += int(record["source_tokens"])
        self.answer_tokens += int(record.pop("answer_tokens"))
        means = {name: value if name == "source_tokens" else value / s.shards for name, value in record.items()}
        return means | {"gradient_norm": float(norm), "lr": rate, "noise": scale}

    def batch_step(self, indices: list[int], scale: float) -> dict:
        """Adds the gradient of one batch; what its terms came to."""
        s, w = self.settings, self.weights
        batch = collate([self.items[i] for i in indices], self.config.decoder_start_token_id, self.config.decoder_prefix)
        # Everything random is drawn on the processor: a seed draws the same on any device.
        drop_prior(batch["choices"], torch.rand(len(batch["lengths"]), device="cpu") < s.without_prior)
        gumbel = -torch.log(-torch.log(torch.rand(*batch["ids"].shape, 2, device="cpu").clamp(1e-9, 1 - 1e-7)))
        batch, gumbel = to_device(batch, self.device), gumbel.to(self.device)
        with self.autocast():
            encoded = self.model.encode(batch["ids"], batch["lengths"], noise=gumbel * scale, router=self.router)
            if encoded.mixed.requires_grad:
                encoded.mixed.retain_grad()
            task = task_terms(self.model, encoded, batch, self.teacher)
            router = router_terms(encoded, batch["lengths"], self.config.max_tokens, self.usual, w.target_emamba, self.costs)
            own = self.router.losses(self.model, encoded)
        loss = w.nll * task["nll"] + w.selection * task["selection"] + w.vectors * task["vectors"] + w.taught_choice * task["taught_choice"] + w.pointer * task["pointer"] + w.decision * task["decision"] + w.answerable * task["answerable"]
        total = loss
        for term in self.router.terms:
            total = total + getattr(w, term) * router[term]
        for term in own.values():
            total = total + term
        # A batch may say nothing of what is trained, such as the head for decisions.
        if total.requires_grad:
            total.backward()
        utility = self.utility.loss(self.model, encoded, batch["lengths"], w, self.costs) if self.config.emamba and self.router.utility else None
        # It teaches the gate alone, which --only may have left as it is.
        if utility is not None and utility.requires_grad:
            (w.utility * utility).backward()
        self.router.after_step(encoded)
        top = encoded.p.detach().amax(-1)[encoded.valid].mean()
        return {"loss": total.detach().item(), "nll": float(task["nll"].detach()), **{k: float(task[k].detach()) for k in ("selection", "vectors", "taught_choice")}, "pointer": float(task["pointer"].detach()), "decision": float(task["decision"].detach()), "answerable": float(task["answerable"].detach()),
                **{k: float(router[k].detach()) for k in ("cost", "balance", "entropy")}, "utility": 0.0 if utility is None else float(utility.detach()),
                "share_emamba": router["share_emamba"].item(), "top_p": top.item(), "source_tokens": int(batch["lengths"].sum()), "answer_tokens": int(task["answer_tokens"])}

    # -- validation ----------------------------------------------------------------------------------------------
    @torch.no_grad()
    def validate(self) -> dict:
        """Teacher-forced loss, routing without noise, heads, and whether the first pointer lies in the gold passage."""
        self.model.eval()
        self.router.eval()
        items = sorted(self.validation, key=lambda i: len(i["source"]))
        sums: dict[str, float] = {k: 0.0 for k in ("nll", "answer_tokens", "answerable_right", "items", "decision_right", "decision_count", "emamba", "tokens", "pointed", "pointed_right", "first_nll", "firsts", "chosen", "chosen_right", "chosen_alone", "ranked_right", "then", "then_right", "selection", "vectors", "batches")}
        shares = []
        for start in range(0, len(items), 8):
            batch = to_device(collate(items[start : start + 8], self.config.decoder_start_token_id, self.config.decoder_prefix), self.device)
            with self.autocast():
                encoded = self.model.encode(batch["ids"], batch["lengths"], router=self.router)
                task = task_terms(self.model, encoded, batch, self.teacher)
            sums["vectors"] += float(task["vectors"])
            sums["batches"] += 1
            n = int(task["answer_tokens"])
            sums["nll"] += task["nll"].item() * n
            sums["answer_tokens"] += n
            sums["answerable_right"] += float(task["answerable_right"])
            sums["items"] += len(batch["lengths"])
            sums["decision_right"] += float(task["decision_right"])
            sums["decision_count"] += float(task["decision_count"])
            routed = (encoded.active[..., EMAMBA] & encoded.valid).sum(1)
            sums["emamba"] += float(routed.sum())
            sums["tokens"] += float(batch["lengths"].sum())
            shares += (routed / batch["lengths"]).tolist()
            packing = task["packing"]
            sums["first_nll"] -= float(task["log_p"][packing.offsets[:-1] + batch["begins"]].sum())
            sums["firsts"] += float((batch["labels"].gather(1, batch["begins"][:, None]) != IGNORED).sum())
            if self.config.heads.copy:
                attention, _ = task["copying"]
                self.count_choices(attention, batch["choices"], sums)
                for row in range(len(batch["lengths"])):
                    a, b = batch["gold"][row].tolist()
                    if b > a:
                        sums["pointed"] += 1
                        sums["pointed_right"] += float(a <= int(attention[row, int(batch["begins"][row])].argmax()) < b)
        third = len(shares) // 3
        out = {"nll": sums["nll"] / max(1, sums["answer_tokens"]), "first_nll": sums["first_nll"] / max(1, sums["firsts"]), "answerable_accuracy": sums["answerable_right"] / sums["items"] if self.config.heads.answerable else None,
               "decision_accuracy": sums["decision_right"] / max(1, sums["decision_count"]), "share_emamba": sums["emamba"] / sums["tokens"],
               "share_emamba_short": sum(shares[:third]) / max(1, third), "share_emamba_long": sum(shares[-third:]) / max(1, third),
               "first_pointer_in_gold": sums["pointed_right"] / max(1, sums["pointed"]),
               "first_sentence": sums["chosen_right"] / max(1, sums["chosen"]), "first_sentence_without_prior": sums["chosen_alone"] / max(1, sums["chosen"]),
               "first_sentence_of_prior": sums["ranked_right"] / max(1, sums["chosen"]), "next_sentence_or_end": sums["then_right"] / max(1, sums["then"]),
               "vectors": sums["vectors"] / max(1, sums["batches"]), "selection": sums["selection"] / max(1, sums["chosen"] + sums["then"]), "items": int(sums["items"])}
        self.last_validation = out
        return out

    @staticmethod
    def count_choices(attention, choices: dict, sums: dict) -> None:
        """How often the first sentence is the right one (with retrieval's prior, without it, and by the prior alone), and what follows it."""
        if not len(choices["rows"]):
            return
        logits, targets, prior = selection_logits(attention, choices), choices["targets"], choices["prior"]
        sums["selection"] += float(torch.nn.functional.cross_entropy(logits, targets, reduction="sum"))
        first = torch.ones_like(targets, dtype=torch.bool)
        first[1:] = choices["rows"][1:] != choices["rows"][:-1]
        right = logits.argmax(1) == targets
        sums["chosen"] += int(first.sum())
        sums["chosen_right"] += int(right[first].sum())
        sums["chosen_alone"] += int((without_prior(logits, choices).argmax(1) == targets)[first].sum())
        sums["ranked_right"] += int((prior.argmax(1) == targets)[first].sum())
        sums["then"] += int((~first).sum())
        sums["then_right"] += int(right[~first].sum())

    # -- the loop ------------------------------------------------------------------------------------------------
    def log(self, record: dict) -> None:
        if not self.parallel.first:
            return
        record = {k: round(v, 6) if isinstance(v, float) else v for k, v in record.items()}
        with (self.run / "log.jsonl").open("a") as handle:
            handle.write(json.dumps(record) + "\n")
        print(json.dumps(record), flush=True)

    def pass_time(self, begin: float) -> None:
        """All processes go on with one clock; between two calls of this they decide alike."""
        self.elapsed, self.stop = self.parallel.agree(self.elapsed + time.monotonic() - begin, self.told_to_stop)

    def log_validation(self) -> None:
        """By the first process; the others wait for it."""
        begin = time.monotonic()
        if self.parallel.first:
            self.log({"event": "validation", "step": self.step, "elapsed": self.elapsed, **self.validate()})
        self.pass_time(begin)

    def save(self) -> None:
        if self.settings.sharded_optimiser:
            self.optimiser.consolidate_state_dict(to=0)
        if self.parallel.first:
            checkpoint.save(self.run / "checkpoint.pt", self.state())
        # Nobody leaves while it is being written.
        self.pass_time(time.monotonic())

    def fit(self) -> None:
        """Trains until the time is over, `max_steps` is reached or SIGTERM/SIGINT arrives; always ends with a checkpoint."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "told_to_stop", True))
        torch.set_num_threads(self.settings.threads)
        self.run.mkdir(parents=True, exist_ok=True)
        self.log({"event": "start", "step": self.step, "items": len(self.items), "parameters": sum(p.numel() for p in self.model.parameters()), "trained": sum(p.numel() for p in self.model.parameters() if p.requires_grad), **asdict(self.settings), "dtype": self.dtype})
        saved = validated = self.elapsed
        window, window_tokens, window_start = [], 0, time.monotonic()
        while not self.stop and self.progress() < 1.0:
            begin = time.monotonic()
            record = self.train_step()
            self.pass_time(begin)
            window.append(record)
            window_tokens += record["source_tokens"]
            if window and self.step % self.settings.log_every == 0:
                seconds = time.monotonic() - window_start
                mean = {k: sum(r[k] for r in window) / len(window) for k in record if k != "source_tokens"}
                self.log({"step": self.step, "elapsed": self.elapsed, "epoch": self.order.epoch, "tokens": self.tokens, "tokens_per_second": window_tokens / seconds, **mean})
                window, window_tokens, window_start = [], 0, time.monotonic()
            if self.elapsed - validated > 60 * self.settings.validation_minutes:
                self.log_validation()
                validated, window, window_tokens, window_start = self.elapsed, [], 0, time.monotonic()
            if self.elapsed - saved > 60 * self.settings.checkpoint_minutes:
                self.save()
                saved, window, window_tokens, window_start = self.elapsed, [], 0, time.monotonic()
        self.log_validation()
        self.save()
        self.log({"event": "end", "step": self.step, "elapsed": self.elapsed, "tokens": self.tokens, "answer_tokens": self.answer_tokens, "stopped": self.stop})
