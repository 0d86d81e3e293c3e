"""The report: its measures, its readers, its plots and its text, on answers made up."""

import argparse
import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from mambaformer_training import bootstrap, pubmedqa
from mambaformer_training.confidence import auroc, expected_calibration_error
from mambaformer_training.errors import DataError
from mambaformer_training.report import commands, figures, goals, inputs, measures, pages, routing, svg

QUESTION = {"id": "q1-1", "question": "What first?", "answer": "Rinse the tooth. Replant it within 5 minutes.", "cluster": "q1", "split": "test", "key_facts": [["rinse"], ["5 minutes", "five minutes"]],
            "forbidden": ["milk"], "sentences": [{"text": "Rinse the tooth.", "passages": ["p1"]}, {"text": "Replant it within 5 minutes.", "passages": ["p2"]}]}


def record(name="q1-1", answer="Rinse the tooth.", passages=("p1",), **more):
    """An answer that cites passages, with the evidence p1 to p3."""
    evidence = [{"passage": f"p{i}", "title": f"Title {i}", "text": text, "kind": "passage"} for i, text in ((1, "Rinse the tooth."), (2, "Replant it within 5 minutes."), (3, "Keep it in milk."))]
    sentences = [{"text": answer, "citations": [{"passage": p, "start": 0, "end": 1} for p in passages]}] if answer else []
    return {"id": name, "state": "supported", "answer": answer, "sentences": sentences, "evidence": evidence, "features": {}, "routing": {"tokens": 10, "et5": 7, "emamba": 3}, "timings_ms": {"total": 5.0}} | more


def outcome(name="q1-1", found=1, **more):
    return {"id": name, "cluster": "q1", "answered": True, "right": found == 2, "key_facts": [found, 2], "forbidden": 0, "sentences": 1, "total_ms": 5.0, "features": {}} | more


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("answer, reference, score", [
    ("rinse the tooth", "rinse the tooth", 1.0),
    ("the tooth rinse", "rinse the tooth", 2 * 2 / 6),          # order counts: "the tooth"
    ("rinse it, then the tooth", "rinse the tooth", 2 * 3 / 8),  # gaps do not
    ("Rinse!", "rinse", 1.0),
    ("milk", "rinse", 0.0),
    ("", "rinse", 0.0),
])
def test_rouge_l(answer, reference, score):
    assert measures.rouge_l(answer, reference) == pytest.approx(score)


def test_tokens_are_matched_with_the_nearest():
    x, y, z = np.eye(3)
    assert measures.greedy_match(np.stack([x, y]), np.stack([x, y])) == (1.0, 1.0, 1.0)
    # Every token of the answer is there, half of the reference is not said.
    assert measures.greedy_match(np.stack([x]), np.stack([x, y])) == pytest.approx((1.0, 0.5, 2 / 3))
    assert measures.greedy_match(np.stack([x, z]), np.stack([x])) == pytest.approx((0.5, 1.0, 2 / 3))
    assert measures.greedy_match(np.stack([z]), np.stack([x, y]))[2] == 0.0
    assert measures.greedy_match(np.stack([(x + y) / np.sqrt(2)]), np.stack([x]))[0] == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize("cited, gold, counts", [
    (["p1", "p1", "p3"], ["p1", "p2"], (1, 2, 2)),
    ([], ["p1"], (0, 0, 1)),
    (["p2", "p1"], ["p1", "p2", "p1"], (2, 2, 2)),
    (["p3"], ["p1"], (0, 1, 1)),
])
def test_citations(cited, gold, counts):
    assert measures.citation_counts(cited, gold) == counts


@pytest.mark.parametrize("scores, right, error", [
    ([0.0] * 10 + [1.0] * 10, [False] * 10 + [True] * 10, 0.0),
    ([1.0] * 20, [False] * 10 + [True] * 10, 0.5),
    ([0.75] * 20, ([True] * 3 + [False]) * 5, 0.0),
])
def test_calibration_error(scores, right, error):
    assert expected_calibration_error(np.array(scores), np.array(right), 2 if error == 0.0 and scores[0] == 0.0 else 1) == pytest.approx(error)


def test_auroc():
    assert auroc(np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, True, True])) == 1.0
    assert auroc(np.array([0.4, 0.3, 0.2, 0.1]), np.array([False, False, True, True])) == 0.0


def test_macro_f1():
    assert measures.macro_f1(np.array([0, 1, 2]), np.array([0, 1, 2]), 3) == 1.0
    # Always the first: F1 of it 2 * 2 / (4 + 2), of the others 0. What says nothing (-1) is no class.
    assert measures.macro_f1(np.zeros(4, int), np.array([0, 0, 1, 2]), 3) == pytest.approx((4 / 6) / 3)
    assert measures.macro_f1(np.array([-1, 1]), np.array([0, 1]), 2) == 0.5


def test_intervals_are_of_clusters():
    names = [f"q{c}-{n}" for c in range(20) for n in range(4)]
    clusters = {name: name.split("-")[0] for name in names}
    by_cluster = bootstrap.share({name: (float(int(clusters[name][1:]) % 2), 1) for name in names}, clusters)
    within = bootstrap.share({name: (float(int(name[-1]) % 2), 1) for name in names}, clusters)
    assert by_cluster.value == within.value == 0.5 and by_cluster.n == 80
    assert by_cluster.low < 0.4 and by_cluster.high > 0.6 and within.low == within.high == 0.5
    assert bootstrap.share({"q0-0": (0, 0)}, clusters) is None
    one, other = ({name: (float(n % 5 < limit), 1) for n, name in enumerate(names)} for limit in (2, 3))
    gain = bootstrap.difference(other, {name: one[name] for name in names[:40]}, clusters)
    assert gain.n == 40 and gain.value == pytest.approx(0.2) and gain.low > 0


@pytest.mark.parametrize("text, phrase, there", [
    ("A vital tooth", "vital", True), ("a non-vital tooth", "vital", False), ("revitalise", "vital", False), ("vitality", "vital", True), ("Give 5 mg", "5", True), ("Give 5.5 mg", "5", False),
    ("Give 2.5 mg", "5 mg", False), ("Give 50 mg", "5", False), ("only 5.", "5", True), ("Größe", "ße", False), ("x", "", False),
])
def test_wordings_are_looked_for_as_the_product_does(text, phrase, there):
    assert inputs.holds(text, phrase) == there


def test_facts():
    assert inputs.facts(record(answer="Rinse it for five minutes, in milk."), QUESTION) == (["rinse", "5 minutes"], [], ["milk"])
    assert inputs.facts(record(answer=""), QUESTION) == ([], ["rinse", "5 minutes"], [])


def test_copying_counts_what_no_cited_source_has():
    similarity = type("None", (), {"score": lambda self, a, r: (0.0, 0.0, 0.0)})()
    variant = inputs.Variant("v", {"q1-1": record(answer="Rinse within 5 minutes, amoxicillin 250.", passages=("p1",))}, {"q1-1": outcome()}, "")
    pairs = figures.pairs_of(variant, {"q1-1": QUESTION | {"note_text": None}}, similarity, re.compile(r"\bamoxicillin\b"))
    # "5", "minutes", "amoxicillin", "250" are not in p1; the first two stand in p2, which was shown.
    assert pairs["strange"]["q1-1"] == (4, 5) and pairs["strange shown"]["q1-1"] == (2, 5)
    assert pairs["claims"]["q1-1"] == (3, 3)
    assert pairs["selection"]["q1-1"] == (1, 1) and pairs["cited gold"]["q1-1"] == (1, 1) and pairs["gold cited"]["q1-1"] == (1, 2)


def test_kinds_of_pieces():
    text = "Give the 500 mg amoxicillin."
    offsets = [(0, 4), (4, 8), (8, 10), (10, 12), (12, 15), (15, 20), (20, 27), (27, 28)]
    assert routing.kinds(text, offsets, re.compile(r"\bamoxicillin\b")) == ["other words", "function words", "numbers", "numbers", "other words", "drug names", "drug names", "punctuation"]


def test_a_table_by_piece_knows_only_pieces():
    prompts = [[5, 6, 5], [5, 6, 7]]
    assert routing.by_piece(prompts, [[True, False, True], [True, False, True]]) == 1.0
    assert routing.by_piece(prompts, [[True, False, True], [False, True, False]]) == 0.0


@pytest.mark.parametrize("text", ["gate", "gate=records", "=r:d", "gate=:d", "gate=r:"])
def test_a_wrong_variant_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="NAME=RECORDS:DUMP"):
        inputs.spec(text)


@pytest.mark.parametrize("records, dump, said", [
    (None, [outcome()], "does not exist"),
    ([record()], None, "does not exist"),
    (["{"], [outcome()], "not JSON"),
    ([{"id": "q1-1"}], [outcome()], "lacks the fields"),
    ([record()], [{"id": "q1-1"}], "lacks the fields"),
    ([record()], [outcome("q1-2")], "one run"),
    ([record("q9")], [outcome("q9")], "no questions of the built set"),
])
def test_files_that_do_not_belong_together_are_refused(tmp_path, records, dump, said):
    for name, rows in (("r", records), ("d", dump)):
        if rows:
            (tmp_path / name).write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=said):
        inputs.read_variant(inputs.Spec("v", tmp_path / "r", tmp_path / "d"), {"q1-1": QUESTION})


def test_other_files_are_refused_with_what_makes_them(tmp_path):
    with pytest.raises(DataError, match="confidence"):
        figures.calibration(inputs.Variant("v", {}, {}, ""), lines(tmp_path / "c.json", [{"intercept": 0}]))
    with pytest.raises(DataError, match="pubmedqa --records"):
        commands.read_pubmedqa(lines(tmp_path / "p.json", [{"always_yes": {}}]))
    with pytest.raises(DataError, match="data build"):
        inputs.read_questions(tmp_path)
    foreign = lines(tmp_path / "foreign.jsonl", [{"id": f"o{i}", "question": "?", "class": "chit_chat", "split": "test" if i else "train"} for i in range(3)])
    with pytest.raises(DataError, match="or others"):
        commands.read_scope(lines(tmp_path / "s.jsonl", [record("o1")]), foreign)
    scope = commands.read_scope(lines(tmp_path / "s.jsonl", [record("o1"), record("o2", answer="")]), foreign)
    assert scope.declined.value == 0.5 and scope.answered == [("chit_chat", "o1")]


@pytest.mark.parametrize("picture", [
    svg.bars("A & B", "share <of> tokens", [("part", [svg.Bar("question", 0.25, 1000), svg.Bar("a < b", 0.0, 3)])]),
    svg.reliability("Confidence", "score", "right & wrong", [svg.Point(0.2, 0.3, 0.1, 0.5), svg.Point(0.8, 0.7, 0.6, 0.9)]),
])
def test_plots_are_well_formed_and_named(picture):
    root = ElementTree.fromstring(picture)
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg" and root.find(f"{space}title").text and root.find(f"{space}desc").text
    assert "prefers-color-scheme: dark" in picture
    width, height = (float(v) for v in root.get("viewBox").split()[2:])
    for text in root.iter(f"{space}text"):
        if text.get("x"):
            assert 0 <= float(text.get("x")) <= width and 0 <= float(text.get("y")) <= height, text.text


def made_up(tmp_path, others=("emamba",), found_of=lambda name, i: i % 3):
    """Variants of thirty clusters with one question each."""
    questions = {f"q{i}-1": QUESTION | {"id": f"q{i}-1", "cluster": f"q{i}", "note_text": None} for i in range(30)}
    out = []
    for name in ("gate", *others):
        rows = [(record(f"q{i}-1"), outcome(f"q{i}-1", found_of(name, i), cluster=f"q{i}")) for i in range(30)]
        out.append(inputs.Variant(name, {r["id"]: r for r, _ in rows}, {o["id"]: o for _, o in rows}, ""))
    return questions, out


@pytest.mark.parametrize("other, factor, gain, verdict", [
    ("emamba", 0.5, 0, goals.MISSED), ("emamba", 0.5, 1, goals.MISSED), ("emamba", 2.0, 0, goals.REACHED), ("emamba", 0.5, -1, goals.REACHED), ("emamba", None, 0, "not judged"),
    ("random", 0.5, 0, goals.MISSED), ("free", 0.5, 1, "not judged"), ("closed", 0.5, 1, "not judged")])
def test_the_front_of_quality_and_latency(tmp_path, other, factor, gain, verdict):
    questions, read = made_up(tmp_path, others=(other,), found_of=lambda name, i: 1 + (gain if name != "gate" else 0))
    times = [] if factor is None else [(name, lines(tmp_path / name, [{"id": f"q{i}-1", "total_ms": by * (10 + i)} for i in range(30)])) for name, by in (("gate", 1.0), (other, factor))]
    similarity = type("None", (), {"score": lambda self, a, r: (0.0, 0.0, 0.0), "add": lambda self, texts: None})()
    confidence = tmp_path / "confidence.json"
    confidence.write_text(json.dumps({"intercept": 0, "features": [], "thresholds": {"medium": 0.3, "high": 0.6}}))
    found = figures.figures(read, questions, similarity, re.compile("x^"), confidence, times)
    assert goals.front(found)[0] == verdict
    table = goals.goals(found, None, None)
    assert "| missed |" in table and f"{verdict} |" in table.splitlines()[-1]


def test_examples_are_drawn_by_the_seed_and_the_worst_come_first(tmp_path):
    questions, (gate,) = made_up(tmp_path, others=())
    gate.records["q7-1"] = record("q7-1", answer="Keep it in milk.")
    gate.records["q8-1"] = record("q8-1", answer="Rinse it for 5 minutes.")
    drawn = pages.random_ones(gate, questions, 10, 17)
    assert drawn == pages.random_ones(gate, questions, 10, 17) != pages.random_ones(gate, questions, 10, 18)
    worst = pages.worst_ones(gate, questions, 4)
    assert "q7-1" in worst[0] and "Forbidden and told: \"milk\"" in worst[3] and "Missed: \"rinse\"; \"5 minutes\"" in worst[3]
    assert len(worst) == 16 and not any("(q8-1)" in line for line in worst)


@pytest.mark.parametrize("answer, decision", [("Yes. It is.", 0), ("No: it is not", 1), ("maybe", 2), ("Nothing is known", -1), ("", -1), ("It is, yes", -1)])
def test_the_decision_of_an_answer(answer, decision):
    assert pubmedqa.said(answer) == decision


def test_the_classifier_learns_what_can_be_learnt_and_sees_no_test_row():
    generator = np.random.default_rng(3)
    y = np.arange(90) % 3
    blocks = {"cues": np.eye(3)[y] + 0.1 * generator.normal(size=(90, 3)), **{name: generator.normal(size=(90, 4)) for name in ("question", "mean", "nearest", "last")}}
    name, penalty, accuracy = pubmedqa.choose(blocks, y, log=lambda line: None)
    assert "cues" in pubmedqa.SETS[name] and accuracy > 0.95
    train, other = ({k: v[part] for k, v in blocks.items()} for part in (slice(0, 60), slice(60, 90)))
    a, b = pubmedqa.design(train, other, pubmedqa.SETS[name])
    assert (pubmedqa.decide(pubmedqa.fit(a, y[:60], penalty), b) == y[60:]).mean() > 0.9
    # What is fitted comes from the training rows alone.
    moved = pubmedqa.design(train, {k: v + 100 for k, v in other.items()}, pubmedqa.SETS[name])[0]
    assert np.array_equal(a, moved)


def test_the_test_rows_are_those_of_the_official_split(tmp_path):
    rows = [{"id": f"p{i}", "question": "Does it?", "context": "It does.\nIt is.", "final_decision": "yes", "split": split} for i, split in enumerate(("train", "test", "train"))]
    lines(tmp_path / "pubmedqa_pqal.jsonl", rows)
    assert [row["id"] for row in pubmedqa.read(tmp_path, "test")] == ["p1"]
    assert pubmedqa.write_items(tmp_path, tmp_path / "items")["items"] == 1
    assert [p["text"] for p in json.loads((tmp_path / "items").read_text())["passages"]] == ["It does.", "It is."]
    lines(tmp_path / "pubmedqa_pqal.jsonl", [rows[1] | {"final_decision": "perhaps"}])
    with pytest.raises(DataError, match="decided by none"):
        pubmedqa.read(tmp_path, "test")


@pytest.mark.parametrize("low, high, word", [(-0.2, 0.1, "no measurable difference"), (0.1, 0.3, "more"), (-0.3, -0.1, "less")])
def test_the_short_version_says_what_the_interval_allows(low, high, word):
    figure = bootstrap.Figure(0.5, 0.4, 0.6, 7)
    one = figures.Figures("gate", 7, 7, {"recall": figure}, strange_words=(0, 50))
    other = figures.Figures("et5", 7, 7, {}, against={"recall": bootstrap.Figure((low + high) / 2, low, high, 7)})
    routed = routing.Routed(4, 0, 100, 30, 30, 0, [("length of prompt", [svg.Bar("short", 0.4, 50), svg.Bar("long", 0.2, 50)]), ("kind of token", [svg.Bar("numbers", 0.1, 10), svg.Bar("other words", 0.5, 90)])], 0.9)
    told = pages.short([one, other], routed)
    assert "50.0 [40.0, 60.0] %" in told[0] and told[1].endswith(f"{word}.") and "from 40.0 to 20.0 %" in told[2]
