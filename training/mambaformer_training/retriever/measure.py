"""Recall and rank of the sources of held-out questions, for any scores over entries."""

import numpy as np

from .entries import Asked, Entries


def entry_scores(line_scores: np.ndarray, entries: Entries) -> np.ndarray:
    """`[questions, entries]`: each entry's nearest line."""
    out = np.full((line_scores.shape[0], len(entries.ids)), -1.0, np.float32)
    starts = np.flatnonzero(np.r_[True, np.diff(entries.owner) > 0])
    out[:, entries.owner[starts]] = np.maximum.reduceat(line_scores, starts, axis=1)
    return out


def bm25_scores(index, asked: list[Asked], entries: Entries) -> np.ndarray:
    """`[questions, entries]`: BM25's score over its best for the question; 0 where no word is shared."""
    out = np.zeros((len(asked), len(entries.ids)), np.float32)
    for row, question in enumerate(asked):
        hits = index.search(question.text, len(entries.ids))
        for entry, score in hits:
            out[row, entry] = score / hits[0][1]
    return out


def recall(scores: np.ndarray, asked: list[Asked]) -> dict[str, float]:
    """recall@k of the first source, all sources within four, and MRR@10; questions answered from the note alone do not count."""
    rows = [i for i, a in enumerate(asked) if a.first >= 0]
    order = np.argsort(-scores[rows], axis=1, kind="stable")
    ranks = np.array([int(np.flatnonzero(order[n] == asked[i].first)[0]) + 1 for n, i in enumerate(rows)])
    whole = np.mean([set(asked[i].entries) <= set(order[n, :4].tolist()) for n, i in enumerate(rows)])
    out = {f"recall@{k}": float(np.mean(ranks <= k)) for k in (1, 4, 5, 10)}
    return out | {"all@4": float(whole), "mrr@10": float(np.mean(np.where(ranks <= 10, 1 / ranks, 0))), "n": len(rows)}


def first_line(line_scores: np.ndarray, scores: np.ndarray, asked: list[Asked], entries: Entries) -> dict[str, float]:
    """Whether the nearest line of the four best entries is the one the answer begins with, or one of those it uses."""
    rows = [i for i, a in enumerate(asked) if a.first_line >= 0]
    first = any_of = within = 0
    for i in rows:
        best = np.argsort(-scores[i], kind="stable")[:4]
        mine = np.flatnonzero(np.isin(entries.owner, best))
        top = mine[int(np.argmax(line_scores[i, mine]))]
        first += int(top == asked[i].first_line)
        any_of += int(top in asked[i].lines)
        own = np.flatnonzero(entries.owner == asked[i].first)
        within += int(own[int(np.argmax(line_scores[i, own]))] in asked[i].lines)
    return {"first_line": first / len(rows), "a_used_line": any_of / len(rows), "used_line_given_source": within / len(rows), "n": len(rows)}
