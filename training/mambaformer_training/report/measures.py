"""Measures of one answer, or of one set of labels."""

from collections.abc import Iterable

import numpy as np

from ..text import words


def rouge_l(answer: str, reference: str) -> float:
    """F1 of the longest common subsequence of words."""
    a, r = words(answer), words(reference)
    row = [0] * (len(r) + 1)
    for word in a:
        before = 0
        for place, other in enumerate(r, 1):
            before, row[place] = row[place], before + 1 if word == other else max(row[place], row[place - 1])
    return 2 * row[-1] / (len(a) + len(r)) if row[-1] else 0.0


def greedy_match(answer: np.ndarray, reference: np.ndarray) -> tuple[float, float, float]:
    """BERTScore's precision, recall and F1: each token with the nearest of the other text. Rows are vectors of length 1."""
    cosines = answer @ reference.T
    precision, recall = float(cosines.max(1).mean()), float(cosines.max(0).mean())
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def citation_counts(cited: Iterable[str], gold: Iterable[str]) -> tuple[int, int, int]:
    """Passages cited that are gold, passages cited, gold passages; each counts once."""
    cited, gold = set(cited), set(gold)
    return len(cited & gold), len(cited), len(gold)


def macro_f1(found: np.ndarray, wanted: np.ndarray, classes: int) -> float:
    """Mean of the classes' F1; a class that is neither found nor wanted counts 0."""
    scores = []
    for name in range(classes):
        both, either = ((found == name) & (wanted == name)).sum(), (found == name).sum() + (wanted == name).sum()
        scores.append(2 * both / either if either else 0.0)
    return float(np.mean(scores))
