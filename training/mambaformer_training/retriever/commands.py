"""`python -m mambaformer_training retriever {tune,read,choose,mix,rank,compare}`."""

import json
import time
from pathlib import Path

import numpy as np
import torch

from ..data import read_jsonl
from ..errors import DataError
from ..text import collapse
from ..train import flush_denormals, keep_memory
from . import encoder, vocabulary
from .entries import Asked, Entries, load
from .measure import bm25_scores, entry_scores, first_line, recall
from .mix import mix
from .reader import Heads, ReaderSettings, ReaderTrainer, export, read_items
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
    settings = Settings(seed=args.seed, minutes=args.minutes, learning_rate=args.learning_rate, noted=args.noted, strange_note=args.strange_note)
    if args.static:
        model = StaticEncoder.distil(model, _texts(args.corpora, entries, asked), args.static)
    Trainer(model, entries, asked, index, settings, args.run).fit()


def read(args) -> None:
    """Teaches an encoder to read questions together with passages, beside its use in the search."""
    torch.set_num_threads(args.threads)
    keep_memory()
    flush_denormals()
    entries, asked, index = load(args.data)
    settings = ReaderSettings(seed=args.seed, minutes=args.minutes, learning_rate=args.learning_rate)
    items, held = (read_items(args.items / f"{name}.jsonl") for name in ("train", "validation"))
    learnt = args.start / "reading.safetensors"
    heads = Heads.load(learnt) if learnt.exists() else None
    ReaderTrainer(encoder.load(args.start), entries, asked, index, settings, args.run, items, held, heads).fit()


def choose(args) -> None:
    """Writes the folder that `cargo xtask convert --sentence-encoder` takes: the encoder with the scores of lines after one of its layers."""
    export(args.run, args.layers, args.out)


def blend(args) -> None:
    """Writes the folder that is converted: the weighed mean of a run's encoder and the one it was tuned from."""
    mix(args.before, args.run, args.share, args.out)


def rank(args) -> None:
    """Writes the ranked entries of every question and the cosines of their lines, {"id", "entries", "lines"} a line, out-of-scope questions included; and the vectors beside it.

    The tuned encoder finds the sources of the questions it was tuned on too well. So what training sees is a mixture of its cosines and those of the encoder
    it was tuned from, in the share that finds as much as it finds for validation questions.
    """
    torch.set_num_threads(args.threads)
    flush_denormals()
    entries, asked, index = load(args.data)
    foreign = read_jsonl(args.data / "safety" / "built" / "out_of_scope.jsonl", ("id", "question", "split"))
    asked += [Asked(r["id"], collapse(r["question"]), r["split"], "", -1, [], [], -1, False) for r in foreign]
    lines, questions = [entries.line_text(i) for i in range(len(entries.lines))], [a.text for a in asked]
    starts = np.searchsorted(entries.owner, np.arange(len(entries.ids) + 1))
    model = _load(args.encoder)
    line_vectors, vectors = model.encode(lines, 128), model.encode(questions, 128)
    np.savez(args.out.with_suffix(".npz"), entries=np.array(entries.ids), starts=starts, lines=line_vectors.astype(np.float16), ids=np.array([a.id for a in asked]), questions=vectors.astype(np.float16))
    cosines = vectors @ line_vectors.T
    train = np.array([a.split == "train" for a in asked])
    untuned = _load(args.train_encoder)
    others = untuned.encode([q for q, t in zip(questions, train) if t], 128) @ untuned.encode(lines, 128).T
    share, found, goal = tuned_share(cosines[train], others, [a for a in asked if a.split == "train"], cosines, asked)
    cosines[train] = share * cosines[train] + (1 - share) * others
    with args.out.open("w", encoding="utf-8") as out:
        for at in range(0, len(asked), 256):
            part, own = asked[at : at + 256], cosines[at : at + 256]
            order = np.argsort(-(entry_scores(own, entries) + args.bm25_weight * bm25_scores(index, part, entries)), axis=1, kind="stable")[:, :KEPT_ENTRIES]
            for question, row, near in zip(part, order, own):
                # What an answer needs is there too: training puts it into the prompt where it was missed.
                kept = dict.fromkeys([*row.tolist(), *question.entries])
                near = {entries.ids[i]: [round(float(c), 4) for c in near[starts[i] : starts[i + 1]]] for i in kept}
                out.write(json.dumps({"id": question.id, "entries": [entries.ids[i] for i in row], "lines": near}) + "\n")
    print(f"{args.out}: {len(asked)} questions; {share:.2f} of the tuned encoder for training questions: the nearest line is the first of the answer for {found:.3f} of them, {goal:.3f} on validation")


def tuned_share(tuned: np.ndarray, untuned: np.ndarray, asked: list[Asked], all_tuned: np.ndarray, everyone: list[Asked]) -> tuple[float, float, float]:
    """The share of the tuned encoder's cosines at which the nearest line is as often right for training questions as for those of validation."""
    right = lambda scores, rows: float(np.mean([scores[i].argmax() == a.first_line for i, a in rows]))
    own = [(i, a) for i, a in enumerate(asked) if a.first_line >= 0]
    goal = right(all_tuned, [(i, a) for i, a in enumerate(everyone) if a.split == "validation" and a.first_line >= 0])
    shares = np.linspace(0, 1, 11)
    found = [right(share * tuned + (1 - share) * untuned, own) for share in shares]
    best = int(np.argmin([abs(f - goal) for f in found]))
    return float(shares[best]), found[best], goal


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
    sub.add_argument("--noted", type=float, default=0.0, help="share of each batch that are questions about a note, read together with it")
    sub.add_argument("--strange-note", type=float, default=0.0, help="share of the other questions that get a note they have nothing to do with")
    sub.add_argument("--static", type=int, help="distil static embeddings of this width instead")

    sub = command("read", read)
    sub.add_argument("--start", type=Path, required=True, help="folder of a sentence encoder; the export of a run of this command goes on from what that run learnt")
    sub.add_argument("--items", type=Path, default=runs / "dentalqa", help="folder of the items that `dentalqa` makes")
    sub.add_argument("--run", type=Path, required=True)
    sub.add_argument("--minutes", type=float, default=60.0)
    sub.add_argument("--learning-rate", type=float, default=ReaderSettings.learning_rate)
    sub.add_argument("--seed", type=int, default=17)

    sub = command("choose", choose)
    sub.add_argument("--run", type=Path, required=True)
    sub.add_argument("--layers", type=int, required=True)
    sub.add_argument("--out", type=Path, required=True)

    sub = command("mix", blend)
    sub.add_argument("--before", type=Path, required=True, help="folder of the encoder that the run started from")
    sub.add_argument("--run", type=Path, required=True)
    sub.add_argument("--share", type=float, required=True, help="of the run's encoder, 0 to 1")
    sub.add_argument("--out", type=Path, required=True)

    sub = command("rank", rank)
    sub.add_argument("--encoder", type=Path, required=True, help="for validation, test and out-of-scope questions")
    sub.add_argument("--train-encoder", type=Path, required=True, help="for training questions: one that was not tuned on them")
    sub.add_argument("--bm25-weight", type=float, default=0.4)
    sub.add_argument("--out", type=Path, default=runs / "rankings.jsonl")

    sub = command("compare", compare)
    sub.add_argument("encoders", type=Path, nargs="+")
