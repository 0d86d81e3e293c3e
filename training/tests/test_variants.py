"""The table of variants, on answers made up."""

import json

import pytest

from mambaformer_training.errors import DataError
from mambaformer_training.variants import markdown, variants


def dump(path, found_of):
    """Twenty clusters of two paraphrases with two facts each; `found_of(cluster, n)` of them are found."""
    with path.open("w") as out:
        for cluster in range(20):
            for n in range(2):
                found = found_of(cluster, n)
                out.write(json.dumps({"id": f"q{cluster}-{n}", "cluster": f"c{cluster}", "answered": True, "right": found == 2, "key_facts": [found, 2], "forbidden": 0,
                                      "sentences": 2, "total_ms": 100.0 + n}) + "\n")
    return path


def test_variants_are_compared_question_by_question(tmp_path):
    # The second finds what the first finds, and one fact more in every fourth cluster.
    one = dump(tmp_path / "one", lambda cluster, n: cluster % 2)
    other = dump(tmp_path / "other", lambda cluster, n: cluster % 2 + (cluster % 4 == 0))
    lines = variants([("one", one), ("other", other)])
    assert (lines[0]["key_fact_recall"], lines[1]["key_fact_recall"]) == (0.25, 0.375)
    assert lines[0]["difference_interval"] == [0.0, 0.0] and lines[1]["difference"] == 0.125
    low, high = lines[1]["difference_interval"]
    assert 0 < low < 0.125 < high
    # Paired: narrower than what either figure has alone.
    assert high - low < lines[1]["key_fact_recall_interval"][1] - lines[1]["key_fact_recall_interval"][0] + 0.05
    table = markdown(lines)
    assert "+12.5" in table and table.count("\n") == 3


def test_paraphrases_are_not_independent(tmp_path):
    by_cluster = variants([("a", dump(tmp_path / "a", lambda cluster, n: 2 * (cluster % 2)))])[0]
    within = variants([("b", dump(tmp_path / "b", lambda cluster, n: 2 * n))])[0]
    assert by_cluster["key_fact_recall"] == within["key_fact_recall"] == 0.5
    assert within["key_fact_recall_interval"] == [0.5, 0.5] != by_cluster["key_fact_recall_interval"]


def test_other_questions_are_refused(tmp_path):
    one = dump(tmp_path / "one", lambda cluster, n: 1)
    (tmp_path / "short").write_text(one.read_text().split("\n", 1)[1])
    with pytest.raises(DataError, match="other questions"):
        variants([("one", one), ("short", tmp_path / "short")])
