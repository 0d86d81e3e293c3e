"""PubMedQA's 500 official test questions: what the assistant says, what the model's decision head says, and a plain classifier beside them.

The classifier is no part of the product: a multinomial logistic regression on vectors of the sentence encoder and a few counted cues, trained on the 500 published training
rows. Features and penalty are chosen by cross-validation over those rows; the test rows are measured once, with what was chosen. Nothing is drawn at random but the
folds and the bootstrap, by a fixed seed.
"""

import json
import re
from pathlib import Path

import numpy as np
import torch

from .bootstrap import DRAWS, SEED
from .data import DECISIONS, read_jsonl
from .errors import DataError
from .report.measures import macro_f1
from .text import collapse, split_sentences, words

CLASSES = tuple(DECISIONS)
FOLDS, REPEATS, STEPS = 10, 3, 40
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0)      # of the squared weights by features, of standardised features
PARTS = 32                                  # directions kept of each vector, by the training rows' variance
SETS = {
    "cues": ("cues",),
    "question": ("question",),
    "question, last sentences": ("question", "last"),
    "last sentences, cues": ("last", "cues"),
    "question, mean of the context, cues": ("question", "mean", "cues"),
    "question, nearest and last sentences, cues": ("question", "nearest", "last", "cues"),
}
_CUES = {
    "denied": r"\b(?:no|not|neither|nor|without|failed|lack)\b", "no difference": r"\b(?:no|not)\b[^.]{0,40}\b(?:significant\w*|differ\w*|associat\w*|correlat\w*)",
    "significant": r"\bsignificant(?:ly)?\b", "p value": r"\bp\s*[<=>]", "small p": r"\bp\s*<\s*0?\.0", "more": r"\b(?:higher|increas\w*|greater|more|improv\w*|better)\b",
    "less": r"\b(?:lower|decreas\w*|less|fewer|reduc\w*|worse)\b", "like": r"\b(?:similar|comparable|equal\w*|same|unchanged)\b", "may": r"\b(?:may|might|could|possibly|suggest\w*|trend)\b",
    "associated": r"\b(?:associat|correlat|predict)\w*",
}
_OPENINGS = ("is", "are", "does", "do", "can", "should", "has", "was")


def read(data: Path, split: str) -> list[dict]:
    """The official rows of a split."""
    rows = [row for row in read_jsonl(data / "pubmedqa_pqal.jsonl", ("id", "question", "context", "final_decision", "split")) if row["split"] == split]
    if not rows:
        raise DataError(f"{data / 'pubmedqa_pqal.jsonl'} has no rows of the split `{split}`; copy the file of PQA-L with its official split again")
    if wrong := next((row["id"] for row in rows if row["final_decision"] not in DECISIONS), None):
        raise DataError(f"{wrong} of {data / 'pubmedqa_pqal.jsonl'} is decided by none of {', '.join(CLASSES)}; copy the file again")
    return rows


def passages(row: dict) -> list[dict]:
    """The parts of an abstract's context as passages."""
    parts = [collapse(part) for part in row["context"].split("\n")]
    return [{"id": f"{row['id']}-{i}", "title": "Abstract", "text": part, "source": "PubMedQA"} for i, part in enumerate(parts) if part]


def write_items(data: Path, out: Path) -> dict:
    """The test questions in the form that `cargo xtask eval --input` reads."""
    rows = read(data, "test")
    out.write_text("".join(json.dumps({"id": row["id"], "question": row["question"], "passages": passages(row)}, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return {"items": len(rows), "path": str(out)}


def said(answer: str) -> int:
    """The decision that an answer opens with; -1 where it opens with none."""
    first = re.match(r"(yes|no|maybe)\b", answer.strip().lower())
    return DECISIONS[first[1]] if first else -1


def measured(found: np.ndarray, wanted: np.ndarray) -> dict:
    """Accuracy, its difference from always "yes" (paired) and macro-F1, with bootstrap intervals over questions."""
    drawn = np.random.default_rng(SEED).integers(len(wanted), size=(DRAWS, len(wanted)))
    quantiles = lambda values: [round(float(v), 4) for v in np.quantile(values, (0.025, 0.975))]
    right = found == wanted
    gain = right.astype(float) - (wanted == DECISIONS["yes"])
    return {"n": len(wanted), "accuracy": round(float(right.mean()), 4), "accuracy_interval": quantiles(right[drawn].mean(1)),
            "against_yes": round(float(gain.mean()), 4), "against_yes_interval": quantiles(gain[drawn].mean(1)),
            "macro_f1": round(macro_f1(found, wanted, len(CLASSES)), 4), "macro_f1_interval": quantiles([macro_f1(found[d], wanted[d], len(CLASSES)) for d in drawn]),
            "said": {name: int((found == i).sum()) for i, name in enumerate(CLASSES)} | {"none": int((found == -1).sum())}}


@torch.no_grad()
def decision_head(rows: list[dict], checkpoint: Path) -> np.ndarray:
    """What the decision head of a checkpoint says at the decoder's start token, in PyTorch: records do not hold it."""
    from .config import Config
    from .model import MambaFormer
    from .start import load_export
    from .tokens import load_tokenizer, prompt, segment

    config = Config.read(checkpoint / "config.json")
    model = MambaFormer(config).eval()
    load_export(model, checkpoint)
    tokenizer = load_tokenizer(checkpoint / "tokenizer.json")
    out = []
    for row in rows:
        ids, _ = prompt(tokenizer, row["question"], passages(row), config.max_tokens)
        decoder = segment(tokenizer, row["question"])[: config.decoder_prefix] + [config.decoder_start_token_id]
        encoded = model.encode(torch.tensor([ids]), torch.tensor([len(ids)]))
        z, _ = model.decode(encoded, torch.tensor([decoder]), torch.tensor([len(decoder)]))
        out.append(int(model.heads.decision(z[-1]).argmax()))
    return np.array(out)


def cues(row: dict) -> list[float]:
    """Counts of wordings, in the last three sentences and the whole context, what the question opens with, and lengths."""
    sentences = split_sentences(collapse(row["context"]))
    whole, last = " ".join(sentences).lower(), " ".join(sentences[-3:]).lower()
    opening = (words(row["question"]) or [""])[0]
    return [np.log1p(len(re.findall(cue, text))) for text in (whole, last) for cue in _CUES.values()] + [float(opening == word) for word in _OPENINGS] + [np.log1p(len(sentences)), np.log1p(len(words(row["question"])))]


def vectors(rows: list[dict], encoder) -> dict[str, np.ndarray]:
    """Feature blocks by name, each `[rows, width]`."""
    sentences = [split_sentences(collapse(row["context"])) or [row["question"]] for row in rows]
    questions = encoder.encode([collapse(row["question"]) for row in rows])
    flat = encoder.encode([sentence for part in sentences for sentence in part])
    blocks: dict[str, list[np.ndarray]] = {"question": list(questions), "mean": [], "nearest": [], "last": []}
    at = 0
    for question, part in zip(questions, sentences):
        own = flat[at : at + len(part)]
        at += len(part)
        blocks["mean"].append(own.mean(0))
        blocks["nearest"].append(own[(own @ question).argmax()])
        blocks["last"].append(own[-2:].mean(0))
    return {name: np.stack(values).astype(np.float64) for name, values in blocks.items()} | {"cues": np.array([cues(row) for row in rows])}


def design(train: dict[str, np.ndarray], other: dict[str, np.ndarray], names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Standardised features of both; directions, means and deviations are those of `train` alone."""
    parts = []
    for name in names:
        a, b = train[name], other[name]
        mean = a.mean(0)
        if name != "cues":
            _, _, directions = np.linalg.svd(a - mean, full_matrices=False)
            a, b, mean = (a - mean) @ directions[:PARTS].T, (b - mean) @ directions[:PARTS].T, 0.0
        deviation = np.maximum(a.std(0), 1e-6)
        # Blocks weigh alike, whatever their width.
        parts.append([(v - mean) / deviation / np.sqrt(a.shape[1]) for v in (a, b)])
    return np.hstack([p[0] for p in parts]), np.hstack([p[1] for p in parts])


def fit(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """Weights `[1 + width, classes]` of a multinomial logistic regression, by L-BFGS from zero."""
    rows = torch.tensor(np.hstack([np.ones((len(x), 1)), x]))
    wanted = torch.tensor(y)
    w = torch.zeros(rows.shape[1], len(CLASSES), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([w], max_iter=STEPS, tolerance_grad=1e-6, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = torch.nn.functional.cross_entropy(rows @ w, wanted) + penalty / rows.shape[1] * w[1:].square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    return w.detach().numpy()


def decide(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The likeliest class of each row."""
    return (weights[0] + x @ weights[1:]).argmax(1)


def choose(blocks: dict[str, np.ndarray], y: np.ndarray, log=print) -> tuple[str, float, float]:
    """Set and penalty with the best accuracy over repeated cross-validation, and that accuracy."""
    best = ("", 0.0, -1.0)
    folds = [np.array_split(np.random.default_rng(SEED + repeat).permutation(len(y)), FOLDS) for repeat in range(REPEATS)]
    for name, parts in SETS.items():
        right = np.zeros(len(PENALTIES))
        for fold in (fold for repeat in folds for fold in repeat):
            kept = np.setdiff1d(np.arange(len(y)), fold)
            a, b = design({k: blocks[k][kept] for k in parts}, {k: blocks[k][fold] for k in parts}, parts)
            right += [(decide(fit(a, y[kept], penalty), b) == y[fold]).sum() for penalty in PENALTIES]
        accuracy = right / (len(y) * REPEATS)
        log(json.dumps({"features": name, "accuracy_by_penalty": dict(zip(map(str, PENALTIES), accuracy.round(4).tolist()))}))
        if accuracy.max() > best[2]:
            best = (name, PENALTIES[int(accuracy.argmax())], float(accuracy.max()))
    return best


def pubmedqa(data: Path, records: Path, checkpoint: Path, encoder_folder: Path, out: Path, log=print) -> dict:
    """Measures all three on the test rows and writes the figures as JSON."""
    from .retriever.encoder import load

    train, test = read(data, "train"), read(data, "test")
    answers = {row["id"]: row["answer"] for row in read_jsonl(records, ("id", "answer"))}
    if missing := [row["id"] for row in test if row["id"] not in answers]:
        raise DataError(f"{records} lacks {len(missing)} of the {len(test)} test questions, the first is {missing[0]}; write it by `cargo xtask eval --input ITEMS --output {records}`")
    wanted, known = (np.array([DECISIONS[row["final_decision"]] for row in rows]) for rows in (test, train))
    encoder = load(encoder_folder)
    blocks = vectors(train, encoder)
    name, penalty, accuracy = choose(blocks, known, log)
    a, b = design(blocks, vectors(test, encoder), SETS[name])
    report = {
        "always_yes": measured(np.zeros_like(wanted), wanted),
        "product": measured(np.array([said(answers[row["id"]]) for row in test]), wanted),
        "decision_head": measured(decision_head(test, checkpoint), wanted) | {"checkpoint": checkpoint.resolve().name},
        "classifier": measured(decide(fit(a, known, penalty), b), wanted) | {"features": name, "penalty": penalty, "cross_validated": round(accuracy, 4), "trained_on": len(train), "encoder": encoder_folder.resolve().name},
    }
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report
