"""The scope model's weights: a logistic regression over the signals that `cargo xtask eval clinical scope --dump FILE` writes.

Fitted on the training split, thresholds taken from the validation split; the test split and a cross-validation over everything are reported. The
in-scope questions of one cluster stay in one fold.
"""

import hashlib
import json
import re
from pathlib import Path

import numpy as np

from . import logistic
from .data import read_jsonl
from .errors import DataError
from .logistic import scores

FOLDS = 5
PENALTY = 1e-3           # of the squared coefficients, per question
IN_SCOPE_DECLINED = 0.08  # what may be declined of the in-scope validation questions; the goal is 0.10
IN_SCOPE_UNSURE = 0.25    # what may be declined or doubted
# clinical/src/scope/signals.rs
SIGNALS = ("coverage", "best_coverage", "density", "margin", "unknown_share", "corrected_share", "trade_share", "few_words", "unknown_name", "injection", "image",
           "legal_financial", "chit_chat", "other_medicine", "anchor", "other_medicine_without_anchor", "similarity")
FIELDS = ("id", "split", "group", "in_scope", "signals", "fold_key")


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Both classes weigh the same in all."""
    return logistic.fit(x, y, PENALTY, np.where(y, 0.5 / max(1, y.sum()), 0.5 / max(1, (~y).sum())))


def threshold(p: np.ndarray, share: float) -> float:
    """The score below which `share` of `p` lies."""
    return float(np.quantile(p, share))


def by_group(rows: list[dict], declined: np.ndarray) -> dict[str, str]:
    groups = sorted({(not r["in_scope"], r["group"]) for r in rows})
    out = {}
    for outside, group in groups:
        at = np.array([i for i, r in enumerate(rows) if r["group"] == group and r["in_scope"] != outside])
        out[group] = f"{int(declined[at].sum())} of {len(at)} declined"
    return out


def report(rows: list[dict], declined: np.ndarray) -> dict:
    inside = np.array([r["in_scope"] for r in rows])
    return {"in scope declined": f"{int(declined[inside].sum())} of {int(inside.sum())} = {declined[inside].mean():.3f}",
            "out of scope declined": f"{int(declined[~inside].sum())} of {int((~inside).sum())} = {declined[~inside].mean():.3f}", **by_group(rows, declined)}


def scope(dump: Path, model: Path, names: tuple[str, ...], log=print) -> dict:
    """Fits, reports, and writes the weights into `model` (assets/scope.json), sealed anew."""
    rows = read_jsonl(dump, FIELDS)
    if not rows:
        raise DataError(f"{dump} is empty; write it by `cargo xtask eval clinical scope --dump {dump}`")
    x, y = np.array([r["signals"] for r in rows], dtype=np.float64), np.array([r["in_scope"] for r in rows], dtype=bool)
    split = np.array([r["split"] for r in rows])
    train, validation, test = (split == name for name in ("train", "validation", "test"))
    beta = fit(x[train], y[train])
    p = scores(beta, x)
    out = threshold(p[validation & y], IN_SCOPE_DECLINED)
    sure = max(out, threshold(p[validation & y], IN_SCOPE_UNSURE))
    result = {name: report([r for r, keep in zip(rows, mask) if keep], p[mask] < out) for name, mask in (("validation", validation), ("test", test))}
    fold = np.array([int(hashlib.sha256(r["fold_key"].encode()).hexdigest()[:8], 16) % FOLDS for r in rows])
    declined = np.zeros(len(rows), dtype=bool)
    for held in range(FOLDS):
        rest = fold != held
        coefficients = fit(x[rest], y[rest])
        limit = threshold(scores(coefficients, x[rest & y]), IN_SCOPE_DECLINED)
        declined[fold == held] = scores(coefficients, x[fold == held]) < limit
    result["cross-validation"] = report(rows, declined)
    for name, figures in result.items():
        log(f"{name}: {json.dumps(figures, indent=1)}")
    weights = {"intercept": round(float(beta[0]), 4), "coefficients": {n: round(float(b), 4) for n, b in zip(names, beta[1:]) if abs(b) >= 5e-5},
               "in": round(sure, 4), "out": round(out, 4)}
    log(json.dumps(weights, indent=1))
    # Where a similarity was measured the weights are those of both sides together.
    seal(model, "hybrid" if np.any(x[:, names.index("similarity")] != 0) else "lexical", weights)
    return result


def seal(model: Path, field: str, weights: dict) -> None:
    """Puts the object `weights` into `field` of a sealed file and seals it anew: SHA-256 of the text without the digits themselves."""
    text = model.read_text(encoding="utf8")
    lines = json.dumps(weights, indent=2).replace("\n", "\n ")
    text, changed = re.subn(rf'("{field}": )(\{{.*?\n \}}|null)', lambda m: m[1] + lines, text, count=1, flags=re.S)
    found = re.search(r'"sha256": "([^"]{64})"', text)
    if not changed or not found:
        raise DataError(f"{model} has no field `{field}` or `sha256`; take it from the repository again")
    digest = hashlib.sha256((text[: found.start(1)] + text[found.end(1) :]).encode("utf8")).hexdigest()
    model.write_text(text[: found.start(1)] + digest + text[found.end(1) :], encoding="utf8")
