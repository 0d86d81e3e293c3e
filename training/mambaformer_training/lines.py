"""The odds that an answer uses a line: a logistic regression over the lines that `cargo xtask eval clinical lines --dump FILE` writes.

An answer is made of lines of what the model reads; what is known of each without reading it (its vector's cosine, the question's words in it, its neighbours, its
place, its entry's rank) says how likely it is used. Where the encoder has read the lines together with the question, a second regression puts that and the first one's
logit together, and a choice model (conditional logit, McFadden 1974) says where the answer begins. Fitted on validation questions: the encoder was tuned on those of
training. Test is reported, and a cross-validation over clusters.
"""

import json
from pathlib import Path

import numpy as np

from . import logistic
from .data import read_jsonl
from .errors import DataError
from .scope import seal

# clinical/src/retrieval/lines.rs, in its order.
NAMES = ("similarity", "coverage", "words", "words_squared", "lead", "leading", "first", "below", "next", "before", "beside")
FOLDS = 5
PENALTY = 1e-4  # of the squared weights, per question
# Lines an answer has in figures of sets: as many as the reference answers have sentences.
TOLD = 2.2


def probabilities(weights: np.ndarray, lines: np.ndarray) -> np.ndarray:
    z = lines @ weights
    z = np.exp(z - z.max())
    return z / z.sum()


def fit(rows: list[tuple[np.ndarray, int]], steps: int = 50) -> np.ndarray:
    """Newton's method on the mean log likelihood; rows are (lines [n, features], the chosen one)."""
    width = rows[0][0].shape[1]
    weights = np.zeros(width)
    for _ in range(steps):
        gradient, hessian = PENALTY * weights, PENALTY * np.eye(width)
        for lines, chosen in rows:
            p = probabilities(weights, lines)
            mean = p @ lines
            gradient += (mean - lines[chosen]) / len(rows)
            hessian += ((lines * p[:, None]).T @ lines - np.outer(mean, mean)) / len(rows)
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def figures(weights: np.ndarray, rows: list[tuple[np.ndarray, int]]) -> dict:
    p = [probabilities(weights, lines) for lines, _ in rows]
    return {"questions": len(rows), "first_line": round(float(np.mean([q.argmax() == c for q, (_, c) in zip(p, rows)])), 4),
            "log_likelihood": round(float(np.mean([np.log(q[c]) for q, (_, c) in zip(p, rows)])), 4)}


def read_scores(row: dict) -> np.ndarray:
    """`[lines, 2]`; a line that was not read has the least of those that were, as in model-wasm/src/pipeline/priors.rs."""
    read = np.array([pair if pair else (np.nan, np.nan) for pair in row["read"]], dtype=np.float64).reshape(-1, 2)
    return np.where(np.isnan(read), np.nanmin(read, axis=0), read)


def by_cluster(rows: list[dict]) -> list[int]:
    """The fold of each row; the wordings of one cluster stay in one."""
    clusters = [r["id"].rsplit("-", 1)[0] for r in rows]
    fold = {c: i % FOLDS for i, c in enumerate(sorted(set(clusters)))}
    return [fold[c] for c in clusters]


def crossed(rows: list[tuple[np.ndarray, int]], folds: list[int]) -> dict:
    """Figures of the choice model on folds that it was not fitted to."""
    found = []
    for f in range(FOLDS):
        inside, outside = ([r for r, own in zip(rows, folds) if (own == f) == out] for out in (False, True))
        if inside and outside:
            own = figures(fit(inside), outside)
            found.append((own["first_line"] * own["questions"], own["log_likelihood"] * own["questions"], own["questions"]))
    total = sum(f[2] for f in found) or 1
    return {"first_line": round(sum(f[0] for f in found) / total, 4), "log_likelihood": round(sum(f[1] for f in found) / total, 4)}


def told(odds: list[np.ndarray], rows: list[dict]) -> dict:
    """The likeliest lines, one a question and more by one threshold for all, `TOLD` a question on average: which share of what answers use is told, and the reverse."""
    order = [np.argsort(-z, kind="stable") for z in odds]
    behind = np.sort(np.concatenate([z[o[1:]] for z, o in zip(odds, order)]))[::-1]
    threshold = behind[min(len(behind) - 1, int(round((TOLD - 1) * len(rows))))]
    chosen = [set(o[:1].tolist()) | set(np.flatnonzero(z > threshold).tolist()) for z, o in zip(odds, order)]
    right = sum(len(c & set(r["used"])) for c, r in zip(chosen, rows))
    return {"questions": len(rows), "lines": round(sum(map(len, chosen)) / len(rows), 2), "recall": round(right / sum(len(r["used"]) for r in rows), 4),
            "precision": round(right / sum(map(len, chosen)), 4), "begins_with_one": round(float(np.mean([int(o[0]) in r["used"] for o, r in zip(order, rows)])), 4)}


def used_of(rows: list[dict]) -> np.ndarray:
    return np.concatenate([np.isin(np.arange(len(r["lines"])), r["used"]) for r in rows])


def logits(weights: np.ndarray, features: list[np.ndarray]) -> list[np.ndarray]:
    return [weights[0] + x @ weights[1:] for x in features]


def regression(features: dict[str, list[np.ndarray]], rows: dict[str, list[dict]]) -> tuple[np.ndarray, dict]:
    """Weights fitted on validation, and figures: cross-validated, and on test."""
    fitted = lambda chosen: logistic.fit(np.concatenate([features["validation"][i] for i in chosen]), used_of([rows["validation"][i] for i in chosen]), PENALTY)
    everything = range(len(rows["validation"]))
    weights, folds = fitted(everything), by_cluster(rows["validation"])
    odds = [np.empty(0)] * len(folds)
    for f in range(FOLDS):
        inside = [i for i in everything if folds[i] != f]
        if inside and len(inside) < len(folds):
            own = fitted(inside)
            for i in everything:
                if folds[i] == f:
                    odds[i] = logits(own, [features["validation"][i]])[0]
    report = {"cross_validation": told(odds, rows["validation"])} if all(len(z) for z in odds) else {}
    if rows["test"]:
        report["test"] = told(logits(weights, features["test"]), rows["test"])
    return weights, report


def reading(rows: dict[str, list[dict]], priors: dict[str, list[np.ndarray]], enough: float) -> tuple[dict, dict]:
    """The weights of what was read beside the logits without it, and their report."""
    there = {split: [(np.column_stack([z, read_scores(r)[:, 0]]), r["first"]) for r, z in zip(own, priors[split]) if r["first"] is not None] for split, own in rows.items()}
    folds = [f for f, r in zip(by_cluster(rows["validation"]), rows["validation"]) if r["first"] is not None]
    first = fit(there["validation"])
    alone = [(lines[:, 1:], chosen) for lines, chosen in there["validation"]]
    used, report = regression({split: [np.column_stack([z, read_scores(r)[:, 1]]) for r, z in zip(own, priors[split])] for split, own in rows.items()}, rows)
    report |= {"begins": {"validation": figures(first, there["validation"]), "cross_validation": crossed(there["validation"], folds), "reader_alone": figures(fit(alone), alone)}}
    if rows["test"]:
        report["begins"]["test"] = figures(first, there["test"])
    number = lambda value: round(float(value), 4)
    return {"first": {"prior": number(first[0]), "read": number(first[1])}, "used": {"intercept": number(used[0]), "prior": number(used[1]), "read": number(used[2])},
            "enough": enough}, report


def lines(dump: Path, parameters: Path, enough: float | None, log=print) -> dict:
    """Fits, reports, and writes the weights into `parameters` (assets/retrieval.json), sealed anew. `enough` is the probability of use below which a line is not told; what the
    file has stays where none is given."""
    dumped = [r for r in read_jsonl(dump, ("id", "split", "lines", "read", "first")) if r["lines"]]
    rows = {split: [r for r in dumped if r["split"] == split] for split in ("validation", "test")}
    if not rows["validation"]:
        raise DataError(f"{dump} has no validation questions; write it by `cargo xtask eval clinical lines --dump {dump}`")
    if len(rows["validation"][0]["lines"][0]) != len(NAMES):
        raise DataError(f"{dump} has {len(rows['validation'][0]['lines'][0])} numbers a line, {len(NAMES)} are known; write it with this version")
    if enough is None:
        enough = json.loads(parameters.read_text())["lines"]["enough"]
    features = {split: [np.array(r["lines"], dtype=np.float64) for r in own] for split, own in rows.items()}
    weights, report = regression(features, rows)
    cosine, _ = regression({split: [x[:, :1] for x in own] for split, own in features.items()}, {"validation": rows["validation"], "test": []})
    result = {"weights": {"intercept": round(float(weights[0]), 4)} | {name: round(float(w), 4) for name, w in zip(NAMES, weights[1:])} | {"enough": enough}, **report,
              "similarity_alone": told(logits(cosine, [x[:, :1] for x in features["validation"]]), rows["validation"])}
    if any(pair for r in dumped for pair in r["read"]):
        result["read_weights"], result["reading"] = reading(rows, {split: logits(weights, own) for split, own in features.items()}, enough)
        seal(parameters, "reading", result["read_weights"])
    log(json.dumps(result, indent=1))
    seal(parameters, "lines", result["weights"])
    return result
