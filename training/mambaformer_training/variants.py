"""Variants of the assistant on the same questions: a table with bootstrap intervals, and paired differences from the first.

Reads what `cargo xtask eval answers --split S --dump FILE` writes, one file a variant. Questions of one cluster are paraphrases of one another: clusters
are drawn, not questions.
"""

from pathlib import Path

from .bootstrap import difference, share
from .data import read_jsonl
from .errors import DataError

FIELDS = ("id", "cluster", "answered", "right", "key_facts", "forbidden", "sentences", "total_ms")


def read(path: Path) -> dict[str, dict]:
    """The lines of a dump by question."""
    rows = {row["id"]: row for row in read_jsonl(path, FIELDS)}
    if not rows:
        raise DataError(f"{path} holds no answers; write it by `cargo xtask eval answers --dump {path}`")
    return rows


def pairs(rows: dict[str, dict]) -> dict[str, dict[str, tuple[float, float]]]:
    """Numerator and denominator of each figure by question."""
    return {"key_fact_recall": {name: tuple(row["key_facts"]) for name, row in rows.items()},
            **{what: {name: (float(of(row)), 1) for name, row in rows.items()} for what, of in
               (("right", lambda row: row["right"]), ("forbidden", lambda row: row["forbidden"] > 0), ("answered", lambda row: row["answered"]))}}


def variants(dumps: list[tuple[str, Path]]) -> list[dict]:
    """One line a variant: figures, their 95 % intervals, and recall's difference from the first with its interval."""
    read_all = [(name, read(path)) for name, path in dumps]
    first = read_all[0][1]
    for name, rows in read_all[1:]:
        if rows.keys() != first.keys():
            raise DataError(f"{name} answers other questions than {read_all[0][0]}; give dumps of one split")
    clusters = {name: row["cluster"] for name, row in first.items()}
    out, base = [], pairs(first)["key_fact_recall"]
    for name, rows in read_all:
        times = sorted(row["total_ms"] for row in rows.values())
        line, counted = {"variant": name, "n": len(rows)}, pairs(rows)
        figures = {what: share(of, clusters) for what, of in counted.items()} | {"difference": difference(counted["key_fact_recall"], base, clusters)}
        for what, figure in figures.items():
            line[what], line[f"{what}_interval"] = round(figure.value, 4), [round(figure.low, 4), round(figure.high, 4)]
        line["sentences"] = round(sum(row["sentences"] for row in rows.values()) / max(1, sum(row["answered"] for row in rows.values())), 2)
        line["p50_ms"], line["p95_ms"] = (round(times[int(len(times) * part)], 1) for part in (0.5, 0.95))
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
