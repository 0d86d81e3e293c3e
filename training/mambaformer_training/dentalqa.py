"""DentalQA as training items: what the product's retrieval brings for each question, and the answer with the places it is copied from.

A question whose first source is not among the passages is unanswerable from them. In the training set a limited share of those stays
(the rest gets its passages put in at a rank at which retrieval finds others); validation and test items stay as retrieval leaves them.
"""

import collections
import hashlib
import json
import random
import re
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from .data import generator, read_jsonl
from .errors import DataError
from .retrieval import Bm25
from .text import collapse, split_sentences
from .tokens import NOTE_SOURCE, layout, segment

PASSAGES = 4             # model-wasm/src/pipeline: EVIDENCE_PASSAGES
DEPTH = 8                # further variants of a training item draw what nobody needs from so many passages
SPLITS = ("train", "validation", "test")
# xtask/src/data/reference.rs
OPENINGS = ("Yes.", "No.", "It depends.", "Not always.", "Not routinely.", "Usually.", "The premise is not correct.", "Only if")
CONNECTIVES = {"and", "but", "or", "so", "because", "if", "when", "then", "also", "however", "unless", "while", ""}
STALE = "a sentence is not in its source"
LICENCE = {"name": "MambaFormer Chairside: dental knowledge base and DentalQA", "licence": "CC BY 4.0", "attribution": "MambaFormer Chairside contributors"}


def held_out(passage: str) -> bool:
    """Whether a passage is kept out of training (xtask/src/data/split.rs)."""
    # Records are shared between splits.
    return not passage.startswith("rec-") and int(hashlib.sha256(f"held out: {passage}".encode()).hexdigest()[:16], 16) % 1000 < 60


def read_folder(folder: Path, fields: tuple[str, ...]) -> list[dict]:
    """The rows of every .jsonl file of a folder, in the order of the file names."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise DataError(f"{folder} has no .jsonl files; give the repository's data folder by --data")
    return [row for file in files for row in read_jsonl(file, fields)]


def practice_rows(data: Path) -> list[dict]:
    """The practice questions (data/practice) as rows of DentalQA: training questions whose answer is whole sentences of one passage."""
    folder = data / "practice"
    if not folder.is_dir():
        return []
    sentences = {row["id"]: split_sentences(collapse(row["text"].replace("|", ""))) for row in read_folder(data / "knowledge", ("id", "text"))}
    rows = []
    for file in sorted(folder.glob("*.jsonl")):
        for line, asked in enumerate(read_jsonl(file, ("passage", "sentences", "style", "text")), 1):
            passage, numbers = asked["passage"], asked["sentences"]
            if held_out(passage) or not all(1 <= n <= len(sentences.get(passage, ())) for n in numbers):
                raise DataError(f"{file.name}, line {line}: {passage} is held out or has no sentences {numbers}; `cargo xtask data check` names what is wrong")
            answer = [{"text": sentences[passage][n - 1], "passages": [passage]} for n in numbers]
            rows.append({"id": f"{file.stem}-p{line:04}", "question": asked["text"], "answer": " ".join(s["text"] for s in answer), "sentences": answer, "cluster": f"{file.stem}-p{line:04}",
                         "split": "train", "style": asked["style"], "level": None, "tags": [], "key_facts": [], "forbidden": [], "heldout_passage": False} | ({"note": asked["note"]} if asked.get("note") else {}))
    return rows


def notes_of(data: Path) -> dict[str, str]:
    """The notes that questions ask about, by id: those of DentalQA and those of its practice questions."""
    folders = [data / "notes"] + [folder for folder in [data / "practice_notes"] if folder.is_dir()]
    return {row["id"]: collapse(row["text"]) for folder in folders for row in read_folder(folder, ("id", "text"))}


def without_opening(sentence: str) -> str:
    """An answer sentence without the opening before it."""
    return next((sentence[len(o) + 1 :] for o in OPENINGS if sentence.startswith(o + " ")), sentence)


def locate(sentence: str, sources: list[tuple[str, str]]) -> list[dict]:
    """Where an answer sentence stands in its sources [(id, text)]: one span for a whole sentence, several for joined clauses.

    Nothing if a word of it is neither in a source nor an opening or connective, or if words of the source were left out between two of them.
    """
    body = without_opening(sentence)
    for source, text in sources:
        if (start := text.find(body)) >= 0:
            return [{"source": source, "start": start, "end": start + len(body)}]
    key = lambda word: word.lower().strip(".,;:")
    words = body.split(" ")
    said = [key(w) for w in words]
    placed = [(source, [(key(m.group()), m.start(), m.end()) for m in re.finditer(r"\S+", text)]) for source, text in sources]
    spans, i, joined = [], 0, True
    while i < len(said):
        best = (0, "", 0, 0)
        for source, there in placed:
            for p in range(len(there)):
                n = 0
                while i + n < len(said) and p + n < len(there) and said[i + n] == there[p + n][0]:
                    n += 1
                if n > best[0]:
                    best = (n, source, there[p][1], there[p + n - 1][2])
        # A connective or a mark stands between joined clauses. Without one, words of the source were dropped, maybe a condition.
        if best[0] >= 2 and joined:
            spans.append({"source": best[1], "start": best[2], "end": best[3]})
            i += best[0]
            joined = words[i - 1][-1] in ",;:."
        elif said[i] in CONNECTIVES:
            i, joined = i + 1, True
        else:
            return []
    return spans


def in_table_order(record: dict, lines: set[str]) -> list[str]:
    """The lines of a record in the order of its table's entries, as clinical/src/records/line.rs shows them."""
    labels = [entry.get("label") or entry.get("condition") for entry in record.get("entries") or []]
    place = lambda line: next((i for i, label in enumerate(labels) if f", {label}:" in line), len(labels))
    return sorted(lines, key=lambda line: (place(line), line))


class Corpus:
    """What answers are copied from: passages and notes by id, and the lines of records as the answers of `splits` show them."""

    def __init__(self, data: Path, rows: list[dict], splits: tuple[str, ...], rankings: dict[str, dict] | None = None):
        self.rankings = rankings
        self.passages: dict[str, dict] = {}
        self.ranked_lines: dict[str, list[str]] = {}
        for row in read_folder(data / "knowledge", ("id", "title", "text", "source")):
            source = row["source"]
            self.passages[row["id"]] = {"id": row["id"], "title": collapse(row["title"]), "text": collapse(row["text"].replace("|", "")),
                                        "source": f"{source['organisation']}: {source['title']} ({source['year']})"}
        self.notes = notes_of(data)
        lines: dict[str, set[str]] = collections.defaultdict(set)
        everywhere: dict[str, set[str]] = collections.defaultdict(set)
        for row in rows:
            for sentence in row["sentences"]:
                if len(sentence["passages"]) == 1 and sentence["passages"][0].startswith("rec-"):
                    for shown in [everywhere] + [lines] * (row["split"] in splits):
                        shown[sentence["passages"][0]].add(without_opening(sentence["text"]))
        for row in read_folder(data / "records", ("id", "source")):
            if row["id"] in lines:
                title = row.get("name") or ": ".join(filter(None, (row.get("drug"), row.get("indication"))))
                self.passages[row["id"]] = {"id": row["id"], "title": collapse(title).rstrip(","), "text": " ".join(in_table_order(row, lines[row["id"]])),
                                            "source": f"{row['source']['organisation']}: {row['source']['title']} ({row['source']['year']})"}
                self.ranked_lines[row["id"]] = split_sentences(" ".join(in_table_order(row, everywhere[row["id"]])))
        self.order = sorted(self.passages)
        self.index = Bm25([(self.passages[i]["title"], self.passages[i]["text"]) for i in self.order])

    def found(self, identifier: str, question: str, training: bool, depth: int = PASSAGES) -> list[str]:
        """Ids of the `depth` first passages of retrieval, best first; held-out ones never stand in a training prompt."""
        if self.rankings is None:
            ids = [self.order[i] for i, _ in self.index.search(question, PASSAGES * 4)]
        elif identifier in self.rankings:
            ids = [i for i in self.rankings[identifier]["entries"] if i in self.passages]
        else:
            raise DataError(f"the rankings do not hold the question {identifier}; make them again for this data (`retriever rank`)")
        return [i for i in ids if not (training and held_out(i))][:depth]

    def shown(self, identifier: str, passage: str) -> dict:
        """A passage as it stands in an item: with the cosine of each of its sentences to the question, where the rankings hold it."""
        own = self.passages[passage]
        ranked = (self.rankings or {}).get(identifier, {}).get("lines", {}).get(passage)
        if ranked is None:
            return own
        sentences = split_sentences(own["text"])
        known = dict(zip(self.ranked_lines.get(passage, sentences), ranked, strict=True))
        if strange := [s for s in sentences if s not in known]:
            raise DataError(f"the rankings do not know the sentence \"{strange[0]}\" of {passage}; make them again for this data (`retriever rank`)")
        places = {s: n for n, s in enumerate(self.ranked_lines.get(passage, sentences))}
        return own | {"cosines": [known[s] for s in sentences], "lines": [places[s] for s in sentences]}


def sentences_of(row: dict, corpus: Corpus) -> list[dict] | None:
    """The answer's sentences with their spans; None if one of them is not found in its sources."""
    out = []
    for sentence in row["sentences"]:
        texts = [(s, corpus.notes.get(row.get("note"), "") if s == NOTE_SOURCE else corpus.passages.get(s, {"text": ""})["text"]) for s in sentence["passages"]]
        spans = locate(collapse(sentence["text"]), texts)
        if not spans:
            return None
        out.append({"text": collapse(sentence["text"]), "spans": spans})
    return out


def supported(sentences: list[dict], there: set[str]) -> list[dict]:
    """The sentences whose sources are all there; none if the first is not: it carries the answer."""
    kept = [s for s in sentences if all(span["source"] in there for span in s["spans"])]
    return kept if kept and kept[0] is sentences[0] else []


def insert(found: list[str], missing: list[str], needed: list[str], rank: int) -> list[str]:
    """`found` with the missing sources put in at `rank` (0 is the first); what nobody needs makes room, from the end."""
    spare = [i for i in found if i not in needed]
    room = PASSAGES - len(missing) - (len(found) - len(spare))
    kept = [i for i in found if i in needed or i in spare[: max(0, room)]]
    at = min(rank, len(kept))
    return kept[:at] + missing + kept[at:]


def redrawn(deep: list[str], needed: list[str], rank: int, rng: random.Random) -> list[str]:
    """Another prompt for the same question: `needed` at their ranks (at `rank` if retrieval missed them), the rest drawn from `deep`; three or four in all."""
    spare = [i for i in deep if i not in needed]
    room = max(0, rng.choice((PASSAGES, PASSAGES, PASSAGES - 1)) - len(needed))
    chosen = set(needed) | set(rng.sample(spare, min(room, len(spare))))
    kept = [i for i in deep if i in chosen]
    at = min(rank, len(kept))
    return kept[:at] + [i for i in needed if i not in deep] + kept[at:]


class Lengths:
    """Prompt and answer lengths in pieces; every text is split once."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int):
        self.tokenizer, self.max_tokens, self.known = tokenizer, max_tokens, {}

    def pieces(self, text: str) -> list[int]:
        if text not in self.known:
            self.known[text] = segment(self.tokenizer, text)
        return self.known[text]

    def too_long(self, question: str, note: str | None) -> bool:
        """The product refuses such a question (model/src/prompt.rs)."""
        return len(self.pieces(question)) + 2 + (len(self.pieces(note)) + 1 if note else 0) > self.max_tokens

    def fit(self, question: str, note: str | None, passages: list[dict]) -> tuple[int, int]:
        """How long the prompt is, and how many passages it holds."""
        parts = [(self.pieces(p["title"]), self.pieces(p["text"])) for p in passages]
        ids, _, spans = layout(self.pieces(question), self.pieces(note) if note else None, parts, self.max_tokens)
        return len(ids), len(spans)


def _spread(values: list[int]) -> dict:
    if not values:
        return {"items": 0}
    data = np.asarray(values)
    return {"items": len(values), "mean": round(float(data.mean()), 1), **{f"p{q}": int(np.percentile(data, q)) for q in (5, 50, 95)}, "most": int(data.max())}


def _split_items(name: str, rows: list[dict], foreign: list[dict], corpus: Corpus, lengths: Lengths, seed: int, share: float, variants: int) -> tuple[list[dict], dict]:
    """The items of one split and their report. With `variants` each training question comes so often, with other passages beside its sources."""
    training = name == "train"
    left_out: collections.Counter = collections.Counter()
    states: collections.Counter = collections.Counter()
    ranks: collections.Counter = collections.Counter()
    by_style: dict[str, list[int]] = collections.defaultdict(list)
    plans = []
    for row in rows:
        note = corpus.notes.get(row.get("note"))
        sentences = sentences_of(row, corpus)
        if sentences is None or (row.get("note") and note is None):
            left_out[STALE] += 1
            continue
        question = collapse(row["question"])
        if lengths.too_long(question, note):
            left_out["question and note too long"] += 1
            continue
        needed = list(dict.fromkeys(span["source"] for s in sentences for span in s["spans"] if span["source"] != NOTE_SOURCE))
        found = corpus.found(row["id"], question, training)
        first = sentences[0]["spans"][0]["source"]
        if first != NOTE_SOURCE:
            rank = found.index(first) + 1 if first in found else 0
            ranks[rank] += 1
            by_style[row["style"]].append(rank)
        there = set(found) | {NOTE_SOURCE}
        plans.append((row, question, note, sentences, needed, found, bool(supported(sentences, there)), set(needed) <= there))
    # Which of those that retrieval missed stay missed: the first in an order fixed by the seed.
    missed = sorted((p[0]["id"] for p in plans if not p[6]), key=lambda i: generator("miss", seed, i).random())
    total = len(plans) + len(foreign)
    room = max(0, round(share * total) - len(foreign)) if training else len(missed)
    stays = set(missed[:room])
    kept_share = min(1.0, room / len(missed)) if missed else 1.0
    hit_ranks = [r for r in sorted(ranks) if r for _ in range(ranks[r])] or [1]

    items = []
    for row, question, note, sentences, needed, found, usable, complete in plans:
        rng = generator("dentalqa", seed, row["id"])
        state = "found" if complete else "partial" if usable else "missed"
        missing = [i for i in needed if i not in found]
        if training and missing and row["id"] not in stays and (not usable or rng.random() >= kept_share):
            found, state = insert(found, missing, needed, rng.choice(hit_ranks) - 1), "inserted"
        draws = [found]
        if training and variants > 1:
            deep = corpus.found(row["id"], question, training, DEPTH)
            sources = [] if row["id"] in stays else needed
            deep = [i for i in deep if i in sources or i not in needed]
            draws += [redrawn(deep, sources, rng.choice(hit_ranks) - 1, rng) for _ in range(1, variants)]
        for draw, found in enumerate(draws):
            passages = [corpus.shown(row["id"], i) for i in found]
            size, fitting = lengths.fit(question, note, passages)
            passages = passages[:fitting]
            kept = supported(sentences, {p["id"] for p in passages} | ({NOTE_SOURCE} if note else set()))
            outcome = state if draw == 0 or row["id"] in stays else "redrawn"
            if not kept and outcome != "missed":
                outcome = "cut off"
            elif len(kept) < len(sentences) and outcome in ("found", "inserted", "redrawn"):
                outcome = "partial"
            states[outcome] += 1
            items.append(_item(row["id"], question, note, passages, kept, outcome, size) | {
                "reference": collapse(row["answer"]), **{k: row[k] for k in ("cluster", "style", "level", "tags", "key_facts", "forbidden", "heldout_passage")}})
    for row in foreign:
        question = collapse(row["question"])
        draws = [corpus.found(row["id"], question, training)]
        if training and variants > 1:
            deep, rng = corpus.found(row["id"], question, training, DEPTH), generator("foreign", seed, row["id"])
            draws += [redrawn(deep, [], 0, rng) for _ in range(1, variants)]
        for found in draws:
            passages = [corpus.shown(row["id"], i) for i in found]
            size, fitting = lengths.fit(question, None, passages)
            states["out of scope"] += 1
            items.append(_item(row["id"], question, None, passages[:fitting], [], "out of scope", size) | {"reference": ""})
    generator("order", seed, name).shuffle(items)

    golds = sum(ranks.values())
    answered = [i for i in items if i["answerable"]]
    report = {
        "items": len(items), "answerable": len(answered), "unanswerable_share": round(1 - len(answered) / max(1, len(items)), 4), "states": dict(sorted(states.items())),
        "left_out": dict(left_out), "with_note": sum("note" in i for i in items),
        "first_source_at_rank": {**{str(r): round(ranks[r] / max(1, golds), 4) for r in range(1, PASSAGES + 1)}, "missed": round(ranks[0] / max(1, golds), 4)},
        "first_source_found_by_style": {s: round(sum(map(bool, r)) / len(r), 4) for s, r in sorted(by_style.items())},
        "all_sources_found": round(sum(p[7] for p in plans) / max(1, len(plans)), 4),
        "answer_tokens": _spread([len(lengths.pieces(i["answer"])) + 1 for i in answered]), "answer_sentences": dict(sorted(collections.Counter(len(i["sentences"]) for i in answered).items())),
        "sentences_in_several_parts": sum(len(s["spans"]) > 1 for i in answered for s in i["sentences"]),
        "prompt_tokens": _spread([i["prompt_tokens"] for i in items]), "all_prompt_tokens": sum(i["prompt_tokens"] for i in items),
    }
    return items, report


def _item(identifier: str, question: str, note: str | None, passages: list[dict], sentences: list[dict], state: str, size: int) -> dict:
    """An item as `encode_items` reads it."""
    gold = sentences[0]["spans"][0]["source"] if sentences else None
    return {"id": identifier, "kind": "dentalqa", "question": question, **({"note": note} if note else {}), "passages": passages, "answer": " ".join(s["text"] for s in sentences),
            "sentences": sentences, "gold": gold, "answerable": int(bool(sentences)), "decision": None, "dental": True, "retrieval": state, "prompt_tokens": size}


def dentalqa(data: Path, out: Path, tokenizer: Tokenizer, max_tokens: int, seed: int, share: float, rankings: Path | None = None, variants: int = 1, log=print) -> dict:
    """With `rankings` (JSON Lines of {"id", "entries", "lines"}) passages come from there and not from BM25. Writes train.jsonl and validation.jsonl, which training reads, and test.jsonl, which only an evaluation reads; returns the report."""
    if not 0 <= share < 1:
        raise DataError(f"the share of unanswerable items is {share}; give one from 0 to below 1")
    rows = read_folder(data / "dentalqa", ("id", "question", "answer", "sentences", "cluster", "split", "style")) + practice_rows(data)
    foreign = read_jsonl(data / "safety" / "built" / "out_of_scope.jsonl", ("id", "question", "split"))
    if strange := {r["split"] for r in rows + foreign} - set(SPLITS):
        raise DataError(f"{data} has the splits {', '.join(sorted(map(str, strange)))}; expected {', '.join(SPLITS)}; build the data with `cargo xtask data build`")
    ranked = {row["id"]: row for row in read_jsonl(rankings, ("id", "entries", "lines"))} if rankings else None
    out.mkdir(parents=True, exist_ok=True)
    lengths = Lengths(tokenizer, max_tokens)
    report: dict = {"data": "dentalqa", "rankings": rankings and hashlib.sha256(rankings.read_bytes()).hexdigest(), "seed": seed, "max_tokens": max_tokens, "share": share, "variants": variants, "licences": [LICENCE]}
    for name in SPLITS:
        # Training sees no record line that only a held-out answer shows.
        corpus = Corpus(data, rows, SPLITS[: SPLITS.index(name) + 1], ranked)
        own = lambda table: [r for r in table if r["split"] == name]
        items, report[name] = _split_items(name, own(rows), own(foreign), corpus, lengths, seed, share, variants)
        with (out / f"{name}.jsonl").open("w", encoding="utf-8") as handle:
            for item in items:
                handle.write(json.dumps(item, ensure_ascii=False) + "\n")
        if lost := report[name]["left_out"].get(STALE):
            log(f"{name}: {lost} questions are left out, their answers do not stand in their sources: the built files are older than the texts; run `cargo xtask data build`")
        log(f"{name}: {json.dumps(report[name])}")
    (out / "counts.json").write_text(json.dumps(report, indent=1) + "\n")
    return report
