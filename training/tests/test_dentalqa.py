"""Items from DentalQA: they point at their own source text, splits stay apart, what retrieval misses is unanswerable."""

import collections
import json
import random
import shutil

import pytest

from mambaformer_training.dentalqa import SPLITS, Corpus, dentalqa, held_out, in_table_order, insert, locate, read_folder, redrawn
from mambaformer_training.errors import DataError
from mambaformer_training.text import collapse, split_sentences
from mambaformer_training.tokens import EOS, LINE_SCALE, NOTE, PASSAGE, encode_items, load_tokenizer, train_tokenizer

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


@pytest.fixture(scope="module")
def ranked(folder, made, tmp_path_factory):
    """Items from rankings that name the cosine of every line."""
    out, tokenizer, _, _ = made
    rows = read_folder(folder / "dentalqa", ("id", "sentences"))
    corpus = Corpus(folder, rows, SPLITS)
    foreign = [json.loads(x) for x in (folder / "safety" / "built" / "out_of_scope.jsonl").open()]
    path = tmp_path_factory.mktemp("ranked") / "rankings.jsonl"
    cosine = lambda passage, at: round((int(passage[-2:].strip("-")) % 7) / 10 + at / 100, 4)
    near = lambda row: sorted(corpus.order, key=lambda i: (abs(int(i[-2:].strip("-")) - int(row["id"].split("-")[1].strip("q"))), i))[:20]
    entries = {row["id"]: near(row) for row in rows + foreign}
    lines(path, [{"id": i, "entries": e, "lines": {p: [cosine(p, n) for n in range(len(split_sentences(corpus.passages[p]["text"])))] for p in e}} for i, e in entries.items()])
    report = dentalqa(folder, path.parent, tokenizer, 512, 17, 0.2, path, 3, log=lambda *_: None)
    return path.parent, tokenizer, cosine, report


def test_choices_are_the_sentences_of_the_prompt_with_retrievals_say(ranked):
    folder, tokenizer, cosine, _ = ranked
    steps = 0
    for name in SPLITS:
        for item, encoded in zip(map(json.loads, (folder / f"{name}.jsonl").open()), encode_items(tokenizer, folder / f"{name}.jsonl", 512), strict=True):
            choices, source, labels = encoded["choices"], encoded["source"], encoded["labels"]
            expected = [(p["id"], n, s) for p in item["passages"] for n, s in enumerate(split_sentences(p["text"]))]
            noted = split_sentences(item["note"]) if item.get("note") else []
            assert len(choices.positions) == len(expected) + len(noted) + 1 and source[choices.positions[-1]] == EOS and choices.positions[-1] == len(source) - 1
            best = max(cosine(p, n) for p, n, _ in expected)
            for (p, n, text), at, prior in zip(expected, choices.positions, choices.prior):
                assert text.startswith(tokenizer.decode(source[at : at + 3].tolist())) and prior == pytest.approx(LINE_SCALE * (cosine(p, n) - best), abs=1e-4)
            for (_, _, text), at, end in zip(expected, choices.positions, choices.ends):
                assert collapse(tokenizer.decode(source[at:end].tolist())) == collapse(text)
            assert (choices.prior[len(expected) :] == 0).all()
            assert item["answerable"] or not len(choices.steps)
            if len(choices.steps):
                assert labels[choices.steps[-1]] == EOS and choices.targets[-1] == len(choices.positions) - 1
                assert (source[choices.positions[choices.targets]] == labels[choices.steps]).all()
                assert len(choices.steps) == len(item["sentences"]) + 1
                steps += 1
    assert steps > 20


def test_variants_ask_the_same_with_other_passages(ranked):
    folder, _, _, report = ranked
    items = [json.loads(x) for x in (folder / "train.jsonl").open()]
    by_id = collections.defaultdict(list)
    for item in items:
        by_id[item["id"]].append(item)
    assert {len(v) for v in by_id.values()} == {3} and report["train"]["states"]["redrawn"]
    assert any(len({tuple(p["id"] for p in i["passages"]) for i in v}) > 1 for v in by_id.values())
    for item in items:
        assert not any(held_out(p["id"]) for p in item["passages"])
        if item["retrieval"] == "redrawn":
            assert item["answer"] == item["reference"] and {s["source"] for x in item["sentences"] for s in x["spans"]} <= {p["id"] for p in item["passages"]} | {"note"}
    for name in SPLITS[1:]:
        ids = [json.loads(x)["id"] for x in (folder / f"{name}.jsonl").open()]
        assert len(ids) == len(set(ids))


def test_practice_questions_are_trained_on_alone(folder, tmp_path, made):
    _, tokenizer, _, _ = made
    data = tmp_path / "data"
    shutil.copytree(folder, data)
    free = next(f"perio-{i:04}" for i in range(60) if not held_out(f"perio-{i:04}"))
    asked = {"passage": free, "sentences": [3, 1], "style": "terse", "text": "review after?"}
    lines(data / "practice" / "perio.jsonl", [asked])
    dentalqa(data, tmp_path / "out", tokenizer, 512, 17, 0.2, log=lambda *_: None)
    found = {name: [i for i in map(json.loads, (tmp_path / "out" / f"{name}.jsonl").open()) if i["id"] == "perio-p0001"] for name in SPLITS}
    assert [len(found[n]) for n in SPLITS] == [1, 0, 0]
    (item,) = found["train"]
    number = int(free[-4:])
    assert item["reference"] == f"Lesion{number} is seen again in {number} months. Lesion{number} heals after plaque control{number} within weeks."
    held = next(f"perio-{i:04}" for i in range(60) if held_out(f"perio-{i:04}"))
    for wrong in ({"passage": held}, {"sentences": [4]}, {"passage": "perio-9999"}):
        lines(data / "practice" / "perio.jsonl", [asked | wrong])
        with pytest.raises(DataError, match="perio.jsonl, line 1"):
            dentalqa(data, tmp_path / "out", tokenizer, 512, 17, 0.2, log=lambda *_: None)


def test_redrawn_prompts_keep_ranks_and_room():
    rng = random.Random(3)
    deep = list("abcdefgh")
    for _ in range(200):
        drawn = redrawn(deep, ["c", "x"], 1, rng)
        assert {"c", "x"} <= set(drawn) and len(drawn) in (3, 4) and drawn.index("x") == 1
        assert [i for i in drawn if i != "x"] == sorted(i for i in drawn if i != "x")
    assert redrawn([], ["x"], 3, rng) == ["x"]


def test_lines_of_a_table_stand_in_its_order():
    record = {"name": "Stage", "entries": [{"label": "Stage II"}, {"label": "Stage I"}, {"label": "Grade A"}]}
    assert in_table_order(record, {"Stage, Grade A: slow.", "Stage, Stage I: 1 mm.", "Stage, Stage II: 3 mm."}) == ["Stage, Stage II: 3 mm.", "Stage, Stage I: 1 mm.", "Stage, Grade A: slow."]
    assert in_table_order({"drug": "X"}, {"b", "a"}) == ["a", "b"]


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
