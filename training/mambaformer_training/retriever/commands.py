"""`python -m mambaformer_training retriever {tune,rank,compare}`."""

import json
import time
from pathlib import Path

import numpy as np
import torch

from ..data import read_jsonl
from ..dentalqa import SPLITS, read_folder
from ..errors import DataError
from ..text import collapse
from ..train import flush_denormals, keep_memory
from . import encoder, vocabulary
from .entries import Entries, load
from .measure import bm25_scores, entry_scores, first_line, recall
from .static import StaticEncoder
from .train import Settings, Trainer

KEPT_ENTRIES = 20


def _texts(corpora: Path, entries: Entries, asked) -> list[str]:
    """What decides which pieces stay: the knowledge base, the training questions and the public medical texts."""
    texts = [*entries.titles, *entries.texts, *(a.text for a in asked if a.split == "train")]
    for name in ("medquad", "pubmedqa_pqal", "ohd_definitions"):
        for row in read_jsonl(corpora / f"{name}.jsonl", ()):
            for value in row.values():
                texts += [value] if isinstance(value, str) else [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
    return texts


def _load(folder: Path) -> encoder.TextEncoder:
    """An encoder with layers, or static embeddings."""
    return encoder.load(folder) if (folder / "config.json").exists() else StaticEncoder.load(folder)


def tune(args) -> None:
    """Tunes an encoder, or static embeddings distilled from it."""
    torch.set_num_threads(args.threads)
    keep_memory()
    flush_denormals()
    entries, asked, index = load(args.data)
    if args.prune:
        tokenizer, rows = vocabulary.prune_folder(args.start / "tokenizer.json", _texts(args.corpora, entries, asked))
        model = encoder.load(args.start, tokenizer, rows, args.layers)
    else:
        model = encoder.load(args.start, layers=args.layers)
    settings = Settings(seed=args.seed, minutes=args.minutes, learning_rate=args.learning_rate)
    if args.static:
        model = StaticEncoder.distil(model, _texts(args.corpora, entries, asked), args.static)
    Trainer(model, entries, asked, index, settings, args.run).fit()


def rank(args) -> None:
    """Writes the ranked entries of every question and the cosines of their lines: {"id", "entries", "lines"} a line, out-of-scope questions included."""
    torch.set_num_threads(args.threads)
    entries, asked, index = load(args.data)
    foreign = read_jsonl(args.data / "safety" / "built" / "out_of_scope.jsonl", ("id", "question", "split"))
    questions = [(a.id, a.text, a.split) for a in asked] + [(r["id"], collapse(r["question"]), r["split"]) for r in foreign]
    used = {a.id: a.entries for a in asked}
    starts = np.searchsorted(entries.owner, np.arange(len(entries.ids) + 1))
    vectors = {}
    with args.out.open("w", encoding="utf-8") as out:
        for folder, splits in ((args.train_encoder, ("train",)), (args.encoder, SPLITS[1:])):
            model = _load(folder)
            if folder not in vectors:
                vectors[folder] = model.encode([entries.line_text(i) for i in range(len(entries.lines))], 128)
            mine = [q for q in questions if q[2] in splits]
            for start in range(0, len(mine), 256):
                part = mine[start : start + 256]
                cosines = model.encode([q[1] for q in part]) @ vectors[folder].T
                scores = entry_scores(cosines, entries)
                lexical = bm25_scores(index, [type("Q", (), {"text": q[1]}) for q in part], entries)
                order = np.argsort(-(scores + args.bm25_weight * lexical), axis=1, kind="stable")[:, :KEPT_ENTRIES]
                for question, row, own in zip(part, order, cosines):
                    # What an answer needs is there too: training puts it into the prompt where it was missed.
                    kept = dict.fromkeys([*row.tolist(), *used.get(question[0], [])])
                    lines = {entries.ids[i]: [round(float(c), 4) for c in own[starts[i] : starts[i + 1]]] for i in kept}
                    out.write(json.dumps({"id": question[0], "entries": [entries.ids[i] for i in row], "lines": lines}) + "\n")
    print(f"{args.out}: {len(questions)} questions")


def compare(args) -> None:
    """One table: every encoder alone and fused with BM25 at the weight that is best on validation, measured on test."""
    torch.set_num_threads(args.threads)
    entries, asked, index = load(args.data)
    parts = {"validation": [a for a in asked if a.split == "validation"], "test": [a for a in asked if a.split not in ("train", "validation")]}
    parts["held-out passages"] = [a for a in parts["test"] if a.heldout_passage]
    if not parts["test"]:
        raise DataError(f"{args.data} has no test questions; build it with `cargo xtask data build`")
    lexical = {name: bm25_scores(index, part, entries) for name, part in parts.items()}
    say = lambda line: print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}), flush=True)
    for name, part in parts.items():
        say({"encoder": "BM25 alone", "on": name} | recall(lexical[name], part))
    for folder in args.encoders:
        model = _load(folder)
        began = time.perf_counter()
        vectors = model.encode([entries.line_text(i) for i in range(len(entries.lines))], 128)
        seconds = time.perf_counter() - began
        lines = {name: model.encode([a.text for a in part]) @ vectors.T for name, part in parts.items()}
        dense = {name: entry_scores(found, entries) for name, found in lines.items()}
        weight = max((0.1 * k for k in range(0, 13)), key=lambda w: recall(dense["validation"] + w * lexical["validation"], parts["validation"])["mrr@10"])
        for name, part in parts.items():
            fused = dense[name] + weight * lexical[name]
            say({"encoder": folder.name if folder.name != "export" else folder.parent.name, "on": name, "dense_recall@5": recall(dense[name], part)["recall@5"], "bm25_weight": weight}
                | recall(fused, part) | first_line(lines[name], fused, part, entries) | {"lines_per_second": len(entries.lines) / seconds})


def add(commands, root: Path, runs: Path, corpora: Path) -> None:
    """The subcommands and their options."""
    group = commands.add_parser("retriever", help="the dense side of retrieval", description=__doc__).add_subparsers(required=True)

    def command(name, function):
        sub = group.add_parser(name, help=function.__doc__, description=function.__doc__)
        sub.set_defaults(function=function)
        sub.add_argument("--data", type=Path, default=root.parent / "data")
        sub.add_argument("--threads", type=int, default=2)
        return sub

    sub = command("tune", tune)
    sub.add_argument("--start", type=Path, required=True, help="folder of a BERT sentence encoder (config.json, model.safetensors, tokenizer.json)")
    sub.add_argument("--run", type=Path, required=True)
    sub.add_argument("--corpora", type=Path, default=corpora)
    sub.add_argument("--minutes", type=float, default=25.0)
    sub.add_argument("--learning-rate", type=float, default=5e-5)
    sub.add_argument("--seed", type=int, default=17)
    sub.add_argument("--layers", type=int, help="keep the first so many layers")
    sub.add_argument("--prune", action="store_true", help="keep only the pieces that the texts use")
    sub.add_argument("--static", type=int, help="distil static embeddings of this width instead")

    sub = command("rank", rank)
    sub.add_argument("--encoder", type=Path, required=True, help="for validation, test and out-of-scope questions")
    sub.add_argument("--train-encoder", type=Path, required=True, help="for training questions: one that was not tuned on them")
    sub.add_argument("--bm25-weight", type=float, default=0.4)
    sub.add_argument("--out", type=Path, default=runs / "rankings.jsonl")

    sub = command("compare", compare)
    sub.add_argument("encoders", type=Path, nargs="+")
