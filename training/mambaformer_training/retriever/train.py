"""Tunes the sentence encoder to DentalQA: a question and the line it is answered from come together, other lines go apart.

InfoNCE over all lines of a batch (van den Oord et al. 2018). Each question brings its line, another line of the same passage (what has
to be told apart when an answer is put together) and a line of another passage that the encoder of the last epoch found near.
"""

import hashlib
import json
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from ..dentalqa import LICENCE
from ..errors import DataError
from .encoder import SentenceEncoder
from .entries import Asked, Entries
from .measure import bm25_scores, entry_scores, first_line, recall


# Of the encoder that tuning starts from, and of what it is tuned on.
LICENCES = [
    {"name": "all-MiniLM-L6-v2", "licence": "Apache-2.0", "attribution": "sentence-transformers; MiniLM by Wang et al. 2020, Microsoft"},
    LICENCE,
]

PARTS = 4  # of a batch, by length


@dataclass
class Settings:
    """Everything that decides the result."""

    seed: int = 17
    minutes: float = 25.0
    max_steps: int | None = None  # ends the run by steps instead of by the clock
    questions_per_batch: int = 40
    learning_rate: float = 5e-5
    warmup_share: float = 0.06
    weight_decay: float = 0.01
    scale: float = 20.0        # 1 / temperature
    misspelt: float = 0.2      # share of the questions that get a slip of the finger
    bm25_weight: float = 0.4   # of the fused figures in the log
    noted: float = 0.0         # share of each batch that are questions about a note
    strange_note: float = 0.0  # share of the other questions that get a note they have nothing to do with


def kept_back(note: str) -> bool:
    """Whether a note is not learnt from but judged by: about one in seven, by the hash of its id."""
    return int(hashlib.sha256(f"kept back: {note}".encode()).hexdigest()[:8], 16) % 7 == 0


def misspell(text: str, rng: random.Random) -> str:
    """One or two slips: a letter left out, doubled, or swapped with its neighbour, in words of five letters and more."""
    words = text.split(" ")
    for at in rng.sample(range(len(words)), min(len(words), rng.choice((1, 2)))):
        word = words[at]
        if len(word) < 5 or not word.isalpha():
            continue
        i = rng.randrange(1, len(word) - 1)
        words[at] = rng.choice((word[:i] + word[i + 1 :], word[:i] + word[i] + word[i:], word[:i] + word[i + 1] + word[i] + word[i + 2 :]))
    return " ".join(words)


class Trainer:
    """One run, measured by the clock (or by steps)."""

    def __init__(self, encoder: SentenceEncoder, entries: Entries, asked: list[Asked], index, settings: Settings, run: Path):
        self.encoder, self.entries, self.settings, self.run = encoder, entries, settings, run
        learnt = [a for a in asked if a.split == "train" and a.first_line >= 0]
        # Notes that are practised on and judge the state that is kept: validation has few.
        self.held_notes = [a for a in learnt if a.note and kept_back(a.note_id)] if settings.noted else []
        held = {a.id for a in self.held_notes}
        self.train = [a for a in learnt if a.id not in held]
        self.notes = sorted({a.note for a in self.train if a.note})
        self.validation = [a for a in asked if a.split == "validation"]
        if not self.train or not self.validation:
            raise DataError("DentalQA has no train or no validation questions; build it with `cargo xtask data build`")
        self.rng = random.Random(settings.seed)
        torch.manual_seed(settings.seed)
        self.lines = encoder.pieces([entries.line_text(i) for i in range(len(entries.lines))])
        self.held_out = entries.held_out()
        self.of_entry: dict[int, list[int]] = {}
        for line, owner in enumerate(entries.owner):
            self.of_entry.setdefault(int(owner), []).append(line)
        self.lexical = bm25_scores(index, self.validation, entries)
        self.near: dict[str, list[int]] = {}
        run.mkdir(parents=True, exist_ok=True)
        self.log = (run / "log.jsonl").open("a", encoding="utf-8")

    def say(self, line: dict) -> None:
        text = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in line.items()})
        print(text, flush=True)
        self.log.write(text + "\n")
        self.log.flush()

    def vectors(self) -> np.ndarray:
        """`[lines, d_model]`, as the encoder is now."""
        return self.encoder.encode([self.entries.line_text(i) for i in range(len(self.entries.lines))], 128)

    def validate(self, vectors: np.ndarray) -> dict:
        lines = self.encoder.encode([a.text for a in self.validation]) @ vectors.T
        dense = entry_scores(lines, self.entries)
        fused = dense + self.settings.bm25_weight * self.lexical
        out = {"dense": recall(dense, self.validation), "fused": recall(fused, self.validation), "lines": first_line(lines, fused, self.validation, self.entries)}
        for name, noted in (("noted", [a for a in self.validation if a.note]), ("held_notes", self.held_notes)):
            if noted and self.settings.noted:
                out[name] = recall(entry_scores(self.encoder.encode([a.asked for a in noted], 16) @ vectors.T, self.entries), noted)
        return out

    def mine(self, vectors: np.ndarray) -> None:
        """For each training question the nearest lines of passages that its answer does not use."""
        questions = self.encoder.encode([a.asked if self.settings.noted else a.text for a in self.train])
        for start in range(0, len(self.train), 512):
            scores = questions[start : start + 512] @ vectors.T
            scores[:, self.held_out] = -1
            for row, a in enumerate(self.train[start : start + 512]):
                scores[row, np.isin(self.entries.owner, a.entries)] = -1
                self.near[a.id] = np.argpartition(-scores[row], min(16, len(self.lines) - 1))[:16].tolist()

    def batch(self, questions: list[Asked]) -> tuple[list[list[int]], list[list[int]], torch.Tensor]:
        """Question pieces, line pieces, and which lines are answers of which question without being its target."""
        rng, chosen = self.rng, []
        for a in questions:
            target = a.first_line if rng.random() < 0.6 else rng.choice(a.lines)
            beside = [line for line in self.of_entry[int(self.entries.owner[target])] if line not in a.lines] or [target]
            chosen.append((target, rng.choice(beside), rng.choice(self.near[a.id]) if self.near else rng.choice(beside)))
        lines = [line for column in range(3) for line in (c[column] for c in chosen)]
        hidden = torch.zeros(len(questions), len(lines), dtype=torch.bool)
        for row, a in enumerate(questions):
            for column, line in enumerate(lines):
                hidden[row, column] = column != row and line in a.lines
        texts = [misspell(a.text, rng) if rng.random() < self.settings.misspelt else a.text for a in questions]
        if self.settings.noted:
            strange = lambda: rng.choice(self.notes) if rng.random() < self.settings.strange_note else ""
            texts = [f"{text} {note}" if (note := a.note or strange()) else text for text, a in zip(texts, questions)]
        return self.encoder.pieces(texts), [self.lines[line] for line in lines], hidden

    def batches(self) -> list[list[Asked]]:
        """The batches of an epoch: each question once; with `noted`, each has that share of questions about notes, which come again as often as it takes."""
        size = self.settings.questions_per_batch
        own = round(size * self.settings.noted)
        order = [a for a in self.train if not (own and a.note)]
        self.rng.shuffle(order)
        noted: list[Asked] = []
        out = []
        for start in range(0, len(order) - (size - own) + 1, size - own):
            if len(noted) < own:
                again = [a for a in self.train if a.note]
                self.rng.shuffle(again)
                noted += again
            out.append(order[start : start + size - own] + noted[:own])
            noted = noted[own:]
        return out

    def embed(self, pieces: list[list[int]]) -> torch.Tensor:
        """Texts of like length go together: little is padding."""
        order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
        size = -(-len(order) // PARTS)
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        out = torch.cat([self.encoder(*self.encoder.batch([pieces[i] for i in rows])) for rows in parts])
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor([i for rows in parts for i in rows])] = torch.arange(len(order))
        return out[back]

    def loss(self, questions: list[Asked], step: int) -> torch.Tensor:
        """InfoNCE of the questions over the lines that come with them."""
        asked, lines, hidden = self.batch(questions)
        logits = self.settings.scale * self.embed(asked) @ self.embed(lines).T
        return torch.nn.functional.cross_entropy(logits.masked_fill(hidden, -1e4), torch.arange(len(questions)))

    def named_parameters(self) -> list[tuple[str, torch.nn.Parameter]]:
        """What is tuned."""
        return list(self.encoder.named_parameters())

    def value(self, figures: dict) -> float:
        """What the kept state is the best in."""
        noted = [figures[name]["mrr@10"] for name in ("noted", "held_notes") if name in figures]
        return figures["fused"]["mrr@10"] + figures["lines"]["used_line_given_source"] + (sum(noted) / len(noted) if noted else 0.0)

    def save(self) -> None:
        """Writes the state that is kept."""
        self.encoder.save(self.run / "export")

    def fit(self) -> dict:
        """Trains to the end; keeps the state that was best on validation (fused MRR plus the share of right lines)."""
        s = self.settings
        decayed = [p for n, p in self.named_parameters() if p.ndim > 1]
        plain = [p for n, p in self.named_parameters() if p.ndim <= 1]
        optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": s.weight_decay}, {"params": plain, "weight_decay": 0.0}], lr=s.learning_rate)
        vectors = self.vectors()
        figures = self.validate(vectors)
        self.say({"event": "start", "settings": asdict(s), "questions": len(self.train), "lines": len(self.lines), "parameters": sum(p.numel() for p in self.encoder.parameters()), **figures})
        best, kept = -1.0, None
        began, step, epoch, busy = time.monotonic(), 0, 0, 0.0
        done = False
        while not done:
            self.mine(vectors)
            for questions in self.batches():
                spent = step / s.max_steps if s.max_steps else (time.monotonic() - began) / 60 / s.minutes
                if done := spent >= 1:
                    break
                for group in optimiser.param_groups:
                    group["lr"] = s.learning_rate * min(1.0, spent / s.warmup_share, (1 - spent) / (1 - s.warmup_share) + 0.01)
                self.encoder.train()
                loss = self.loss(questions, step)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_([p for _, p in self.named_parameters()], 1.0)
                optimiser.step()
                step += 1
                busy += float(loss.detach())
                if step % 20 == 0:
                    self.say({"step": step, "elapsed": time.monotonic() - began, "epoch": epoch, "loss": busy / 20, "lr": optimiser.param_groups[0]["lr"]})
                    busy = 0.0
            epoch += 1
            vectors = self.vectors()
            figures = self.validate(vectors)
            self.say({"event": "validation", "step": step, "elapsed": time.monotonic() - began, "epoch": epoch, **figures})
            if (value := self.value(figures)) > best:
                best, kept = value, figures
                self.save()
        self.say({"event": "end", "step": step, "best": kept})
        write_provenance(self.run, asdict(s), step, kept or figures)
        return kept or figures


def write_provenance(run: Path, settings: dict, steps: int, figures: dict) -> None:
    """`training.json` beside the exported weights: what `convert` puts into the manifest."""
    export = run / "export"
    about = {"tool": f"mambaformer_training, torch {torch.__version__}", "settings": settings, "steps": steps, "validation": figures,
             "weights_sha256": hashlib.sha256((export / "model.safetensors").read_bytes()).hexdigest(), "licences": LICENCES}
    (export / "training.json").write_text(json.dumps(about, indent=1) + "\n")
