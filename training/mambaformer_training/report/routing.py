"""Which expert the gate sends prompt tokens to, by length of prompt, part of it and kind of token.

Records hold sums of tokens by expert only. The prompts are therefore built again from question, note and evidence, and the gate's own weights (the bf16 original of what ships)
decide again; both are held against the sums of the records. Prompts that cannot be built again to the token are left out and counted.
"""

import re
from collections import Counter, defaultdict
from dataclasses import astuple, dataclass
from pathlib import Path

import torch

from ..config import Config
from ..data import read_jsonl
from ..errors import DataError
from ..evaluate import FUNCTION_WORDS
from ..model import MambaFormer
from ..packing import Packing
from ..start import load_export
from ..text import collapse
from ..tokens import Marks, layout, load_tokenizer, marks_of
from .inputs import Variant
from .svg import Bar

PARTS = ("question", "note", "titles", "passage text", "marks")
KINDS = ("numbers", "drug names", "function words", "other words", "punctuation", "marks")
BATCH = 16


@dataclass
class Routed:
    """What the gate did on the prompts that could be built again."""

    prompts: int
    left_out: int
    tokens: int
    emamba: int
    recorded: int                        # tokens on EMamba by the records of the same prompts
    without_prompt: int                  # questions declined before the model read anything
    groups: list[tuple[str, list[Bar]]]  # length, part, kind
    by_piece: float                      # share of the odd prompts' tokens that a table by piece, made of the even prompts, routes alike


def drug_names(path: Path) -> re.Pattern:
    """All names of drugs as whole words."""
    names = {name.lower() for row in read_jsonl(path, ("name", "names")) for name in [row["name"], *row["names"]]}
    return re.compile(r"\b(?:" + "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name))) + r")\b")


def kinds(text: str, offsets: list[tuple[int, int]], drugs: re.Pattern) -> list[str]:
    """The kind of each piece of a text, by the word that it stands in."""
    lower = text.lower()
    of = ["punctuation"] * len(text)
    for word in re.finditer(r"[^\W_]+", lower):
        kind = "numbers" if word[0][0].isdigit() else "function words" if word[0] in FUNCTION_WORDS else "other words"
        of[word.start() : word.end()] = [kind] * (word.end() - word.start())
    for name in drugs.finditer(lower):
        of[name.start() : name.end()] = ["drug names"] * (name.end() - name.start())
    # A piece may begin with the space before its word: its last character tells.
    return [of[min(end, len(of)) - 1] if end else "punctuation" for _, end in offsets]


class Prompts:
    """Prompts as the product builds them, with part and kind of each token."""

    def __init__(self, tokenizer, limit: int, drugs: re.Pattern):
        self.tokenizer, self.limit, self.drugs = tokenizer, limit, drugs
        # `layout` orders whatever stands for a piece: here its id with part and kind.
        self.marks = Marks(*((mark, "marks", "marks") for mark in astuple(marks_of(tokenizer))))
        self.known: dict[str, tuple[list[int], list[str]]] = {}

    def segment(self, text: str) -> tuple[list[int], list[str]]:
        """Ids and kinds of one part's pieces."""
        text = collapse(text)
        if text not in self.known:
            encoding = self.tokenizer.encode(text, add_special_tokens=False) if text else None
            self.known[text] = (encoding.ids, kinds(text, encoding.offsets, self.drugs)) if encoding else ([], [])
        return self.known[text]

    def build(self, question: str, note: str | None, evidence: list[dict]) -> tuple[list[int], list[str], list[str]]:
        """Ids, parts and kinds; the passages that do not fit are left out from the end."""
        rows = lambda part, text: [(piece, part, kind) for piece, kind in zip(*self.segment(text))]
        passages = [(rows("titles", piece["title"]), rows("passage text", piece["text"])) for piece in evidence]
        laid, _, _ = layout(rows("question", question), rows("note", note) if note else None, passages, self.limit, self.marks)
        ids, parts, sorts = (list(column) for column in zip(*laid))
        return ids, parts, sorts


@torch.no_grad()
def decide(model: MambaFormer, prompts: list[list[int]]) -> list[list[bool]]:
    """For each token whether it goes to EMamba."""
    out: list[list[bool]] = [[] for _ in prompts]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        lengths = torch.tensor([len(prompts[i]) for i in part])
        ids = torch.zeros(len(part), int(lengths.max()), dtype=torch.long)
        for row, i in enumerate(part):
            ids[row, : len(prompts[i])] = torch.tensor(prompts[i])
        packing = Packing(lengths)
        e = model.embed(ids, packing)
        logits = model.gate(model.gate.features(e, ids, packing.valid))
        for row, i in enumerate(part):
            out[i] = (logits[row, : len(prompts[i]), 1] > logits[row, : len(prompts[i]), 0]).tolist()
    return out


def by_piece(prompts: list[list[int]], experts: list[list[bool]]) -> float:
    """How far the piece alone tells the expert: the majority of each piece in the even prompts, held against the odd ones."""
    seen: dict[int, Counter] = defaultdict(Counter)
    overall: Counter = Counter()
    for ids, on in list(zip(prompts, experts))[::2]:
        for piece, expert in zip(ids, on):
            seen[piece][expert] += 1
            overall[expert] += 1
    usual = {piece: counts.most_common(1)[0][0] for piece, counts in seen.items()}
    other = overall.most_common(1)[0][0]
    told = [usual.get(piece, other) == expert for ids, on in list(zip(prompts, experts))[1::2] for piece, expert in zip(ids, on)]
    return sum(told) / len(told)


def _bars(counts: dict[str, list[int]], names) -> list[Bar]:
    return [Bar(name, counts[name][0] / counts[name][1], counts[name][1]) for name in names if counts[name][1]]


def routing(variant: Variant, questions: dict[str, dict], checkpoint: Path, drugs: Path) -> Routed:
    """Counts over all prompts of a variant that was routed by the gate."""
    config = Config.read(checkpoint / "config.json")
    model = MambaFormer(config)
    load_export(model, checkpoint)
    builder = Prompts(load_tokenizer(checkpoint / "tokenizer.json"), config.max_tokens, drug_names(drugs))
    built, recorded, left_out, without = [], 0, 0, 0
    for name in sorted(variant.records):
        record, question = variant.records[name], questions[name]
        if not record["routing"]["tokens"]:
            without += 1
            continue
        prompt = builder.build(question["question"], question["note_text"], record["evidence"])
        if len(prompt[0]) != record["routing"]["tokens"]:
            left_out += 1
            continue
        built.append(prompt)
        recorded += record["routing"]["emamba"]
    if len(built) < 4:
        raise DataError(f"of the prompts of `{variant.name}` {len(built)} can be built again; give records made with the tokenizer of {checkpoint} by --checkpoint")
    prompts = [ids for ids, _, _ in built]
    experts = decide(model, prompts)
    lengths = sorted(len(ids) for ids in prompts)
    # Quarters of the prompts by length.
    edges = [lengths[len(lengths) * quarter // 4] for quarter in (1, 2, 3)]
    names = [f"up to {edges[0] - 1} tokens", f"{edges[0]} to {edges[1] - 1}", f"{edges[1]} to {edges[2] - 1}", f"{edges[2]} and more"]
    length, part, kind = (defaultdict(lambda: [0, 0]) for _ in range(3))
    for (ids, parts, sorts), on in zip(built, experts):
        counted = length[names[sum(len(ids) >= edge for edge in edges)]]
        counted[0] += sum(on)
        counted[1] += len(on)
        for where, what, expert in zip(parts, sorts, on):
            for table, key in ((part, where), (kind, what)):
                table[key][0] += expert
                table[key][1] += 1
    groups = [("length of prompt", _bars(length, names)), ("part of prompt", _bars(part, PARTS)), ("kind of token", _bars(kind, KINDS))]
    total = sum(map(len, prompts))
    return Routed(len(built), left_out, total, sum(map(sum, experts)), recorded, without, groups, by_piece(prompts, experts))
