"""The figures of one variant."""

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..bootstrap import Figure, difference, over_clusters, share
from ..confidence import auroc, expected_calibration_error
from ..data import read_jsonl
from ..errors import DataError
from ..evaluate import content_words, token_f1
from ..text import collapse
from .inputs import NOTE, Variant, cited, gold
from .measures import citation_counts, rouge_l
from .similarity import Similarity
from .svg import Point

BINS = 10
BOTH = ("recall", "right")  # compared with the first variant, question by question


@dataclass
class Calibration:
    """How far the confidence of an answer means what it says."""

    ece: Figure
    auroc: Figure
    right: Figure
    bands: dict[str, tuple[int, int]]  # right, of
    points: list[Point]


@dataclass
class Figures:
    """All figures of a variant; None where nothing could be counted."""

    name: str
    n: int
    answered: int
    shares: dict[str, Figure | None]
    against: dict[str, Figure] = field(default_factory=dict)
    strange_words: tuple[int, int] = (0, 0)       # content words in no cited source, content words
    strange_numbers: tuple[int, int] = (0, 0)     # numbers and drug names in no cited source, of all
    calibration: Calibration | None = None
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    sentences: float = 0.0
    relative_time: Figure | None = None           # by that of the first variant, question by question, taken in turns


def _sources(record: dict, question: dict, only_cited: bool) -> str:
    """Text and titles of what the answer cites, or of all that was read."""
    of = set(cited(record))
    texts = [f"{piece['title']} {piece['text']}" for piece in record["evidence"] + record.get("more", []) if not only_cited or piece["passage"] in of]
    note_cited = any(citation["passage"] == NOTE for sentence in record["sentences"] for citation in sentence["citations"])
    if question["note_text"] and (note_cited or not only_cited):
        texts.append(question["note_text"])
    return " ".join(texts)


def _score(file: dict, features: dict) -> float:
    """The probability that an answer is right; what is not set counts as average, as in the product."""
    z = file["intercept"] + sum(f["weight"] * (features[f["name"]] - f["mean"]) / f["deviation"] for f in file["features"] if f["name"] in features)
    return 1 / (1 + math.exp(-z))


def calibration(variant: Variant, path: Path) -> Calibration | None:
    """Over the answers that have features; None where none has (free generation)."""
    try:
        file = json.loads(path.read_text(encoding="utf-8"))
        [file[name] for name in ("intercept", "features", "thresholds")]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is no confidence file ({error}); make it by `python -m mambaformer_training confidence` or give it by --confidence") from error
    rows = [variant.outcomes[name] for name in sorted(variant.outcomes) if variant.outcomes[name]["answered"] and variant.outcomes[name]["features"]]
    if len(rows) < BINS:
        return None
    p, y = np.array([_score(file, row["features"]) for row in rows]), np.array([row["right"] for row in rows], bool)
    groups = [row["cluster"] for row in rows]
    band = np.digitize(p, (file["thresholds"]["medium"], file["thresholds"]["high"]))
    points = []
    for part in np.array_split(np.argsort(p, kind="stable"), BINS):
        right = share({rows[i]["id"]: (float(y[i]), 1) for i in part}, {rows[i]["id"]: groups[i] for i in part})
        points.append(Point(float(p[part].mean()), right.value, right.low, right.high))
    return Calibration(over_clusters(lambda i: expected_calibration_error(p[i], y[i]), groups), over_clusters(lambda i: auroc(p[i], y[i]), groups),
                       over_clusters(lambda i: float(y[i].mean()), groups), {name: (int(y[band == i].sum()), int((band == i).sum())) for i, name in enumerate(("low", "medium", "high"))}, points)


def pairs_of(variant: Variant, questions: dict[str, dict], similarity: Similarity, drugs: re.Pattern) -> dict[str, dict[str, tuple[float, float]]]:
    """Numerator and denominator of every measure, by question."""
    out: dict[str, dict[str, tuple[float, float]]] = {name: {} for name in (
        "recall", "right", "forbidden", "declined", "selection", "shown", "strange", "strange shown", "claims", "token f1", "rouge l", "bert precision", "bert recall", "bert f1", "cited gold", "gold cited")}
    for name, record in variant.records.items():
        question, outcome = questions[name], variant.outcomes[name]
        put = lambda measure, over, under=1: out[measure].__setitem__(name, (float(over), float(under)))
        put("recall", *outcome["key_facts"])
        put("right", outcome["right"])
        put("forbidden", outcome["forbidden"] > 0)
        put("declined", not outcome["answered"])
        wanted, given = gold(question), cited(record)
        put("shown", any(piece["passage"] == wanted[0] for piece in record["evidence"]))
        if not outcome["answered"]:
            continue
        put("selection", given[:1] == wanted[:1])
        answer, reference = collapse(record["answer"]), collapse(question["answer"])
        cited_text, shown_text = (_sources(record, question, only) for only in (True, False))
        said = content_words(answer)
        for measure, text in (("strange", cited_text), ("strange shown", shown_text)):
            known = set(content_words(text))
            put(measure, sum(word not in known for word in said), len(said))
        claims = [word for word in said if word[0].isdigit()] + drugs.findall(answer.lower())
        known, lower = set(content_words(cited_text)), cited_text.lower()
        put("claims", sum(claim not in known and claim not in lower for claim in claims), len(claims))
        put("token f1", token_f1(answer, reference))
        put("rouge l", rouge_l(answer, reference))
        for measure, value in zip(("bert precision", "bert recall", "bert f1"), similarity.score(answer, reference)):
            put(measure, value)
        both, cites, golds = citation_counts(given, wanted)
        put("cited gold", both, cites)
        put("gold cited", both, golds)
    return out


def relative_times(name: str, first: str, dumps: list[tuple[str, Path]], clusters: dict[str, str]) -> Figure | None:
    """Time of a variant by that of the first, each question's quickest round, which other work disturbed least; None where either was not timed."""
    rounds: dict[str, dict[str, list[float]]] = {name: {}, first: {}}
    for of, path in dumps:
        for row in read_jsonl(path, ("id", "total_ms")) if of in rounds else ():
            rounds[of].setdefault(row["id"], []).append(row["total_ms"])
    shared = rounds[name].keys() & rounds[first].keys() & clusters.keys()
    return share({question: (min(rounds[name][question]), min(rounds[first][question])) for question in sorted(shared)}, clusters)


def figures(variants: list[Variant], questions: dict[str, dict], similarity: Similarity, drugs: re.Pattern, confidence: Path, times: list[tuple[str, Path]]) -> list[Figures]:
    """One line a variant, in order; differences from the first."""
    out, base = [], None
    clusters = {name: row["cluster"] for name, row in questions.items()}
    for variant in variants:
        names = sorted(variant.records)
        similarity.add([collapse(text) for name in names for text in (variant.records[name]["answer"], questions[name]["answer"]) if variant.outcomes[name]["answered"]])
        pairs = pairs_of(variant, questions, similarity, drugs)
        total = lambda measure, place: int(sum(pair[place] for pair in pairs[measure].values()))
        answered = [row for row in variant.outcomes.values() if row["answered"]]
        spent = sorted(row["total_ms"] for row in variant.outcomes.values())
        line = Figures(variant.name, len(names), len(answered), {measure: share(rows, clusters) for measure, rows in pairs.items()}, strange_words=(total("strange", 0), total("strange", 1)),
                       strange_numbers=(total("claims", 0), total("claims", 1)), calibration=calibration(variant, confidence), p50_ms=spent[len(spent) // 2], p95_ms=spent[int(len(spent) * 0.95)],
                       sentences=sum(row["sentences"] for row in answered) / max(1, len(answered)))
        if base is None:
            base = pairs
        elif not pairs["recall"].keys() & base["recall"].keys():
            raise DataError(f"`{variant.name}` answers none of the questions of `{variants[0].name}`; give records of one split")
        else:
            line.relative_time = relative_times(variant.name, variants[0].name, times, clusters)
            line.against = {measure: difference(pairs[measure], base[measure], clusters) for measure in BOTH}
        out.append(line)
    return out
