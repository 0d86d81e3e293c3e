"""The line's prior: the weights of a known choice model are found again, and the file is sealed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mambaformer_training import logistic
from mambaformer_training.errors import DataError
from mambaformer_training.lines import NAMES, fit, lines, probabilities, told

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
    """Questions of eight lines whose use follows a known regression: of the first and the third number, not of the others. Of a read line the second score says its use, too."""
    with path.open("w") as out:
        for n in range(400):
            x = rng.normal(size=(8, len(NAMES)))
            used = rng.random(8) < logistic.sigmoid(-2.0 + 2.0 * x[:, 0] - x[:, 2])
            scores = [[float(rng.normal()), 2.0 * used[i] + rng.normal()] if i < 7 else None for i in range(8)] if read else [None] * 8
            chosen = np.flatnonzero(used)
            out.write(json.dumps({"id": f"perio-q{n // 2:04}-{n % 2}", "split": "validation" if n % 3 else "test", "lines": x.tolist(), "read": scores,
                                  "first": int(chosen[0]) if len(chosen) else None, "used": chosen.tolist()}) + "\n")


@pytest.mark.parametrize("read", [False, True])
def test_the_file_is_written_and_sealed(tmp_path, read):
    shutil.copy(ASSETS / "retrieval.json", tmp_path / "retrieval.json")
    dump(tmp_path / "dump.jsonl", np.random.default_rng(2), read)
    before = json.loads((tmp_path / "retrieval.json").read_text())
    result = lines(tmp_path / "dump.jsonl", tmp_path / "retrieval.json", 0.25, log=lambda *_: None)
    after = json.loads((tmp_path / "retrieval.json").read_text())
    assert after["lines"] == result["weights"] and set(after["lines"]) == {"intercept", "enough", *NAMES} and after["sha256"] != before["sha256"]
    assert after["lines"]["enough"] == 0.25
    np.testing.assert_allclose([after["lines"][name] for name in ("intercept", *NAMES)], [-2, 2, 0, -1, *[0] * 8], atol=0.3)
    changed = {"lines", "sha256"} | ({"reading"} if read else set())
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    for split in ("cross_validation", "test"):
        assert 0.5 < result[split]["recall"] and result[split]["lines"] == pytest.approx(2.2, abs=0.3)
    assert result["cross_validation"]["recall"] > result["similarity_alone"]["recall"]
    if read:
        assert after["reading"] == result["read_weights"] and after["reading"]["enough"] == 0.25
        assert result["reading"]["cross_validation"]["recall"] > result["cross_validation"]["recall"] and after["reading"]["used"]["read"] > 0.5
    again = lines(tmp_path / "dump.jsonl", tmp_path / "retrieval.json", None, log=lambda *_: None)
    assert again["weights"] == result["weights"], "what the file has stays"


def test_other_dumps_are_refused(tmp_path):
    row = {"id": "a-1", "split": "test", "lines": [[0] * len(NAMES)], "read": [None], "first": 0, "used": []}
    for split, numbers, expected in (("test", len(NAMES), "eval clinical lines"), ("validation", 4, "4 numbers a line")):
        (tmp_path / "dump.jsonl").write_text(json.dumps(row | {"split": split, "lines": [[0] * numbers]}) + "\n")
        with pytest.raises(DataError, match=expected):
            lines(tmp_path / "dump.jsonl", ASSETS / "retrieval.json", 0.25, log=lambda *_: None)


def test_sets_are_told_by_one_threshold():
    rows = [{"lines": [0, 0, 0], "used": [0, 2]}, {"lines": [0, 0], "used": [1]}]
    # Two lines a question and no more: the first question's two best and, of the second, its best and what is above the same threshold.
    found = told([np.array([3.0, -1.0, 2.0]), np.array([0.5, 1.0])], rows)
    assert found == {"questions": 2, "lines": 2.0, "recall": 1.0, "precision": 0.75, "begins_with_one": 1.0}
