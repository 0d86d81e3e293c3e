"""A smaller WordPiece vocabulary: the pieces that dental and medical English uses, and every single letter for the rest.

Greedy WordPiece stays the same rule; a word whose piece is gone is read as shorter pieces.
"""

import collections
import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def used_pieces(tokenizer: Tokenizer, texts: Iterable[str], least: int = 1) -> set[str]:
    """The pieces that occur at least so often."""
    counts: collections.Counter = collections.Counter()
    for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        counts.update(encoding.tokens)
    return {piece for piece, n in counts.items() if n >= least}


def prune(tokenizer_json: str, keep: set[str]) -> tuple[str, list[int]]:
    """The tokenizer with the kept pieces alone, and the old ids of its rows in the new order."""
    spec = json.loads(tokenizer_json)
    old: dict[str, int] = spec["model"]["vocab"]
    single = lambda piece: len(piece.removeprefix("##")) == 1 and ord(piece[-1]) < 0x250
    rows = sorted((i, piece) for piece, i in old.items() if piece in SPECIAL or piece in keep or single(piece))
    new = {piece: n for n, (_, piece) in enumerate(rows)}
    spec["model"]["vocab"] = new
    for added in spec["added_tokens"]:
        added["id"] = new[added["content"]]
    processor = spec["post_processor"]
    if processor["type"] == "TemplateProcessing":
        for name, special in processor["special_tokens"].items():
            special["ids"] = [new[name]]
    else:
        for role in ("sep", "cls"):
            processor[role][1] = new[processor[role][0]]
    spec["padding"] = spec["truncation"] = None
    return json.dumps(spec, ensure_ascii=False), [i for i, _ in rows]


def prune_folder(tokenizer_path: Path, texts: Iterable[str]) -> tuple[Tokenizer, list[int]]:
    """Reads a tokenizer and prunes it to the texts."""
    text = tokenizer_path.read_text(encoding="utf-8")
    full = Tokenizer.from_str(text)
    full.no_padding()
    full.no_truncation()
    pruned, rows = prune(text, used_pieces(full, texts))
    return Tokenizer.from_str(pruned), rows
