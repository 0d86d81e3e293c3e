"""Reading a question together with a passage: the layout, what is learnt from items, and the folder that is converted."""

import json
import random

import numpy as np
import pytest
import torch

from mambaformer_training.errors import CheckpointError, DataError
from mambaformer_training.retriever import encoder
from mambaformer_training.retriever.reader import Heads, ReaderSettings, Text, export, item_of, items_loss, loss_of, measure, read_items, ready, scores
from mambaformer_training.retriever.reading import Limits, Reader, line_states
from test_retriever import WORDS, small, wordpiece


def row(number: int, wanted: str, there: list[str], asked: str | None = None) -> dict:
    """A question for one of the lines of two passages."""
    texts = [" ".join(f"Use {w} now." for w in there[:2]), " ".join(f"Use {w} now." for w in there[2:])]
    passage = next(n for n, text in enumerate(texts) if wanted in text)
    sentence = f"Use {wanted} now."
    start = texts[passage].index(sentence)
    span = {"source": f"p{passage}", "start": start, "end": start + len(sentence)}
    return {"id": f"a-q{number:04}", "question": f"{asked or wanted}?", "passages": [{"id": f"p{n}", "title": "Tooth", "text": t} for n, t in enumerate(texts)],
            "sentences": [{"text": sentence, "spans": [span]}]}


def test_a_reading_is_cut_where_lines_do_not_fit():
    model = small(wordpiece(WORDS))
    reader = Reader(model.tokenizer, Limits(layers=1, max_asked=3, max_tokens=14))
    reading = reader.lay("rinse the tooth and", "splint", "Gum", ["Floss.", "Paste paste paste paste.", "Gum."])
    tokens = [model.tokenizer.id_to_token(i) for i in reading.ids]
    assert tokens == ["[CLS]", "rinse", "the", "tooth", "[SEP]", "gum", ".", "floss", ".", "[SEP]"]
    assert [tokens[s:e] for s, e in reading.spans] == [["floss", "."]]
    assert reader.lay("rinse", "[SEP]", "Gum", ["Floss."]).ids.count(reader.end) == 2


def test_the_mean_of_a_lines_states_is_the_line():
    model = small(wordpiece(WORDS))
    reader = Reader(model.tokenizer)
    readings = [reader.lay("rinse?", None, "Gum", ["Floss twice.", "Brush."]), reader.lay("stop?", None, "Tooth", ["Paste."])]
    hidden = torch.randn(2, max(len(r.ids) for r in readings), 8)
    found = line_states(hidden, readings)
    assert found.shape == (3, 8)
    start, end = readings[0].spans[1]
    assert torch.allclose(found[1], hidden[0, start:end].mean(0), atol=1e-5)


def test_scores_do_not_depend_on_the_batch():
    model, heads = small(wordpiece(WORDS)), Heads(32, (1, 2))
    reader = Reader(model.tokenizer)
    readings = [reader.lay(q, None, "Gum", ls) for q, ls in (("rinse?", ["Floss twice a day.", "Brush."]), ("stop?", ["Paste."]), ("gum?", ["Gauze.", "Splint two weeks."]))]
    with torch.no_grad():
        together = scores(model, heads, readings, (1, 2), chunk=2)
        alone = [scores(model, heads, [r], (2,)) for r in readings]
    assert torch.allclose(together[2], torch.cat([a[2] for a in alone]), atol=0.05)


def test_lines_of_the_answer_are_found_in_the_items(tmp_path):
    item = item_of(row(1, "gauze", ["floss", "gauze", "paste", "splint"]) | {"note": "Use gum."})
    assert [(t.first, t.used) for t in item.texts] == [(1, [1]), (-1, []), (-1, [])]
    assert item.texts[0].lines == ["Use floss now.", "Use gauze now."] and item.texts[2].title == "Note"
    (tmp_path / "items.jsonl").write_text(json.dumps(row(1, "gauze", ["floss", "gauze", "paste", "splint"])) + "\n")
    assert len(read_items(tmp_path / "items.jsonl")) == 1
    with pytest.raises(DataError, match="does not stand in"):
        item_of(row(1, "gauze", ["floss", "gauze", "paste", "splint"]) | {"passages": [{"id": "p0", "title": "Tooth", "text": "Use  floss now. Use gauze now."}]})


def test_the_loss_wants_the_first_line_or_none():
    first = Text("Tooth", ["a", "b"], 1, [1])
    none = Text("Tooth", ["a", "b"], -1, [])
    sure = torch.tensor([[-9.0, -9.0], [9.0, 9.0]])
    assert loss_of(sure, [[(first, 2)]]) < 0.01 < 1 < loss_of(sure, [[(none, 2)]])
    assert loss_of(-sure.abs(), [[(none, 2)]]) < 0.01
    # What did not fit is nowhere to be found.
    assert loss_of(-sure[:1].abs(), [[(first, 1)]]) < 0.01


def test_a_few_steps_learn_the_items_and_are_exported(tmp_path):
    model = small(wordpiece([*WORDS, "now"]))
    rng = np.random.default_rng(5)
    words = [w for w in WORDS if len(w) > 4]
    rows = []
    for n in range(6):
        there = [str(w) for w in rng.choice(words, 4, replace=False)]
        # Asked for by the name of another line: the cosine, which the scores begin with, points to the wrong one.
        wanted = int(rng.integers(4))
        rows.append(item_of(row(n, there[wanted], there, there[wanted - 1])))
    settings = ReaderSettings(exits=(2,), items_per_step=6, misspelt=0.0, learning_rate=3e-3)
    heads, reader = Heads(32, (2,)), Reader(model.tokenizer)
    before = measure(model, heads, reader, rows, (2,))["2"]
    ready(model)
    optimiser = torch.optim.AdamW([*(p for p in model.parameters() if p.requires_grad), *heads.parameters()], lr=settings.learning_rate)
    draw = random.Random(1)
    for _ in range(120):
        optimiser.zero_grad()
        items_loss(model, heads, reader, draw.sample(rows, settings.items_per_step), settings, draw).backward()
        optimiser.step()
    after = measure(model, heads, reader, rows, (2,))["2"]
    assert before["first_line"] < 0.9 <= after["first_line"] and after["used_f1"] > 0.9 and after["n"] == 6
    run = tmp_path / "run" / "export"
    model.save(run)
    heads.save(run / "reading.safetensors")
    (run / "training.json").write_text(json.dumps({"weights_sha256": "", "validation": {}}))
    export(tmp_path / "run", 2, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["reading"] == {"layers": 2, "max_asked": 64, "max_tokens": 256}
    assert encoder.load(tmp_path / "out").width == 32
    with pytest.raises(CheckpointError, match="after layer 3; it has them after 2"):
        export(tmp_path / "run", 3, tmp_path / "out")
