"""Items from DentalQA: they point at their own source text, splits stay apart, what retrieval misses is unanswerable."""

import collections
import json
import shutil

import pytest

from mambaformer_training.dentalqa import SPLITS, dentalqa, held_out, insert, locate
from mambaformer_training.errors import DataError
from mambaformer_training.tokens import EOS, NOTE, PASSAGE, encode_items, load_tokenizer, train_tokenizer

SOURCE = {"organisation": "Society", "title": "Guide", "year": 2020}


def lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """60 passages, 3 questions each; every third asks in words that no passage has, every fifth has a note, every seventh a record."""
    data = tmp_path_factory.mktemp("data")
    passages, rows, records = [], [], []
    for i in range(60):
        passages.append({"id": f"perio-{i:04}", "title": f"Topic{i} of gums", "source": SOURCE,
                         "text": f"Lesion{i} heals after plaque control{i} within weeks. Rinse mouth{i} daily if lesion{i} hurts,| but stop rinse{i} after ten days. Lesion{i} is seen again in {i} months."})
        split = SPLITS[0 if held_out(f"perio-{i:04}") is False and i % 4 else 1 if i % 8 == 0 and not held_out(f"perio-{i:04}") else 2]
        for q, style in enumerate(("full", "terse", "typo")):
            sentences = [{"text": f"It depends. Lesion{i} heals after plaque control{i} within weeks.", "passages": [f"perio-{i:04}"]}]
            row = {"id": f"perio-q{i:04}-{q}", "question": f"How does lesion{i} heal?" if q % 3 else "Quid est hoc?", "cluster": f"perio-q{i:04}", "style": style, "level": 1, "tags": [], "key_facts": [["heals"]],
                   "forbidden": ["never"], "heldout_passage": held_out(f"perio-{i:04}"), "split": split}
            if i % 5 == 0:
                row["note"] = f"perio-n{i}"
                sentences.append({"text": f"Patient{i} smokes daily.", "passages": ["note"]})
            if i % 7 == 0:
                sentences.append({"text": f"Drug{i} in an adult: 5 mg.", "passages": [f"rec-perio-{i}"]})
            rows.append(row | {"sentences": sentences, "answer": " ".join(s["text"] for s in sentences)})
        records.append({"id": f"rec-perio-{i}", "source": SOURCE, "drug": f"Drug{i}", "indication": f"lesion{i}"})
    lines(data / "knowledge" / "perio.jsonl", passages)
    lines(data / "records" / "perio.jsonl", records)
    lines(data / "notes" / "perio.jsonl", [{"id": f"perio-n{i}", "text": f"Seen today.\nPatient{i} smokes daily. No allergies."} for i in range(60)])
    lines(data / "dentalqa" / "perio.jsonl", rows)
    lines(data / "safety" / "built" / "out_of_scope.jsonl", [{"id": f"oos-{i}", "question": f"How do I boil egg{i}?", "split": SPLITS[i % 3]} for i in range(9)])
    return data


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    texts = [p for file in ("knowledge", "notes", "dentalqa") for p in (folder / file / "perio.jsonl").read_text().splitlines()]
    train_tokenizer(texts, 400).save(str(out / "tokenizer.json"))
    tokenizer = load_tokenizer(out / "tokenizer.json")
    report = dentalqa(folder, out, tokenizer, 512, 17, 0.2, log=lambda *_: None)
    return out, tokenizer, {n: [json.loads(x) for x in (out / f"{n}.jsonl").open()] for n in SPLITS}, report


def test_sentences_stand_in_their_sources(made):
    out, tokenizer, items, _ = made
    kinds = collections.Counter()
    for name in SPLITS:
        for item, encoded in zip(items[name], encode_items(tokenizer, out / f"{name}.jsonl", 512), strict=True):
            texts = {p["id"]: p["text"] for p in item["passages"]} | {"note": item.get("note")}
            assert len(item["passages"]) <= 4 and "|" not in "".join(texts[p] for p in texts if p != "note")
            assert encoded["answerable"] == item["answerable"] and len(encoded["source"]) == item["prompt_tokens"]
            assert item["answer"] == " ".join(s["text"] for s in item["sentences"])
            if not item["answerable"]:
                assert item["gold"] is None and not len(encoded["labels"])
                continue
            for sentence in item["sentences"]:
                copied = " ".join(texts[s["source"]][s["start"] : s["end"]] for s in sentence["spans"])
                assert sentence["text"].endswith(copied)
                kinds[sentence["spans"][0]["source"].split("-")[0]] += 1
            labels, pointer, source = encoded["labels"], encoded["pointer"], encoded["source"]
            assert tokenizer.decode(labels[:-1].tolist()) == item["answer"] and labels[-1] == EOS
            at = pointer >= 0
            assert (source[pointer[at]] == labels[at]).all() and (encoded["pointer_weight"] == 1).sum() == len(item["sentences"])
            assert (NOTE in source) == ("note" in item) and (source == PASSAGE).sum() == len(item["passages"])
    assert kinds["perio"] and kinds["note"] and kinds["rec"]


def test_pointers_follow_the_very_sentence(tmp_path, made):
    """Two sentences begin alike: the span decides which one is meant."""
    _, tokenizer, _, _ = made
    text = "Lesion1 heals after plaque control1 within weeks. Lesion1 heals after plaque control1 within days."
    item = {"id": "x", "question": "?", "passages": [{"id": "p", "title": "T", "text": text}], "answer": text[50:], "gold": "p", "answerable": 1, "decision": None,
            "sentences": [{"text": text[50:], "spans": [{"source": "p", "start": 50, "end": len(text)}]}]}
    lines(tmp_path / "i.jsonl", [item])
    (encoded,) = encode_items(tokenizer, tmp_path / "i.jsonl", 512)
    assert encoded["pointer"][0] == encoded["gold"][1] - (len(encoded["labels"]) - 1)


def test_splits_never_mix(folder, made):
    _, _, items, _ = made
    split = {json.loads(x)["id"]: json.loads(x)["split"] for f in ("dentalqa/perio", "safety/built/out_of_scope") for x in (folder / f"{f}.jsonl").open()}
    for name in SPLITS:
        assert items[name] and {split[i["id"]] for i in items[name]} == {name}
    shown = {p["id"]: p["text"] for i in items["train"] for p in i["passages"]}
    assert not any(map(held_out, shown)) and any(held_out(p["id"]) for i in items["test"] for p in i["passages"])
    # The line of a record that only a held-out answer shows is unknown to training.
    lines_of = {n: {json.loads(x)["sentences"][-1]["text"] for x in (folder / "dentalqa/perio.jsonl").open() if json.loads(x)["split"] == n} for n in SPLITS}
    hidden = {t for t in lines_of["test"] - lines_of["train"] if t.startswith("Drug")}
    assert hidden and not hidden & set(shown.values())


def test_misses_are_unanswerable(made):
    _, _, items, report = made
    for item in items["validation"] + items["test"]:
        if item["question"].startswith("Quid") or item["id"].startswith("oos"):
            assert not item["answerable"] and item["retrieval"] in ("missed", "out of scope") and item["answer"] == ""
        if item["id"].startswith("perio"):
            assert item["reference"] and item["retrieval"] != "inserted"
    states = collections.Counter(i["retrieval"] for i in items["train"])
    assert states["missed"] and states["inserted"] and states["out of scope"] == 3
    assert sum(not i["answerable"] for i in items["train"]) == round(0.2 * len(items["train"]))
    assert report["train"]["states"] == dict(states) and report["train"]["first_source_at_rank"]["missed"] == pytest.approx(1 / 3, abs=0.01)


def test_the_same_seed_gives_the_same_files(folder, made, tmp_path):
    out, tokenizer, _, _ = made
    dentalqa(folder, tmp_path / "same", tokenizer, 512, 17, 0.2, log=lambda *_: None)
    dentalqa(folder, tmp_path / "other", tokenizer, 512, 18, 0.2, log=lambda *_: None)
    for name in SPLITS:
        assert (tmp_path / "same" / f"{name}.jsonl").read_bytes() == (out / f"{name}.jsonl").read_bytes()
    assert (tmp_path / "other" / "train.jsonl").read_bytes() != (out / "train.jsonl").read_bytes()


def test_clauses_are_located_and_lost_conditions_are_not():
    text = "Extract the tooth if it is unrestorable, but defer extraction for six weeks after a stroke. Give 5 mg to a child without allergy once a day."
    parts = lambda sentence: [text[s["start"] : s["end"]] for s in locate(sentence, [("p", text)])]
    assert parts("No. Extract the tooth if it is unrestorable.") == ["Extract the tooth if it is unrestorable,"]
    assert parts("Defer extraction for six weeks after a stroke, but extract the tooth if it is unrestorable.") == ["defer extraction for six weeks after a stroke.", "Extract the tooth if it is unrestorable,"]
    assert parts("Give 5 mg to a child once a day.") == [] and parts("Give 50 mg to a child without allergy once a day.") == []


def test_inserted_sources_take_the_place_of_what_nobody_needs():
    assert insert(["a", "b", "c", "d"], ["g"], ["b", "g"], 0) == ["g", "a", "b", "c"]
    assert insert(["a", "b", "c", "d"], ["g", "h"], ["d", "g", "h"], 3) == ["a", "d", "g", "h"]
    assert insert([], ["g"], ["g"], 3) == ["g"]


def test_too_long_and_stale_questions_are_left_out(folder, made, tmp_path):
    _, tokenizer, _, _ = made
    report = dentalqa(folder, tmp_path, tokenizer, 40, 17, 0.2, log=lambda *_: None)
    assert report["train"]["left_out"]["question and note too long"] > 0
    newer = tmp_path / "newer"
    shutil.copytree(folder, newer)
    text = (newer / "knowledge" / "perio.jsonl").read_text()
    (newer / "knowledge" / "perio.jsonl").write_text(text.replace("Lesion1 heals after", "Lesion1 in an adult heals after"))
    said = []
    report = dentalqa(newer, tmp_path, tokenizer, 512, 17, 0.2, log=said.append)
    assert report["train"]["left_out"] == {"a sentence is not in its source": 3} and "3 questions are left out" in said[0]
    with pytest.raises(DataError, match="no .jsonl files"):
        dentalqa(tmp_path, tmp_path, tokenizer, 512, 17, 0.2)
    with pytest.raises(DataError, match="share"):
        dentalqa(folder, tmp_path, tokenizer, 512, 17, 1.5)
