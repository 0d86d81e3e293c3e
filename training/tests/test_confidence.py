"""The fit finds what decides, and what is written adds up."""

import hashlib
import json

import numpy as np
import pytest

from mambaformer_training.confidence import auroc, confidence, expected_calibration_error
from mambaformer_training.errors import DataError


def dump(path, n, seed):
    rng = np.random.default_rng(seed)
    with path.open("w") as out:
        for i in range(n):
            sure, noise = rng.normal(), rng.normal()
            right = bool(rng.random() < 1 / (1 + np.exp(-2 * sure)))
            out.write(json.dumps({"id": str(i), "answered": True, "right": right, "features": {"coverage": sure, "sentences": noise, "record": 1.0}}) + "\n")


def test_bands_order_by_accuracy_and_carry_their_hash(tmp_path):
    dump(tmp_path / "v", 900, 1)
    dump(tmp_path / "t", 900, 2)
    report = confidence(tmp_path / "v", tmp_path / "t", tmp_path / "out.json", log=lambda *_: None)
    file = json.loads((tmp_path / "out.json").read_text())
    shares = [file["measured"][band]["right"] / file["measured"][band]["of"] for band in ("low", "medium", "high")]
    assert shares == sorted(shares) and shares[2] > shares[0] + 0.3
    weights = {f["name"]: f["weight"] for f in file["features"]}
    assert set(weights) == {"coverage", "sentences"}, "what never changes decides nothing"
    assert weights["coverage"] > 5 * abs(weights["sentences"])
    assert report["test"]["auroc"] > 0.75 and report["test"]["ece"] < 0.08
    content = [1, file["intercept"], file["features"], file["thresholds"], file["measured"]]
    assert file["sha256"] == hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
    dump(tmp_path / "few", 10, 3)
    with pytest.raises(DataError, match="at least 60"):
        confidence(tmp_path / "few", tmp_path / "t", tmp_path / "out.json", log=lambda *_: None)


def test_measures():
    y = np.array([False, False, True, True])
    assert auroc(np.array([0.1, 0.2, 0.8, 0.9]), y) == 1
    assert auroc(np.array([0.9, 0.8, 0.2, 0.1]), y) == 0
    assert expected_calibration_error(np.array([0.0, 0.0, 1.0, 1.0]), y, 2) == 0
