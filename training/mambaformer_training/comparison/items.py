"""The items of a comparison: a fixed part of DentalQA whose prompts are cut to 1..n passages, so that short runs see short and long prompts."""

import hashlib
import json
from pathlib import Path

from ..errors import DataError
from ..tokens import segment


def number_of(text: str) -> int:
    """A number that hangs on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def cut(item: dict, most_passages: int) -> dict:
    """The item with as many passages as its id says, 1 to `most_passages`: its sources, then the best-ranked others; their order stays."""
    needed = {s["source"] for sentence in item["sentences"] for s in sentence["spans"]} | {item["gold"]}
    wanted = 1 + number_of(f"passages of {item['id']}") % most_passages
    others = [p["id"] for p in item["passages"] if p["id"] not in needed]
    kept = needed | set(others[: max(0, wanted - len(needed & {p["id"] for p in item["passages"]}))])
    return item | {"passages": [p for p in item["passages"] if p["id"] in kept]}


def choose(source: Path, out: Path, tokenizer, count: int, limits: dict) -> dict:
    """Writes `count` answerable items of the file in an order that hangs on their ids, cut and within the limits; says how many tokens they have."""
    if not source.is_file():
        raise DataError(f"{source} does not exist; make the items first (`dentalqa`, see training/README.md)")
    rows = [(number_of(item["id"]), line) for line in source.open(encoding="utf-8") if (item := json.loads(line))["answerable"] and item.get("sentences")]
    rows.sort()
    kept, lengths = [], []
    for _, line in rows:
        item = cut(json.loads(line), limits["most_passages"])
        pieces = lambda text: len(segment(tokenizer, text or ""))
        # Specials of `layout`: <q>, <n>, two a passage, </s>.
        tokens = pieces(item["question"]) + pieces(item.get("note")) + 3 + sum(pieces(p["title"]) + pieces(p["text"]) + 2 for p in item["passages"])
        if pieces(item["answer"]) <= limits["most_answer_tokens"] and tokens <= limits["most_tokens"]:
            kept.append(item)
            lengths.append(tokens)
        if len(kept) == count:
            break
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as handle:
        for item in kept:
            handle.write(json.dumps(item, ensure_ascii=False) + "\n")
    lengths.sort()
    return {"items": len(kept), "tokens": sum(lengths), "shortest": lengths[0], "median": lengths[len(lengths) // 2], "longest": lengths[-1]}
