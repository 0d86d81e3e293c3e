"""The line's prior: the weights of a known choice model are found again, and the file is sealed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mambaformer_training import logistic
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


def test_a_known_regression_is_found_again():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(8000, 2))
    wanted = np.array([-1.0, 0.5, 2.0])
    np.testing.assert_allclose(logistic.fit(features, rng.random(8000) < logistic.scores(wanted, features), 1e-4), wanted, atol=0.15)


def dump(path, rng, read):
    """Questions whose first line follows a known choice; every fifth question's is not there. Of a read line the second score says its use."""
    with path.open("w") as out:
        for n, (x, chosen) in enumerate(drawn(np.array([1.5, 1.0, 0.3, 2.0]), 400, rng)):
            x[:, 2] *= 10
            there = n % 5 > 0
            scores = [[float(i == chosen) + rng.normal(), 2.0 * (i == chosen and there) + rng.normal()] if i < 7 else None for i in range(8)] if read else [None] * 8
            out.write(json.dumps({"id": f"perio-q{n // 2:04}-{n % 2}", "split": "validation" if n % 3 else "test", "lines": x.tolist(), "read": scores,
                                  "first": chosen if there else None, "used": [chosen] if there else []}) + "\n")


@pytest.mark.parametrize("read", [False, True])
def test_the_file_is_written_and_sealed(tmp_path, read):
    shutil.copy(ASSETS / "retrieval.json", tmp_path / "retrieval.json")
    dump(tmp_path / "dump.jsonl", np.random.default_rng(2), read)
    before = json.loads((tmp_path / "retrieval.json").read_text())
    result = lines(tmp_path / "dump.jsonl", tmp_path / "retrieval.json", 0.25, log=lambda *_: None)
    after = json.loads((tmp_path / "retrieval.json").read_text())
    assert after["lines"] == result["weights"] and set(after["lines"]) == set(NAMES) and after["sha256"] != before["sha256"]
    changed = {"lines", "sha256"} | ({"reading"} if read else set())
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    assert result["validation"]["log_likelihood"] > result["similarity_alone"]["log_likelihood"]
    if read:
        assert after["reading"] == result["read_weights"] and after["reading"]["enough"] == 0.25
        assert result["reading"]["validation"]["log_likelihood"] > result["validation"]["log_likelihood"]
        assert result["reading"]["use"]["precision"] > 0.4 and after["reading"]["used"]["read"] > 0.5
    (tmp_path / "dump.jsonl").write_text(json.dumps({"id": "a-1", "split": "test", "lines": [[0, 0, 0, 0]], "read": [None], "first": 0, "used": []}) + "\n")
    with pytest.raises(DataError, match="eval clinical lines"):
        lines(tmp_path / "dump.jsonl", tmp_path / "retrieval.json", 0.25, log=lambda *_: None)
