"""The weights of a line's prior: a choice model over the lines that `cargo xtask eval clinical lines --dump FILE` writes.

An answer begins with one of the lines the model reads; the weights maximise the likelihood of that line among them (conditional logit, McFadden 1974).
Where the encoder has read the lines together with the question, a second choice model puts that and the prior together, and a logistic regression says
how likely the answer uses a line. Fitted on validation questions: the encoder was tuned on those of training. Test is reported, and a
cross-validation over clusters.
"""

import json
from pathlib import Path

import numpy as np

from . import logistic
from .data import read_jsonl
from .errors import DataError
from .scope import seal

# clinical/src/retrieval/lines.rs; a line's words are counted in tens.
NAMES = ("similarity", "coverage", "words", "lead")
UNITS = np.array([1.0, 1.0, 0.1, 1.0])
FOLDS = 5
PENALTY = 1e-4  # of the squared weights, per question


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


def use(weights: np.ndarray, rows: list[dict], priors: list[np.ndarray]) -> dict:
    """How well use is told: the mean log likelihood a line, and precision and recall of the lines above a half."""
    p = [logistic.scores(weights, np.column_stack([z, read_scores(r)[:, 1]])) for r, z in zip(rows, priors)]
    used = [np.isin(np.arange(len(q)), r["used"]) for q, r in zip(p, rows)]
    p, used = np.concatenate(p), np.concatenate(used)
    said = p > 0.5
    return {"lines": len(p), "log_likelihood": round(float(np.mean(np.log(np.where(used, p, 1 - p)))), 4), "precision": round(float(used[said].mean()), 4),
            "recall": round(float(said[used].mean()), 4)}


def reading(rows: dict[str, list[dict]], weights: np.ndarray, enough: float) -> tuple[dict, dict]:
    """The weights of what was read, and their report."""
    priors = {split: [(np.array(r["lines"]) * UNITS) @ weights for r in own] for split, own in rows.items()}
    priors = {split: [z - z.max() for z in own] for split, own in priors.items()}
    there = {split: [(np.column_stack([z, read_scores(r)[:, 0]]), r["first"]) for r, z in zip(own, priors[split]) if r["first"] is not None] for split, own in rows.items()}
    folds = [f for f, r in zip(by_cluster(rows["validation"]), rows["validation"]) if r["first"] is not None]
    first = fit(there["validation"])
    features = np.concatenate([np.column_stack([z, read_scores(r)[:, 1]]) for r, z in zip(rows["validation"], priors["validation"])])
    used = logistic.fit(features, np.concatenate([np.isin(np.arange(len(r["lines"])), r["used"]) for r in rows["validation"]]), PENALTY)
    report = {"validation": figures(first, there["validation"]), "cross_validation": crossed(there["validation"], folds), "use": use(used, rows["validation"], priors["validation"])}
    report["reader_alone"] = figures(fit([(lines[:, 1:], chosen) for lines, chosen in there["validation"]]), [(lines[:, 1:], chosen) for lines, chosen in there["validation"]])
    if rows["test"]:
        report |= {"test": figures(first, there["test"]), "test_use": use(used, rows["test"], priors["test"])}
    number = lambda value: round(float(value), 4)
    return {"first": {"prior": number(first[0]), "read": number(first[1])}, "used": {"intercept": number(used[0]), "prior": number(used[1]), "read": number(used[2])},
            "enough": enough}, report


def lines(dump: Path, parameters: Path, enough: float, log=print) -> dict:
    """Fits, reports, and writes the weights into `parameters` (assets/retrieval.json), sealed anew. `enough` is the probability of use below which an answer ends."""
    dumped = read_jsonl(dump, ("id", "split", "lines", "read", "first"))
    split_rows = {split: [r for r in dumped if r["split"] == split] for split in ("validation", "test")}
    there = {split: [r for r in rows if r["first"] is not None] for split, rows in split_rows.items()}
    rows = {split: [(np.array(r["lines"], dtype=np.float64) * UNITS, r["first"]) for r in own] for split, own in there.items()}
    if not rows["validation"]:
        raise DataError(f"{dump} has no validation questions; write it by `cargo xtask eval clinical lines --dump {dump}`")
    weights = fit(rows["validation"])
    alone = fit([(lines[:, :1], chosen) for lines, chosen in rows["validation"]])
    result = {"weights": {name: round(float(w), 4) for name, w in zip(NAMES, weights)}, "validation": figures(weights, rows["validation"]),
              "cross_validation": crossed(rows["validation"], by_cluster(there["validation"])),
              "similarity_alone": figures(alone, [(lines[:, :1], chosen) for lines, chosen in rows["validation"]])}
    if rows["test"]:
        result["test"] = figures(weights, rows["test"])
        result["test_similarity_alone"] = figures(alone, [(lines[:, :1], chosen) for lines, chosen in rows["test"]])
    if any(pair for r in dumped for pair in r["read"]):
        result["read_weights"], result["reading"] = reading(split_rows, weights, enough)
        seal(parameters, "reading", result["read_weights"])
    log(json.dumps(result, indent=1))
    seal(parameters, "lines", result["weights"])
    return result
