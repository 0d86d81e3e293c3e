"""How sure an answer is: a logistic regression over what `cargo xtask eval answers --dump FILE` writes, and three bands with their accuracy.

Fitted, and the bands' limits chosen, on the answers to the validation questions; how often each band is right is counted on those to the test questions.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from .data import read_jsonl
from .errors import DataError
from .logistic import fit, scores

SHARES = (1 / 3, 2 / 3)  # of the validation answers below the medium and below the high band
PENALTY = 1e-2
FIELDS = ("id", "answered", "right", "features")
BANDS = ("low", "medium", "high")


def expected_calibration_error(p: np.ndarray, y: np.ndarray, bins: int = 10) -> float:
    """Mean distance of score and accuracy over bins of equal size, weighted by their answers."""
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    return float(sum(len(part) * abs(p[part].mean() - y[part].mean()) for part in parts if len(part)) / len(p))


def auroc(p: np.ndarray, y: np.ndarray) -> float:
    """How often a right answer scores above a wrong one."""
    order = np.argsort(np.argsort(p, kind="stable"), kind="stable") + 1.0
    right = int(y.sum())
    if right in (0, len(y)):
        return float("nan")
    return float((order[y].sum() - right * (right + 1) / 2) / (right * (len(y) - right)))


def confidence(validation: Path, test: Path, out: Path, log=print) -> dict:
    """Fits, measures and writes `confidence.json`."""
    sets = {}
    for name, path in (("validation", validation), ("test", test)):
        rows = [row for row in read_jsonl(path, FIELDS) if row["answered"] and row["features"]]
        if len(rows) < 60:
            raise DataError(f"{path} has {len(rows)} answers, at least 60 are needed; write it by `cargo xtask eval answers --split {name} --dump {path}`")
        sets[name] = rows
    names = sorted({name for row in sets["validation"] for name in row["features"]})
    table = lambda rows: np.array([[row["features"].get(n, np.nan) for n in names] for row in rows], np.float64)
    raw = {name: table(rows) for name, rows in sets.items()}
    mean, deviation = np.nanmean(raw["validation"], axis=0), np.nanstd(raw["validation"], axis=0)
    used = deviation > 1e-6
    names, mean, deviation = [n for n, keep in zip(names, used) if keep], mean[used].round(4), deviation[used].round(4)
    # What is not set counts as average, as in the product.
    x = {name: np.nan_to_num((values[:, used] - mean) / deviation) for name, values in raw.items()}
    y = {name: np.array([row["right"] for row in rows], bool) for name, rows in sets.items()}
    # Every answer weighs the same, so that the score is a probability.
    beta = fit(x["validation"], y["validation"], PENALTY).round(4)
    p = {name: scores(beta, values) for name, values in x.items()}
    medium, high = (round(float(np.quantile(p["validation"], share)), 4) for share in SHARES)
    band = np.digitize(p["test"], (medium, high))
    measured = {name: {"right": int(y["test"][band == i].sum()), "of": int((band == i).sum())} for i, name in enumerate(BANDS)}
    features = [{"name": n, "weight": float(w), "mean": float(m), "deviation": float(d)} for n, w, m, d in zip(names, beta[1:], mean, deviation)]
    content = [1, float(beta[0]), features, {"medium": medium, "high": high}, measured]
    digest = hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
    file = {"format": 1, "comment": "Made by `python -m mambaformer_training confidence`: fitted on validation, counted on test. Right: every key fact, nothing forbidden.",
            "sha256": digest, "intercept": content[1], "features": features, "thresholds": content[3], "measured": measured}
    out.write_text(json.dumps(file, indent=1) + "\n", encoding="utf8")
    report = {name: {"answers": len(y[name]), "right": float(y[name].mean()), "ece": expected_calibration_error(p[name], y[name]), "auroc": auroc(p[name], y[name])} for name in sets}
    log(json.dumps(report | {"measured": measured, "weights": dict(zip(names, beta[1:].tolist()))}, indent=1))
    return report
