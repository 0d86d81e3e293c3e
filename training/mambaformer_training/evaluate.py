"""Measures of an eval output against held-out items: selection, copying, token-F1, exact match, with bootstrap intervals."""

import collections
import json
import re
from pathlib import Path

import numpy as np

from .data import read_jsonl
from .errors import DataError
from .text import collapse, words

# Words that carry no claim; everything else in an answer must stand in a passage.
FUNCTION_WORDS = set(
    "a an the this that these those and or but nor so yet if then than as at by for from in into of off on onto out over to up with without within about after before "
    "between during per via is are was were be been being am do does did have has had having can could may might must shall should will would not no yes maybe only also "
    "it its they them their there he she his her him you your we our i my me who whom whose which what when where why how such other some any each all both more most".split())


def write_items(source: Path, out: Path, limit: int | None) -> dict:
    """Held-out items in the form `cargo xtask eval` reads: id, question, passages, reference, gold_passage, decision."""
    rows = read_jsonl(source, ("id", "question", "passages", "answer", "gold"))[:limit]
    names = {v: k for k, v in {"yes": 0, "no": 1, "maybe": 2}.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as handle:
        for row in rows:
            item = {"id": row["id"], "question": row["question"], "passages": row["passages"], "reference": row["answer"], "gold_passage": row["gold"],
                    "kind": row.get("kind"), "decision": names.get(row.get("decision")), "dental": row.get("dental", False), **{k: row[k] for k in ("note", "key_facts", "forbidden", "heldout_passage", "retrieval") if k in row}}
            handle.write(json.dumps(item, ensure_ascii=False) + "\n")
    return {"items": len(rows), "without_answer": sum(1 for r in rows if r["gold"] is None), "path": str(out)}


def token_f1(answer: str, reference: str) -> float:
    """Overlap of the words of both, counted with repeats."""
    a, r = collections.Counter(words(answer)), collections.Counter(words(reference))
    common = sum((a & r).values())
    return 2 * common / (sum(a.values()) + sum(r.values())) if common else 0.0


def content_words(text: str) -> list[str]:
    """Words that must come from a source."""
    return [w for w in words(text) if w not in FUNCTION_WORDS]


def first_cited(row: dict):
    """The passage id of the first citation, or None."""
    for sentence in row.get("sentences") or []:
        for citation in sentence.get("citations") or []:
            passage = citation.get("passage")
            if isinstance(passage, int):
                evidence = row.get("evidence") or []
                return evidence[passage].get("passage") if 0 <= passage < len(evidence) else None
            return passage
    return None


def interval(values: list[float], samples: int, seed: int) -> dict:
    """Mean with a 95 % bootstrap interval over items."""
    if not values:
        return {"mean": None, "low": None, "high": None, "items": 0}
    data = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means = data[rng.integers(0, len(data), (samples, len(data)))].mean(1)
    return {"mean": round(float(data.mean()), 4), "low": round(float(np.quantile(means, 0.025)), 4), "high": round(float(np.quantile(means, 0.975)), 4), "items": len(values)}


def evaluate(answers: Path, items: Path, samples: int, seed: int) -> dict:
    """All measures; items with a reference and items without one are reported apart."""
    wanted = {r["id"]: r for r in read_jsonl(items, ("id", "question", "passages", "reference", "gold_passage"))}
    given = {r["id"]: r for r in read_jsonl(answers, ("id", "answer"))}
    shared = [i for i in wanted if i in given]
    if not shared:
        raise DataError(f"{answers} has none of the ids of {items}; they must come from the same items file")
    measures: dict[str, list[float]] = collections.defaultdict(list)
    states: dict[str, collections.Counter] = {"answerable": collections.Counter(), "not_answerable": collections.Counter()}
    outside = total = 0
    for identifier in shared:
        item, row = wanted[identifier], given[identifier]
        answer = collapse(row["answer"] or "")
        answerable = item["gold_passage"] is not None
        states["answerable" if answerable else "not_answerable"][str(row.get("state"))] += 1
        sources = set()
        for p in item["passages"] + (row.get("evidence") or []):
            sources |= set(words(p.get("text", ""))) | set(words(p.get("title", "")))
        said = content_words(re.sub(r"^(?:Yes|No|Maybe)\.\s*", "", answer))
        missing = sum(w not in sources for w in said)
        outside, total = outside + missing, total + len(said)
        if said:
            measures["answers_with_a_word_not_in_the_sources"].append(float(missing > 0))
        if not answerable:
            measures["silent_when_not_answerable"].append(float(not answer))
            continue
        measures["selection"].append(float(first_cited(row) == item["gold_passage"]))
        measures["token_f1"].append(token_f1(answer, item["reference"]))
        measures["exact"].append(float(words(answer) == words(item["reference"])))
        measures["empty"].append(float(not answer))
        if item.get("decision"):
            measures["decision"].append(float(answer.lower().startswith(item["decision"])))
        if item.get("dental"):
            measures["dental_selection"].append(float(first_cited(row) == item["gold_passage"]))
            measures["dental_token_f1"].append(token_f1(answer, item["reference"]))
    return {"items": len(shared), "without_an_answer_row": len(wanted) - len(shared), "content_words": total, "content_words_not_in_the_sources": outside,
            "states": {k: dict(v) for k, v in states.items()}, **{k: interval(v, samples, seed) for k, v in sorted(measures.items())}}
