"""Teaches the sentence encoder to read: a question together with a passage, and what each line of it is to the answer.

One set of weights for both uses: a share of the steps goes on tuning the vectors of the search (`train.py`), so that they stay what they were.
"""

import hashlib
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from ..data import read_jsonl
from ..errors import CheckpointError, DataError
from ..text import collapse, sentence_places, split_sentences
from ..tokens import NOTE_SOURCE
from .encoder import load
from .reading import SCORES, Limits, Reader, Reading, line_states, similarities
from .train import Settings, Trainer, misspell

NOTE_TITLE = "Note"
FIRST, USED = range(len(SCORES))
# What the scores begin with: the cosine of an encoder that was tuned for the search (a line that is used has 0.6 and more), on the scale of its tuning.
COSINE = (20.0, 12.0)
CONSTANT = (-15.0, -9.5)


@dataclass
class ReaderSettings(Settings):
    """Everything that decides the result."""

    learning_rate: float = 5e-5
    questions_per_batch: int = 24
    exits: tuple[int, ...] = (6,)  # layers after which lines are scored
    items_per_step: int = 16
    search_every: int = 3          # of so many steps one also tunes the vectors
    texts_in_training: int = 2     # texts of an item in a step: those of the answer and some of the others


@dataclass
class Text:
    """One text of an item."""

    title: str
    lines: list[str]
    first: int         # the line the answer begins with, or -1
    used: list[int]    # lines the answer was copied from


@dataclass
class Item:
    """A question with the texts that retrieval brought."""

    id: str
    question: str
    note: str | None
    texts: list[Text]


def item_of(row: dict) -> Item:
    """From an item of `dentalqa`."""
    spans = [(n, span) for n, sentence in enumerate(row["sentences"]) for span in sentence["spans"]]
    texts = [(p["id"], p["title"], p["text"]) for p in row["passages"]] + ([(NOTE_SOURCE, NOTE_TITLE, row["note"])] if row.get("note") else [])
    out = []
    for source, title, text in texts:
        places = sentence_places(text)
        if lost := [line for line in split_sentences(collapse(text)) if line not in {p[0] for p in places}]:
            raise DataError(f"{row['id']}: the line \"{lost[0]}\" does not stand in {source}; make the items again (`dentalqa`)")
        line_of = lambda span: next((i for i, (_, start, end) in enumerate(places) if start <= span["start"] < end), -1)
        own = [(n, line_of(span)) for n, span in spans if span["source"] == source]
        first = next((line for n, line in own if n == 0 and spans[0][1]["source"] == source), -1)
        out.append(Text(title, [line for line, _, _ in places], first, sorted({line for _, line in own} - {-1})))
    return Item(row["id"], row["question"], row.get("note"), out)


def read_items(path: Path) -> list[Item]:
    """The items of a file of `dentalqa`."""
    return [item_of(row) for row in read_jsonl(path, ("id", "question", "passages", "sentences"))]


class Heads(torch.nn.Module):
    """For each exit a direction, the weight of the cosine and a constant for each score."""

    def __init__(self, width: int, exits: tuple[int, ...]):
        super().__init__()
        self.at = torch.nn.ModuleDict({str(layer): torch.nn.Linear(width, len(SCORES)) for layer in exits})
        self.similarity = torch.nn.ParameterDict({str(layer): torch.nn.Parameter(torch.tensor(COSINE)) for layer in exits})
        for head in self.at.values():
            torch.nn.init.zeros_(head.weight)
            head.bias.data.copy_(torch.tensor(CONSTANT))

    def forward(self, layer: int, hidden: torch.Tensor, readings: list[Reading]) -> torch.Tensor:
        """`[lines of all readings, 2]` from the states after `layer`."""
        lines = line_states(hidden, readings)
        return self.at[str(layer)](lines) + similarities(hidden, lines, readings).unsqueeze(1) * self.similarity[str(layer)]

    def save(self, path: Path) -> None:
        save_file({name: value.contiguous() for name, value in self.state_dict().items()}, path)

    @staticmethod
    def load(path: Path) -> "Heads":
        tensors = load_file(path)
        exits = tuple(sorted({int(name.split(".")[1]) for name in tensors if name.startswith("at.")}))
        heads = Heads(tensors[f"at.{exits[0]}.weight"].shape[1], exits)
        heads.load_state_dict(tensors)
        return heads


def scores(encoder, heads: Heads, readings: list[Reading], exits: tuple[int, ...], chunk: int = 8) -> dict[int, torch.Tensor]:
    """`{exit: [lines of all readings, 2]}`; readings of like length go together."""
    order = sorted(range(len(readings)), key=lambda i: len(readings[i].ids))
    parts: dict[int, list[torch.Tensor]] = {layer: [] for layer in exits}
    counts = []
    for start in range(0, len(order), chunk):
        own = [readings[i] for i in order[start : start + chunk]]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            ids, mask = encoder.batch([r.ids for r in own])
            states = encoder.bert(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        for layer in exits:
            parts[layer].append(heads(layer, states[layer], own))
        counts += [len(r.spans) for r in own]
    # Back into the order of the readings.
    starts = np.cumsum([0, *counts])
    place = {reading: n for n, reading in enumerate(order)}
    rows = torch.tensor([row for n in range(len(readings)) for row in range(starts[place[n]], starts[place[n] + 1])], dtype=torch.long)
    return {layer: torch.cat(found)[rows] for layer, found in parts.items()}


def loss_of(found: torch.Tensor, items: list[list[tuple[Text, int]]]) -> torch.Tensor:
    """`found [lines, 2]` of items [(text, lines read)]: cross-entropy of the line that the answer begins with, among all lines and none (logit 0),
    and of each line whether the answer uses it."""
    total, at = found.new_zeros(()), 0
    for item in items:
        first, used = 0, []
        size = sum(read for _, read in item)
        here = at
        for text, read in item:
            if 0 <= text.first < read:
                first = here - at + text.first + 1
            used += [float(line in text.used) for line in range(read)]
            here += read
        own = found[at : at + size]
        logits = torch.cat([own.new_zeros(1), own[:, FIRST]])
        total = total + torch.nn.functional.cross_entropy(logits.unsqueeze(0), torch.tensor([first]))
        total = total + torch.nn.functional.binary_cross_entropy_with_logits(own[:, USED], torch.tensor(used), reduction="sum") / 3
        at += size
    return total / len(items)


def drawn(item: Item, count: int, rng: random.Random) -> list[Text]:
    """What of an item a step reads."""
    needed = [t for t in item.texts if t.used]
    others = [t for t in item.texts if not t.used]
    return needed + rng.sample(others, min(len(others), max(0, count - len(needed))))


def items_loss(encoder, heads: Heads, reader: Reader, items: list[Item], settings: ReaderSettings, rng: random.Random) -> torch.Tensor:
    """The mean over the exits of `loss_of` some items."""
    readings, plan = [], []
    for item in items:
        asked = misspell(item.question, rng) if rng.random() < settings.misspelt else item.question
        own = [(text, reader.lay(asked, item.note, text.title, text.lines)) for text in drawn(item, settings.texts_in_training, rng)]
        own = [(text, reading) for text, reading in own if reading.spans]
        readings += [reading for _, reading in own]
        plan.append([(text, len(reading.spans)) for text, reading in own])
    found = scores(encoder, heads, readings, settings.exits)
    return sum(loss_of(found[layer], plan) for layer in settings.exits) / len(settings.exits)


def ready(encoder) -> None:
    """What makes a step on a processor twice as fast: attention by plain products (the fused one's gradient is slow there), no dropout; the table of
    pieces stays as it is."""
    encoder.bert.set_attn_implementation("eager")
    for module in encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    encoder.bert.embeddings.word_embeddings.weight.requires_grad_(False)


class ReaderTrainer(Trainer):
    """One run for both uses."""

    settings: ReaderSettings

    def __init__(self, encoder, entries, asked, index, settings: ReaderSettings, run: Path, items: list[Item], validation: list[Item], heads: Heads | None = None):
        super().__init__(encoder, entries, asked, index, settings, run)
        self.reader = Reader(encoder.tokenizer)
        ready(encoder)
        self.heads = heads or Heads(encoder.width, settings.exits)
        self.items, self.held = items, validation
        self.queue: list[Item] = []

    def named_parameters(self):
        return [(n, p) for n, p in super().named_parameters() if p.requires_grad] + [(f"heads.{n}", p) for n, p in self.heads.named_parameters()]

    def loss(self, questions, step: int) -> torch.Tensor:
        total = super().loss(questions, step) if step % self.settings.search_every == 0 else torch.zeros(())
        if len(self.queue) < self.settings.items_per_step:
            self.queue += self.rng.sample(self.items, len(self.items))
        items, self.queue = self.queue[: self.settings.items_per_step], self.queue[self.settings.items_per_step :]
        return total + items_loss(self.encoder, self.heads, self.reader, items, self.settings, self.rng)

    @torch.no_grad()
    def validate(self, vectors: np.ndarray) -> dict:
        self.encoder.eval()
        figures = super().validate(vectors)
        figures["reading"] = measure(self.encoder, self.heads, self.reader, self.held, self.settings.exits)
        return figures

    def value(self, figures: dict) -> float:
        return figures["reading"][str(max(self.settings.exits))]["first_line"] + figures["fused"]["mrr@10"]

    def save(self) -> None:
        super().save()
        self.heads.save(self.run / "export" / "reading.safetensors")


def export(run: Path, layers: int, out: Path) -> None:
    """From a run to the folder that is converted: the encoder in bf16 with the scores of one exit, the run's log and what is known of it."""
    source = run / "export"
    encoder, heads = load(source), Heads.load(source / "reading.safetensors")
    if str(layers) not in heads.at:
        raise CheckpointError(f"{source} has no scores after layer {layers}; it has them after {', '.join(heads.at)}")
    out.mkdir(parents=True, exist_ok=True)
    head = heads.at[str(layers)]
    tensors = {**encoder.bert.state_dict(), "reading.weight": head.weight.detach(), "reading.bias": head.bias.detach(), "reading.similarity": heads.similarity[str(layers)].detach()}
    save_file({name: value.to(torch.bfloat16).contiguous() for name, value in tensors.items()}, out / "model.safetensors")
    fields = json.loads((source / "config.json").read_text()) | {"reading": Limits(layers=layers).fields()}
    (out / "config.json").write_text(json.dumps(fields, indent=1, sort_keys=True) + "\n")
    shutil.copy(source / "tokenizer.json", out / "tokenizer.json")
    if (run / "log.jsonl").exists():
        shutil.copy(run / "log.jsonl", out / "log.jsonl")
    about = json.loads((source / "training.json").read_text()) | {"weights_sha256": hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest()}
    (out / "training.json").write_text(json.dumps(about, indent=1) + "\n")


@torch.no_grad()
def measure(encoder, heads: Heads, reader: Reader, items: list[Item], exits: tuple[int, ...]) -> dict:
    """For each exit: how often the likeliest line is the one the answer begins with, or one it uses, where that line is there; and the F1 of
    the lines whose use is likelier than a half."""
    right = {layer: [0, 0, 0, 0, 0] for layer in exits}
    there = 0
    for start in range(0, len(items), 32):
        part = items[start : start + 32]
        plan = [[(t, reader.lay(i.question, i.note, t.title, t.lines)) for t in i.texts] for i in part]
        found = scores(encoder, heads, [r for own in plan for _, r in own], exits)
        at = 0
        for item, own in zip(part, plan):
            lines = [(n, line) for n, (_, r) in enumerate(own) for line in range(len(r.spans))]
            first = next(((n, t.first) for n, (t, _) in enumerate(own) if t.first >= 0), None)
            used = {(n, line) for n, (t, _) in enumerate(own) for line in t.used}
            there += first is not None
            for layer in exits:
                mine = found[layer][at : at + len(lines)]
                sums = right[layer]
                if first is not None and lines:
                    top = lines[int(mine[:, FIRST].argmax())]
                    sums[0] += top == first
                    sums[1] += top in used
                said = {lines[i] for i in torch.nonzero(mine[:, USED] > 0).flatten().tolist()}
                sums[2] += len(said & used)
                sums[3] += len(said)
                sums[4] += len(used)
            at += len(lines)
    out = {}
    for layer, (first, of, both, said, used) in right.items():
        out[str(layer)] = {"first_line": first / max(1, there), "a_used_line": of / max(1, there), "used_f1": 2 * both / max(1, said + used), "n": there}
    return out
