"""The weights of a line's prior: a choice model over the lines that `cargo xtask eval clinical lines --dump FILE` writes.

An answer begins with one of the lines the model reads; the weights maximise the likelihood of that line among them (conditional logit, McFadden 1974).
Fitted on validation questions: the encoder was tuned on those of training. Test is reported, and a cross-validation over clusters.
"""

import json
from pathlib import Path

import numpy as np

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


def lines(dump: Path, parameters: Path, log=print) -> dict:
    """Fits, reports, and writes the weights into `parameters` (assets/retrieval.json), sealed anew."""
    dumped = read_jsonl(dump, ("id", "split", "lines", "first"))
    rows = {split: [(np.array(r["lines"], dtype=np.float64) * UNITS, r["first"]) for r in dumped if r["split"] == split] for split in ("validation", "test")}
    if not rows["validation"]:
        raise DataError(f"{dump} has no validation questions; write it by `cargo xtask eval clinical lines --dump {dump}`")
    weights = fit(rows["validation"])
    # The wordings of one cluster stay in one fold.
    clusters = [r["id"].rsplit("-", 1)[0] for r in dumped if r["split"] == "validation"]
    fold = {c: i % FOLDS for i, c in enumerate(sorted(set(clusters)))}
    held_out = []
    for f in range(FOLDS):
        inside = [r for r, c in zip(rows["validation"], clusters) if fold[c] != f]
        outside = [r for r, c in zip(rows["validation"], clusters) if fold[c] == f]
        if inside and outside:
            own = figures(fit(inside), outside)
            held_out.append((own["first_line"] * own["questions"], own["log_likelihood"] * own["questions"], own["questions"]))
    total = sum(h[2] for h in held_out) or 1
    alone = fit([(lines[:, :1], chosen) for lines, chosen in rows["validation"]])
    result = {"weights": {name: round(float(w), 4) for name, w in zip(NAMES, weights)}, "validation": figures(weights, rows["validation"]),
              "cross_validation": {"first_line": round(sum(h[0] for h in held_out) / total, 4), "log_likelihood": round(sum(h[1] for h in held_out) / total, 4)},
              "similarity_alone": figures(alone, [(lines[:, :1], chosen) for lines, chosen in rows["validation"]])}
    if rows["test"]:
        result["test"] = figures(weights, rows["test"])
        result["test_similarity_alone"] = figures(alone, [(lines[:, :1], chosen) for lines, chosen in rows["test"]])
    log(json.dumps(result, indent=1))
    seal(parameters, "lines", result["weights"])
    return result
