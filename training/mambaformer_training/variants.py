"""Variants of the assistant on the same questions: a table with bootstrap intervals, and paired differences from the first.

Reads what `cargo xtask eval answers --split S --dump FILE` writes, one file a variant. Questions of one cluster are paraphrases of one another: clusters
are drawn, not questions.
"""

from pathlib import Path

import numpy as np

from .data import read_jsonl
from .errors import DataError

FIELDS = ("id", "cluster", "answered", "right", "key_facts", "forbidden", "sentences", "total_ms")
DRAWS = 2000


def read(path: Path) -> dict[str, dict]:
    """The lines of a dump by question."""
    rows = {row["id"]: row for row in read_jsonl(path, FIELDS)}
    if not rows:
        raise DataError(f"{path} holds no answers; write it by `cargo xtask eval answers --dump {path}`")
    return rows


def sums(rows: list[dict], clusters: dict[str, int]) -> np.ndarray:
    """`[clusters, 6]`: facts found, facts, right, forbidden, answered, questions."""
    table = np.zeros((len(clusters), 6))
    for row in rows:
        found, of = row["key_facts"]
        table[clusters[row["cluster"]]] += (found, of, row["right"], row["forbidden"] > 0, row["answered"], 1)
    return table


def shares(table: np.ndarray) -> np.ndarray:
    """`[…, 4]` of sums `[…, 6]`: key-fact recall, and the shares of answers that are right, hold something forbidden, and are given."""
    return np.stack([table[..., 0] / table[..., 1], *(table[..., column] / table[..., 5] for column in (2, 3, 4))], axis=-1)


def variants(dumps: list[tuple[str, Path]], seed: int = 17) -> list[dict]:
    """One line a variant: figures, their 95 % intervals, and recall's difference from the first with its interval."""
    read_all = [(name, read(path)) for name, path in dumps]
    first = read_all[0][1]
    for name, rows in read_all[1:]:
        if rows.keys() != first.keys():
            raise DataError(f"{name} answers other questions than {read_all[0][0]}; give dumps of one split")
    clusters = {name: place for place, name in enumerate(sorted({row["cluster"] for row in first.values()}))}
    # The same draws for all: differences are paired.
    drawn = np.random.default_rng(seed).integers(len(clusters), size=(DRAWS, len(clusters)))
    out, base = [], None
    for name, rows in read_all:
        table = sums(list(rows.values()), clusters)
        whole, sampled = shares(table.sum(0)), shares(table[drawn].sum(1))
        base = (whole, sampled) if base is None else base
        interval = lambda values: [round(float(v), 4) for v in np.quantile(values, (0.025, 0.975))]
        times = sorted(row["total_ms"] for row in rows.values())
        line = {"variant": name, "n": len(rows)}
        for place, what in enumerate(("key_fact_recall", "right", "forbidden", "answered")):
            line[what], line[f"{what}_interval"] = round(float(whole[place]), 4), interval(sampled[:, place])
        line["sentences"] = round(sum(row["sentences"] for row in rows.values()) / max(1, sum(row["answered"] for row in rows.values())), 2)
        line["p50_ms"], line["p95_ms"] = (round(times[int(len(times) * share)], 1) for share in (0.5, 0.95))
        line["difference"], line["difference_interval"] = round(float(whole[0] - base[0][0]), 4), interval(sampled[:, 0] - base[1][:, 0])
        out.append(line)
    return out


def markdown(lines: list[dict]) -> str:
    """The table for a report."""
    percent = lambda line, what: f"{100 * line[what]:.1f} [{100 * line[what + '_interval'][0]:.1f}, {100 * line[what + '_interval'][1]:.1f}]"
    head = ["variant", "key-fact recall, %", "all key facts, %", "forbidden, %", "answered, %", "sentences an answer", "against the first, points", "ms p50 / p95"]
    out = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    for line in lines:
        low, high = (100 * v for v in line["difference_interval"])
        difference = "" if line is lines[0] else f"{100 * line['difference']:+.1f} [{low:+.1f}, {high:+.1f}]"
        cells = [line["variant"], *(percent(line, what) for what in ("key_fact_recall", "right", "forbidden", "answered")), str(line["sentences"]), difference, f"{line['p50_ms']:.0f} / {line['p95_ms']:.0f}"]
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out)
