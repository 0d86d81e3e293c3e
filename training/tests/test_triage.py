"""The fit of the second net of triage: it separates what can be separated, holds its shares, learns nothing from the test split, and seals what it writes."""

import hashlib
import json
import re

import numpy as np
import pytest
import torch

from mambaformer_training import triage as module
from mambaformer_training.errors import DataError
from mambaformer_training.triage import (ALARM_SHARES, NEAR_MISS, ORDINARY, RED_FLAG, Messages, assess, fit, quantised, read_messages, sample_weights, sealed, threshold,
                                         triage)

RULES = ["anaphylaxis", "stroke", "sepsis"]
DIMENSIONS = 16


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "PENALTIES", (1e-6, 1e-3))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def messages(count: int, held_out: int = 10) -> tuple[np.ndarray, Messages]:
    """Red flags lie along their rule's axis, near misses half as far, ordinary questions anywhere else."""
    generator = np.random.default_rng(3)
    x = generator.normal(0, 0.1, (count, DIMENSIONS))
    groups, rules = [], []
    for i in range(count):
        group = (RED_FLAG, NEAR_MISS, ORDINARY, ORDINARY)[i % 4]
        rule = i // 4 % len(RULES)
        x[i, rule] += {RED_FLAG: 1.0, NEAR_MISS: 0.3, ORDINARY: 0.0}[group]
        x[i, 8] += 1.0 if group == ORDINARY else 0.0
        groups.append(group)
        rules.append(rule if group == RED_FLAG else len(RULES))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x, Messages([f"m{i}" for i in range(count)], [""] * count, np.array(groups), np.arange(count) % held_out == 0, np.array(rules))


def test_the_fit_separates_and_names_the_rule():
    x, known = messages(600)
    p, rule = assess(x, *fit(x, known.rules, sample_weights(known.groups), len(RULES), 1e-6))
    flags = known.groups == RED_FLAG
    limit = threshold(p, known.groups, ALARM_SHARES)
    assert (p[flags] >= limit).mean() > 0.9 and (rule[flags] == known.rules[flags]).mean() > 0.99
    assert (p[known.groups == ORDINARY] < limit).mean() > 0.98


def test_the_penalty_shrinks_the_weights():
    x, known = messages(200)
    sizes = [np.abs(fit(x, known.rules, sample_weights(known.groups), len(RULES), penalty)[0]).mean() for penalty in (1e-6, 1e-3, 1.0)]
    assert sizes[0] > 5 * sizes[1] > 25 * sizes[2]


@pytest.mark.parametrize("share, count, expected", [(0.0, 50, 0), (0.03, 100, 3), (0.03, 33, 0), (0.10, 100, 10), (0.5, 3, 1)])
def test_no_more_than_the_share_reaches_a_threshold(share, count, expected):
    p = np.random.default_rng(count).permutation(np.linspace(0.1, 0.9, count))
    groups = np.array([NEAR_MISS] * count)
    assert (p >= threshold(p, groups, {NEAR_MISS: share})).sum() == expected


def test_every_group_holds_its_share():
    p, groups = np.linspace(0, 1, 200), np.array([NEAR_MISS, ORDINARY] * 100)
    limit = threshold(p, groups, {NEAR_MISS: 0.5, ORDINARY: 0.02})
    assert (p[groups == ORDINARY] >= limit).sum() == 2 and (p[groups == NEAR_MISS] >= limit).sum() <= 2
    ties = threshold(np.full(10, 0.7), np.array([NEAR_MISS] * 10), {NEAR_MISS: 0.5})
    assert ties > 0.7, "equal ones are none"


def test_what_is_written_is_sealed_and_says_what_was_fitted(tmp_path):
    x, known = messages(600)
    manifest, out = tmp_path / "manifest.json", tmp_path / "triage_net.json"
    manifest.write_bytes(b"{}")
    result = triage(x, known, RULES, manifest, out, log=lambda _: None)
    text = out.read_text(encoding="utf8")
    digits = re.search(r'"sha256": "([0-9a-f]{64})"', text)
    assert hashlib.sha256((text[: digits.start(1)] + text[digits.end(1) :]).encode("utf8")).hexdigest() == digits[1]
    net = json.loads(text)
    assert net["encoder"] == hashlib.sha256(b"{}").hexdigest() and (net["format"], net["dimensions"]) == (1, DIMENSIONS)
    assert [r["rule"] for r in net["rules"]] == RULES and 0 < net["note"] <= net["alarm"] <= 1
    assert all(max(map(abs, r["weights"])) == 127 for r in net["rules"])
    w = np.array([r["weights"] for r in net["rules"]]) * np.array([[r["scale"]] for r in net["rules"]])
    p, _ = assess(x, w, np.array([r["bias"] for r in net["rules"]]))
    flags = known.held_out & (known.groups == RED_FLAG)
    assert result["test"]["red flag: alarm"].startswith(f"{int((p[flags] >= net['alarm']).sum())} of {int(flags.sum())} ")
    first = text
    triage(x, known, RULES, manifest, out, log=lambda _: None)
    assert out.read_text(encoding="utf8") == first, "the same every time"


def test_the_test_split_changes_nothing(tmp_path):
    x, known = messages(400)
    manifest, outs = tmp_path / "manifest.json", [tmp_path / "a.json", tmp_path / "b.json"]
    manifest.write_bytes(b"{}")
    triage(x, known, RULES, manifest, outs[0], log=lambda _: None)
    x[known.held_out] = -x[known.held_out]
    triage(x, known, RULES, manifest, outs[1], log=lambda _: None)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_integers_lose_little():
    w = np.random.default_rng(1).normal(size=(3, DIMENSIONS)) * np.array([[1e-3], [1.0], [1e3]])
    integers, scales = quantised(w)
    assert np.abs(integers).max() == 127
    assert (np.abs(integers * scales[:, None] - w) <= 0.51 * scales[:, None]).all()
    assert (quantised(np.zeros((1, 4)))[0] == 0).all()


def test_a_net_that_is_too_large_is_refused():
    with pytest.raises(DataError, match="at most 60000 are wanted"):
        sealed(RULES, np.full((3, 9_000), -100), np.ones(3), np.zeros(3), "0", {"alarm": 0.9, "note": 0.5})


def write(folder, red: list[dict], near: list[dict]):
    built = folder / "safety" / "built"
    built.mkdir(parents=True)
    for name, rows in (("red_flags", red), ("near_misses", near)):
        (built / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (folder / "dentalqa").mkdir()
    (folder / "dentalqa" / "perio.jsonl").write_text("".join(json.dumps({"id": f"q{i}", "question": "Which  stage?", "split": s}) + "\n" for i, s in enumerate(("train", "test"))))
    (folder / "practice").mkdir()
    (folder / "practice" / "perio.jsonl").write_text('{"text": "which stage"}\n')


def test_what_is_read(tmp_path):
    row = lambda i, rule, split: {"id": f"r{i}", "text": "a  b", "rule": rule, "split": split}
    red = [row(i, rule, "validation") for i, rule in enumerate(RULES)] + [row(9, "stroke", "test")]
    write(tmp_path, red, [row(10, "stroke", "train")])
    (tmp_path / "safety" / "blind_red_flags.jsonl").write_text("not to be read\n")
    found = read_messages(tmp_path, RULES)
    assert found.groups.tolist() == [RED_FLAG] * 4 + [NEAR_MISS] + [ORDINARY] * 2, "held-out questions are left out"
    assert found.rules.tolist() == [0, 1, 2, 1, 3, 3, 3] and found.held_out.tolist() == [False] * 3 + [True] + [False] * 3
    assert found.texts[0] == "a b"


@pytest.mark.parametrize("rules, message", [(["stroke", "hiccups"], "`hiccups`, which triage.json does not have"), (["stroke"], "of the rule `anaphylaxis`")])
def test_rules_and_messages_must_fit(tmp_path, rules, message):
    write(tmp_path, [{"id": "r", "text": "a", "rule": rule, "split": "train"} for rule in rules], [{"id": "n", "text": "a", "rule": "stroke", "split": "train"}])
    with pytest.raises(DataError, match=message):
        read_messages(tmp_path, RULES)
