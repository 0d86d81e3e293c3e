"""The fit of the scope model: it finds the signal that matters, and what it writes is sealed as clinical/src/retrieval/sealed.rs reads it."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from mambaformer_training.errors import DataError
from mambaformer_training.scope import SIGNALS, fit, scope, scores, threshold, seal

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def rows(count: int) -> list[dict]:
    generator = np.random.default_rng(5)
    out = []
    for i in range(count):
        inside = bool(i % 4)
        signals = generator.random(len(SIGNALS)) * 0.2
        signals[0] += 0.6 if inside else 0.0
        out.append({"id": f"q{i}", "split": ("train", "validation", "test")[i % 7 % 3], "group": "full" if inside else "everyday", "in_scope": inside,
                    "signals": signals.tolist(), "fold_key": f"q{i // 2}"})
    return out


def test_the_fit_separates():
    data = rows(400)
    x, y = np.array([r["signals"] for r in data]), np.array([r["in_scope"] for r in data])
    p = scores(fit(x, y), x)
    assert ((p > threshold(p[y], 0.02)) == y).mean() > 0.97


def test_what_is_written_is_sealed(tmp_path):
    model = tmp_path / "scope.json"
    model.write_text((ASSETS / "scope.json").read_text(encoding="utf8"), encoding="utf8")
    dump = tmp_path / "dump.jsonl"
    dump.write_text("".join(json.dumps(r) + "\n" for r in rows(300)))
    result = scope(dump, model, SIGNALS, log=lambda _: None)
    assert set(result) == {"validation", "test", "cross-validation"}
    text = model.read_text(encoding="utf8")
    written = json.loads(text)
    assert written["lexical"]["coefficients"]["coverage"] > 0 and written["cues"] == json.loads((ASSETS / "scope.json").read_text(encoding="utf8"))["cues"]
    digits = re.search(r'"sha256": "([0-9a-f]{64})"', text)
    assert hashlib.sha256((text[: digits.start(1)] + text[digits.end(1) :]).encode("utf8")).hexdigest() == digits[1]


def test_a_file_without_a_place_for_the_weights_is_refused(tmp_path):
    model = tmp_path / "scope.json"
    model.write_text("{}")
    with pytest.raises(DataError, match="no field `lexical`"):
        seal(model, "lexical", {})
