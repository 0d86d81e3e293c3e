"""What the peer is asked, and how its refusals are recognised."""

import json

import pytest

from mambaformer_training.errors import DataError
from mambaformer_training.peer import declined, prompt, questions


def test_prompt_has_passages_note_and_question_in_order():
    passages = [{"title": "Splints", "text": "Two weeks."}, {"title": "Milk", "text": "Store it in milk."}]
    text = prompt("How long?", "Fell today.", passages)
    places = [text.index(part) for part in ("Splints", "Two weeks.", "Milk", "Fell today.", "How long?")]
    assert places == sorted(places)
    assert "Passage" not in prompt("How long?", None, [])


@pytest.mark.parametrize("answer,expected", [("Not covered.", True), ('"Not covered', True), ("It is not covered.", False), ("", False)])
def test_declined(answer, expected):
    assert declined(answer) is expected


def test_questions_come_with_what_the_assistant_showed(tmp_path):
    for folder in ("notes", "dentalqa"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notes" / "a.jsonl").write_text(json.dumps({"id": "n1", "text": "Takes warfarin."}) + "\n")
    (tmp_path / "dentalqa" / "a.jsonl").write_text(json.dumps({"id": "q1", "question": "And now?", "note": "n1"}) + "\n")
    records = tmp_path / "records.jsonl"
    pieces = [{"kind": "passage", "title": "T", "text": "x"}, {"kind": "note", "title": "The note", "text": "y"}]
    records.write_text(json.dumps({"id": "q1", "evidence": pieces}) + "\n")
    assert questions(tmp_path, records) == [{"id": "q1", "question": "And now?", "note": "Takes warfarin.", "passages": pieces[:1]}]
    records.write_text(json.dumps({"id": "q2", "evidence": []}) + "\n")
    with pytest.raises(DataError, match="q2"):
        questions(tmp_path, records)
