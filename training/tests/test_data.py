"""Cleaning, splits without leaks, the tokenizer, the evaluation measures."""

import json

import pytest

from mambaformer_training.data import fold, prepare, take_answer
from mambaformer_training.errors import DataError
from mambaformer_training.evaluate import evaluate, token_f1
from mambaformer_training.text import clean_sentences, collapse, passages, shingles, split_sentences
from mambaformer_training.tokens import EOS, PASSAGE, QUESTION, SPECIALS, TEXT, encode_items, load_tokenizer, prompt, train_tokenizer


def test_sentences_keep_abbreviations():
    text = "Dr. Smith gave 2.5 mg, e.g. Amoxicillin. It helped (see Fig. 2). \"Did it?\" Yes."
    parts = split_sentences(text)
    assert " ".join(parts) == text
    assert parts[0] == "Dr. Smith gave 2.5 mg, e.g. Amoxicillin."


def test_lists_and_headings_are_cleaned():
    raw = "What is gum disease? Gum disease is an infection of the tissues.\n   \nSymptoms\n   \nSigns of gum disease include\n   - red gums  - loose teeth\n   - bad breath\n\nSee a dentist soon if the gums bleed."
    assert clean_sentences(raw) == ["Gum disease is an infection of the tissues.", "Signs of gum disease include: red gums; loose teeth; bad breath.", "See a dentist soon if the gums bleed."]
    raw = "Key Points\n     - Caries is common.    - It hurts.\n    \n    \n   Caries is a disease of the teeth. Sugar feeds it daily."
    assert clean_sentences(raw) == ["Caries is a disease of the teeth.", "Sugar feeds it daily."]


def test_passages_hold_all_sentences():
    sentences = [f"Sentence {i} has exactly seven words here." for i in range(40)]
    groups = passages(sentences, 50, 130)
    assert [s for g in groups for s in g] == sentences
    assert all(25 <= sum(len(s.split()) for s in g) <= 160 for g in groups)


def test_answer_is_short_and_leading():
    sentences = ["One two three four five six seven."] * 5
    assert take_answer(sentences) == sentences[:3]
    assert take_answer(["word " * 80]) == []


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A small made-up data folder through the whole preparation."""
    data, out = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("items")
    kinds = ["information", "symptoms", "treatment"]
    with (data / "medquad.jsonl").open("w") as f:
        for i in range(240):
            for kind in kinds:
                answer = f"Disease{i} in its {kind} part shows mark{i * 3} and trait{i * 7} with some{kind}{i} effect. People with disease{i} meet sign{i * 11} early in life and often."
                f.write(json.dumps({"id": f"m{i}-{kind}", "question": f"What about disease{i} ?", "answer": answer, "focus": f"disease{i}", "qtype": kind, "source": "MedQuAD/x"}) + "\n")
    with (data / "ohd_definitions.jsonl").open("w") as f:
        for i in range(30):
            f.write(json.dumps({"id": f"o{i}", "term": f"term{i}", "answer": f"A part{i} of the tooth that holds thing{i} in place."}) + "\n")
    with (data / "pubmedqa_pqal.jsonl").open("w") as f:
        for i in range(60):
            f.write(json.dumps({"id": f"p{i}", "question": f"Does drug{i} help?", "context": f"We studied drug{i} in many people of all ages.\nDrug{i} lowered pain in most of the treated people.",
                                "answer": f"Drug{i} lowered pain.", "final_decision": ["yes", "no", "maybe"][i % 3], "split": "test" if i % 2 else "train"}) + "\n")
    prepare(data, out, 5, 2, log=lambda *_: None)
    return {n: [json.loads(x) for x in (out / f"{n}.jsonl").open()] for n in ("train", "validation", "test", "pubmedqa_test")} | {"out": out}


def test_splits_do_not_leak(prepared):
    focus = lambda item: item["id"].split("#")[0].rsplit("-", 1)[0]
    train = {focus(i) for i in prepared["train"] if i["kind"] == "medquad"}
    held = {focus(i) for n in ("validation", "test") for i in prepared[n] if i["kind"] == "medquad"}
    assert train and held and not train & held
    seen = {p["text"] for i in prepared["train"] for p in i["passages"]}
    answers = {i["answer"] for n in ("validation", "test") for i in prepared[n] if i["answer"]}
    assert not any(a in text for a in answers for text in seen)
    official = {i["id"].split("#")[0] for i in prepared["pubmedqa_test"]}
    trained = {i["id"].split("#")[0] for i in prepared["train"] if i["kind"] == "pubmedqa"}
    assert official and trained and not official & trained
    assert all(int(i[1:]) % 2 == 0 for i in trained)
    assert fold("Gum Disease") == fold("gum disease (periodontitis)")


def test_answers_stand_in_their_passage(prepared):
    for item in prepared["train"]:
        if item["gold"] is None:
            assert item["answer"] == "" and item["answerable"] == 0
            continue
        gold = next(p["text"] for p in item["passages"] if p["id"] == item["gold"])
        answer = item["answer"].split(". ", 1)[1] if item["kind"] == "pubmedqa" else item["answer"]
        assert answer in gold


def test_missing_and_damaged_data(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        prepare(tmp_path, tmp_path / "out", 1, 1)
    (tmp_path / "medquad.jsonl").write_text('{"id": 1')
    with pytest.raises(DataError, match="line 1 is not JSON"):
        prepare(tmp_path, tmp_path / "out", 1, 1)
    (tmp_path / "medquad.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(DataError, match="lacks the fields question"):
        prepare(tmp_path, tmp_path / "out", 1, 1)


def test_tokenizer(tmp_path):
    texts = [f"The dose of amoxicillin is {i} mg (three times a day), says Dr. O'Neil." for i in range(300)] + ["gum bleeding and loose teeth"] * 50
    tokenizer = train_tokenizer(texts, 320)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    tokenizer = load_tokenizer(tmp_path / "tokenizer.json")
    assert tokenizer.get_vocab_size() == 320
    assert [tokenizer.token_to_id(s) for s in SPECIALS] == list(range(7))
    assert tokenizer.token_to_id("<0x00>") == 7 and tokenizer.token_to_id("<0xFF>") == 262
    assert tokenizer.encode("the").ids != tokenizer.encode("The").ids
    assert sum(t in "0123456789" for t in tokenizer.encode("250 mg").tokens) == 3
    for text in ["The dose is 500 mg.", "naïve café 😀 日本", "a <q> b </s> <0x41> c", "O'Neil (30 %)"]:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        assert tokenizer.decode(encoding.ids) == text
        assert all(i >= 7 for i in encoding.ids)
    ids, spans = prompt(tokenizer, "What dose?", [{"title": "T", "text": "The dose is 5 mg."}, {"title": "U", "text": "gum " * 60}], 40)
    assert ids[0] == QUESTION and ids[-1] == EOS and ids.count(PASSAGE) == 1 and ids.count(TEXT) == 1
    assert tokenizer.decode(ids[spans[0][0] : spans[0][1]]) == "The dose is 5 mg."


def test_items_encode_like_prompts(prepared, tmp_path):
    from mambaformer_training.tokens import build

    build(prepared["out"] / "train.jsonl", tmp_path, 500)
    tokenizer = load_tokenizer(tmp_path / "tokenizer.json")
    for item, encoded in zip(prepared["validation"], encode_items(tokenizer, prepared["out"] / "validation.jsonl", 1024)):
        ids, _ = prompt(tokenizer, item["question"], item["passages"], 1024)
        assert ids == encoded["source"].tolist()
        if item["answer"]:
            assert tokenizer.decode(encoded["labels"][:-1].tolist()) == item["answer"] and encoded["labels"][-1] == EOS


def test_measures(tmp_path):
    assert token_f1("a b c", "a b d") == pytest.approx(2 / 3)
    items = [{"id": str(i), "question": "q", "passages": [{"id": "g", "title": "Gum", "text": "Red gums bleed."}, {"id": "o", "title": "", "text": "Other."}],
              "reference": "Red gums bleed.", "gold_passage": "g" if i < 2 else None} for i in range(3)]
    rows = [{"id": "0", "answer": "Red gums bleed.", "state": "supported", "sentences": [{"text": "", "citations": [{"passage": "g", "start": 0, "end": 3}]}]},
            {"id": "1", "answer": "Other invented.", "state": "supported", "sentences": [{"text": "", "citations": [{"passage": 0, "start": 0, "end": 1}]}], "evidence": [{"passage": "o", "text": "Other."}]},
            {"id": "2", "answer": "", "state": "not_covered", "sentences": []}]
    (tmp_path / "i.jsonl").write_text("\n".join(map(json.dumps, items)))
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    out = evaluate(tmp_path / "a.jsonl", tmp_path / "i.jsonl", 200, 1)
    assert out["selection"]["mean"] == 0.5 and out["exact"]["mean"] == 0.5 and out["content_words_not_in_the_sources"] == 1
    assert out["silent_when_not_answerable"]["mean"] == 1.0 and out["selection"]["low"] <= 0.5 <= out["selection"]["high"]


def test_shingles_and_collapse():
    assert collapse(" a\u00a0 b\n\tc ") == "a b c"
    assert len(shingles("one two three four five six")) == 2
