"""The line's prior: the weights of a known choice model are found again, and the file is sealed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mambaformer_training.errors import DataError
from mambaformer_training.lines import NAMES, fit, lines, probabilities

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def drawn(weights, count, rng):
    rows = []
    for _ in range(count):
        x = rng.normal(size=(8, 4))
        rows.append((x, int(rng.choice(8, p=probabilities(weights, x)))))
    return rows


def test_known_weights_are_found_again():
    wanted = np.array([2.0, -1.0, 0.5, 0.0])
    np.testing.assert_allclose(fit(drawn(wanted, 4000, np.random.default_rng(1))), wanted, atol=0.15)


def test_the_file_is_written_and_sealed(tmp_path):
    shutil.copy(ASSETS / "retrieval.json", tmp_path / "retrieval.json")
    rng = np.random.default_rng(2)
    with (tmp_path / "dump.jsonl").open("w") as out:
        for n, (x, chosen) in enumerate(drawn(np.array([1.5, 1.0, 0.3, 2.0]), 400, rng)):
            x[:, 2] *= 10
            out.write(json.dumps({"id": f"perio-q{n // 2:04}-{n % 2}", "split": "validation" if n % 3 else "test", "lines": x.tolist(), "first": chosen}) + "\n")
    before = json.loads((tmp_path / "retrieval.json").read_text())
    result = lines(tmp_path / "dump.jsonl", tmp_path / "retrieval.json", log=lambda *_: None)
    after = json.loads((tmp_path / "retrieval.json").read_text())
    assert after["lines"] == result["weights"] and set(after["lines"]) == set(NAMES) and after["sha256"] != before["sha256"]
    assert {k: v for k, v in after.items() if k not in ("lines", "sha256")} == {k: v for k, v in before.items() if k not in ("lines", "sha256")}
    assert result["validation"]["log_likelihood"] > result["similarity_alone"]["log_likelihood"]
    (tmp_path / "dump.jsonl").write_text(json.dumps({"id": "a-1", "split": "test", "lines": [[0, 0, 0, 0]], "first": 0}) + "\n")
    with pytest.raises(DataError, match="eval clinical lines"):
        lines(tmp_path / "dump.jsonl", tmp_path / "retrieval.json", log=lambda *_: None)
