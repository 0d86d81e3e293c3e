"""The second net of triage: a multinomial logistic regression on the sentence encoder's vector of a message, one row of weights a rule, the logit of "nothing" 0.

Fitted to the red flags and near misses of data/safety (training and validation split) and to ordinary questions (DentalQA's training split and data/practice), for which
nothing must alarm. Penalty and thresholds come from a cross-validation over what it is fitted to; the test split is measured with the finished net. The blind
files of data/safety are never read here. Nothing is drawn at random: folds go by the hash of the id, and the fit begins at zero.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from .data import read_jsonl
from .errors import DataError
from .text import collapse

FORMAT = 1                # clinical/src/triage/net/file.rs
MAX_FILE_BYTES = 60_000
FOLDS = 5
PENALTIES = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4)    # of the squared weights
ORDINARY_WEIGHT = 1.0     # of all ordinary questions together, beside all messages; 0.1 to 1 recall the same, 1 alarms least on them
# What the net alone may alarm on, and note: of near misses, and of ordinary questions (among which are patients in danger, for whom that is right).
ALARM_SHARES = {"near miss": 0.03, "ordinary": 0.01}
NOTE_SHARES = {"near miss": 0.10, "ordinary": 0.03}
STEPS = 100
RED_FLAG, NEAR_MISS, ORDINARY = "red flag", "near miss", "ordinary"


@dataclasses.dataclass
class Messages:
    """Texts with what is known of them, each a list or array of `[texts]`."""

    ids: list[str]
    texts: list[str]
    groups: np.ndarray     # RED_FLAG, NEAR_MISS or ORDINARY
    held_out: np.ndarray   # the test split
    rules: np.ndarray      # number of the rule that must fire; the number of rules where none must


def read_messages(data: Path, rules: list[str]) -> Messages:
    """Red flags, near misses and ordinary questions below `data`; DataError for a red flag of an unknown rule and for a rule without one."""
    rows = []
    for name, group in (("red_flags", RED_FLAG), ("near_misses", NEAR_MISS)):
        for r in read_jsonl(data / "safety" / "built" / f"{name}.jsonl", ("id", "text", "rule", "split")):
            if r["rule"] not in rules:
                raise DataError(f"{name}.jsonl: {r['id']} is of the rule `{r['rule']}`, which triage.json does not have; correct one of them")
            rows.append((r["id"], r["text"], group, r["split"] == "test", rules.index(r["rule"]) if group == RED_FLAG else len(rules)))
    for path in sorted((data / "dentalqa").glob("*.jsonl")):
        rows += [(r["id"], r["question"], ORDINARY, False, len(rules)) for r in read_jsonl(path, ("id", "question", "split")) if r["split"] == "train"]
    for path in sorted((data / "practice").glob("*.jsonl")):
        rows += [(f"{path.stem}-practice-{i}", r["text"], ORDINARY, False, len(rules)) for i, r in enumerate(read_jsonl(path, ("text",)))]
    ids, texts, groups, held_out, numbers = (list(column) for column in zip(*rows))
    messages = Messages(ids, [collapse(text) for text in texts], np.array(groups), np.array(held_out), np.array(numbers))
    if missing := set(range(len(rules))) - set(messages.rules[~messages.held_out].tolist()):
        raise DataError(f"no red flag of the training or validation split is of the rule `{rules[min(missing)]}`; write some or take the rule out of triage.json")
    return messages


def fit(x: np.ndarray, rules: np.ndarray, weights: np.ndarray, count: int, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights `[count, dimensions]` and biases `[count]` of the rules against "nothing" (number `count`), by L-BFGS."""
    x, rules = torch.tensor(x, dtype=torch.float64), torch.tensor(rules)
    weights = torch.tensor(weights / weights.sum(), dtype=torch.float64)
    w = torch.zeros(count, x.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros(count, dtype=torch.float64, requires_grad=True)
    nothing = torch.zeros(len(x), 1, dtype=torch.float64)
    optimiser = torch.optim.LBFGS([w, b], max_iter=STEPS, tolerance_grad=1e-8, tolerance_change=1e-12, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        logits = torch.cat([x @ w.T + b, nothing], 1)
        value = (weights * torch.nn.functional.cross_entropy(logits, rules, reduction="none")).sum() + penalty * w.square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    return w.detach().numpy(), b.detach().numpy()


def assess(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How likely something must alarm, `[texts]`, and the likeliest rule."""
    logits = x @ w.T + b
    shift = np.maximum(logits.max(1), 0)
    danger = np.exp(logits - shift[:, None]).sum(1)
    return danger / (danger + np.exp(-shift)), logits.argmax(1)


def sample_weights(groups: np.ndarray) -> np.ndarray:
    """One for a message; all ordinary questions together weigh ORDINARY_WEIGHT of all messages."""
    ordinary = groups == ORDINARY
    return np.where(ordinary, ORDINARY_WEIGHT * (~ordinary).sum() / max(1, ordinary.sum()), 1.0)


def cross_validated(x: np.ndarray, messages: Messages, count: int, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """What nets say of texts that they were not fitted to; zero for those of the test split."""
    fold = np.array([int(hashlib.sha256(i.encode()).hexdigest()[:8], 16) % FOLDS for i in messages.ids])
    p, rule = np.zeros(len(x)), np.zeros(len(x), dtype=int)
    for held in range(FOLDS):
        rest, own = (fold != held) & ~messages.held_out, (fold == held) & ~messages.held_out
        p[own], rule[own] = assess(x[own], *fit(x[rest], messages.rules[rest], sample_weights(messages.groups[rest]), count, penalty))
    return p, rule


def threshold(p: np.ndarray, groups: np.ndarray, shares: dict[str, float]) -> float:
    """The least probability, in steps of 1e-4, that no more than these shares of each group reach."""
    least = 0.0
    for group, share in shares.items():
        falling = np.sort(p[groups == group])[::-1]
        if len(falling):
            least = max(least, float(falling[int(share * len(falling))]))
    return min(1.0, (np.floor(least * 1e4) + 1) / 1e4)


def recall_at(p: np.ndarray, groups: np.ndarray, shares: dict[str, float]) -> float:
    return float((p[groups == RED_FLAG] >= threshold(p, groups, shares)).mean())


def share(hits: np.ndarray) -> str:
    return f"{int(hits.sum())} of {len(hits)} = {hits.mean():.3f}" if len(hits) else "none"


def figures(p: np.ndarray, rule: np.ndarray, messages: Messages, rows: np.ndarray, limits: dict[str, float]) -> dict[str, str]:
    """Recall, the right rule, and false alarms of the texts `rows`, for each threshold."""
    out = {}
    for name, limit in limits.items():
        for group in (RED_FLAG, NEAR_MISS, ORDINARY):
            own = rows & (messages.groups == group)
            if own.any():
                out[f"{group}: {name}"] = share(p[own] >= limit)
            if group == RED_FLAG and own.any():
                out[f"{group}: {name}, the right rule"] = share((p[own] >= limit) & (rule[own] == messages.rules[own]))
    return out


def quantised(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers of 8 bits and the scale of each row."""
    scales = np.array([float(f"{s:.6g}") for s in np.abs(w).max(1) / 127])
    return np.clip(np.rint(w / np.maximum(scales, 1e-12)[:, None]), -127, 127).astype(int), scales


def sealed(rules: list[str], integers: np.ndarray, scales: np.ndarray, b: np.ndarray, encoder: str, limits: dict[str, float]) -> str:
    """The file: one rule a line, with the SHA-256 of the text without its digits (clinical/src/retrieval/sealed.rs)."""
    lines = ",\n".join("  " + json.dumps({"rule": rule, "bias": round(float(bias), 4), "scale": float(scale), "weights": row.tolist()}, separators=(",", ":"))
                       for rule, bias, scale, row in zip(rules, b, scales, integers))
    before = f'{{\n "format": {FORMAT},\n "sha256": "'
    after = (f'",\n "encoder": "{encoder}",\n "dimensions": {integers.shape[1]},\n "alarm": {limits["alarm"]:.4f},\n "note": {limits["note"]:.4f},\n'
             f' "rules": [\n{lines}\n ]\n}}\n')
    digest = hashlib.sha256((before + after).encode("utf8")).hexdigest()
    text = before + digest + after
    if len(text.encode("utf8")) > MAX_FILE_BYTES:
        raise DataError(f"the net has {len(text)} bytes, at most {MAX_FILE_BYTES} are wanted; use an encoder with fewer dimensions or fewer rules")
    return text


def triage(x: np.ndarray, messages: Messages, rules: list[str], manifest: Path, out: Path, log=print) -> dict:
    """Fits, reports, and writes `out`; `x` are the vectors of the texts, `[texts, dimensions]`, by the encoder whose packed form has this manifest."""
    known = ~messages.held_out
    groups = messages.groups[known]
    tried = {}
    for penalty in PENALTIES:
        p, rule = cross_validated(x, messages, len(rules), penalty)
        tried[penalty] = (recall_at(p[known], groups, ALARM_SHARES) + recall_at(p[known], groups, NOTE_SHARES), p, rule)
        log(f"penalty {penalty:g}: mean recall at both thresholds {tried[penalty][0] / 2:.4f}")
    # Of equals the greater penalty.
    penalty = max(tried, key=lambda penalty: (tried[penalty][0], penalty))
    _, p, rule = tried[penalty]
    limits = {"alarm": threshold(p[known], groups, ALARM_SHARES), "note": threshold(p[known], groups, NOTE_SHARES)}
    result = {"penalty": penalty, "limits": limits, "cross-validation": figures(p, rule, messages, known, limits), "rules": {}}
    for number, name in enumerate(rules):
        own = known & (messages.rules == number)
        result["rules"][name] = f"alarm {share(p[own] >= limits['alarm'])}, note {share(p[own] >= limits['note'])}, right rule {share(rule[own] == number)}"
    w, b = fit(x[known], messages.rules[known], sample_weights(groups), len(rules), penalty)
    integers, scales = quantised(w)
    # As the product reads them.
    b = np.round(b, 4)
    result["test"] = figures(*assess(x, integers * scales[:, None], b), messages, messages.held_out, limits)
    try:
        encoder = hashlib.sha256(manifest.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{manifest} cannot be read ({error}); name the manifest of the packed encoder by --manifest") from error
    out.write_text(sealed(rules, integers, scales, b, encoder, limits), encoding="utf8")
    log(json.dumps(result, indent=1))
    return result


def run(data: Path, encoder: Path, rules: Path, manifest: Path, out: Path) -> dict:
    """Reads, encodes and fits."""
    from .retriever import encoder as encoders

    try:
        names = [rule["id"] for rule in json.loads(rules.read_text(encoding="utf8"))["rules"]]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{rules} holds no rules of triage: {error!r}") from error
    messages = read_messages(data, names)
    print(f"{encoder}: {len(messages.texts)} texts, {int((messages.groups == RED_FLAG).sum())} red flags, {int((messages.groups == NEAR_MISS).sum())} near misses")
    return triage(encoders.load(encoder).encode(messages.texts), messages, names, manifest, out)
