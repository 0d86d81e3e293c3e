"""Vocabulary pruning, the encoder's vectors, what is measured, one short run of tuning, and what a model begins with from it."""

import json
import random

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig

from mambaformer_training.config import preset
from mambaformer_training.errors import CheckpointError, DataError
from mambaformer_training.model import MambaFormer
from mambaformer_training.retriever import encoder, measure, vocabulary
from mambaformer_training.retriever.entries import Asked, Entries
from mambaformer_training.retriever.mix import mix
from mambaformer_training.retriever.static import StaticEncoder
from mambaformer_training.retriever.train import Settings, Trainer, misspell
from mambaformer_training.retrieval import Bm25
from mambaformer_training.warm import TABLE_STD, warm

WORDS = "rinse the tooth and replant it use a splint for two weeks floss paste brush twice day fluoride gum bleeds stop press gauze".split()


def wordpiece(words) -> Tokenizer:
    letters = "abcdefghijklmnopqrstuvwxyz.?"
    vocab = [*vocabulary.SPECIAL, *letters, *(f"##{c}" for c in letters), *dict.fromkeys(words)]
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(dict.fromkeys(vocab))}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(list(vocabulary.SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[(m, tokenizer.token_to_id(m)) for m in ("[CLS]", "[SEP]")])
    return tokenizer


def small(tokenizer: Tokenizer) -> encoder.SentenceEncoder:
    torch.manual_seed(0)
    config = BertConfig(vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, max_position_embeddings=encoder.MAX_PIECES)
    return encoder.SentenceEncoder(config, tokenizer).eval()


def test_pruning_keeps_the_meaning_of_kept_pieces():
    full = wordpiece(WORDS)
    text, rows = vocabulary.prune(full.to_str(), {"tooth", "rinse"})
    pruned = Tokenizer.from_str(text)
    assert pruned.encode("rinse tooth").tokens == ["[CLS]", "rinse", "tooth", "[SEP]"]
    assert pruned.encode("gum").tokens == ["[CLS]", "g", "##u", "##m", "[SEP]"]
    for piece, new in pruned.get_vocab().items():
        assert full.token_to_id(piece) == rows[new]
    big = small(full)
    folder_like = big.bert.state_dict()["embeddings.word_embeddings.weight"][rows]
    assert torch.equal(folder_like[pruned.token_to_id("tooth")], big.bert.embeddings.word_embeddings.weight[full.token_to_id("tooth")])


def test_vectors_do_not_depend_on_the_batch(tmp_path):
    model = small(wordpiece(WORDS))
    texts = ["rinse the tooth", "gum bleeds", "use a splint for two weeks and rinse it twice a day"]
    together = model.encode(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, row in zip(texts, together):
        assert np.allclose(model.encode([text])[0], row, atol=1e-5)
    model.save(tmp_path)
    assert np.allclose(encoder.load(tmp_path).encode(texts), together, atol=1e-6)
    assert len(model.pieces(["tooth " * 500])[0]) == encoder.MAX_PIECES
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="holds no sentence encoder"):
        encoder.load(tmp_path)


def world() -> tuple[Entries, list[Asked], Bm25]:
    texts = ["Rinse the tooth. Replant it and use a splint for two weeks.", "Brush twice a day. Use fluoride paste and floss.", "Press gauze on the gum. It bleeds and will stop."]
    entries = Entries(["a", "b", "c"], ["tooth", "paste", "gum"], texts)
    for owner, text in enumerate(texts):
        for line in text.split(". "):
            entries.lines.append(line)
            entries.spans.append((text.find(line), text.find(line) + len(line)))
        entries.owner = np.append(entries.owner, [owner, owner])
    asked = []
    for i, question in enumerate(["what of the tooth", "how often brush", "the gum bleeds", "which splint", "which paste", "how to stop"]):
        owner, line = i % 3, (i % 3) * 2 + (i >= 3)
        asked += [Asked(f"q{i}-{split}", question, split, "full", owner, [owner], [line], line, False) for split in ("train", "validation")]
    return entries, asked, Bm25(list(zip(entries.titles, entries.texts)))


def test_measures_count_what_they_say():
    entries, asked, _ = world()
    questions = [a for a in asked if a.split == "validation"]
    perfect = np.zeros((len(questions), 6), np.float32)
    for row, a in enumerate(questions):
        perfect[row, a.first_line] = 1
    scores = measure.entry_scores(perfect, entries)
    assert measure.recall(scores, questions)["recall@1"] == 1
    assert measure.first_line(perfect, scores, questions, entries)["first_line"] == 1
    assert measure.recall(-scores, questions)["recall@1"] == 0
    assert measure.recall(-scores, questions)["mrr@10"] == pytest.approx(1 / 3, abs=0.2)
    assert measure.first_line(-perfect, scores, questions, entries)["first_line"] == 0


@pytest.mark.parametrize("static", [None, 16])
def test_tuning_lowers_the_loss(tmp_path, static):
    entries, asked, index = world()
    model = small(wordpiece(WORDS))
    if static:
        model = StaticEncoder.distil(model, entries.texts, static)
    trainer = Trainer(model, entries, asked, index, Settings(max_steps=60, questions_per_batch=3, learning_rate=5e-3, misspelt=0.0), tmp_path)
    kept = trainer.fit()
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in log if "loss" in line]
    assert len(losses) > 1 and losses[-1] < 0.8 * losses[0]
    assert kept["dense"]["recall@1"] >= log[0]["dense"]["recall@1"]
    assert (tmp_path / "export" / "model.safetensors").exists()


def test_notes_are_read_with_their_questions(tmp_path):
    entries, asked, index = world()
    notes = [(f"n{i}", f"{'gum paste tooth'.split()[i % 3]} floss") for i in range(40)]
    for i, (identifier, note) in enumerate(notes):
        owner = (2, 1, 0)[i % 3]
        asked.append(Asked(f"{identifier}-q", "how to use it", "train", "full", owner, [owner], [owner * 2], owner * 2, False, identifier, note))
    settings = Settings(max_steps=60, questions_per_batch=5, learning_rate=5e-3, misspelt=0.0, noted=0.4, strange_note=0.5)
    trainer = Trainer(small(wordpiece(WORDS)), entries, asked, index, settings, tmp_path)
    held, learnt = {a.note_id for a in trainer.held_notes}, {a.note_id for a in trainer.train if a.note}
    assert held and learnt and not held & learnt and len(held | learnt) == len(notes)
    for batch in trainer.batches():
        assert [bool(a.note) for a in batch] == [False] * 3 + [True] * 2
    (*_, last), _, _ = trainer.batch(trainer.batches()[0])
    assert last in trainer.encoder.pieces([a.asked for a in trainer.train if a.note])
    kept = trainer.fit()
    start = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert kept["held_notes"]["recall@1"] > start["held_notes"]["recall@1"] and kept["held_notes"]["recall@1"] > 0.9


def test_a_mixture_lies_between_the_two(tmp_path):
    before, run, out = (tmp_path / name for name in ("before", "run", "out"))
    tokenizer = wordpiece(WORDS)
    old, new = small(tokenizer), small(tokenizer)
    with torch.no_grad():
        for parameter in new.parameters():
            parameter += 1
    old.save(before)
    new.save(run / "export")
    (run / "log.jsonl").write_text("{}\n")
    (run / "export" / "training.json").write_text('{"steps": 3}\n')
    mix(before, run, 0.25, out)
    for name, value in encoder.load(out).bert.state_dict().items():
        torch.testing.assert_close(value, old.bert.state_dict()[name] + 0.25, rtol=1e-2, atol=1e-2)
    about = json.loads((out / "training.json").read_text())
    assert about["steps"] == 3 and about["mixed"]["share"] == 0.25
    with pytest.raises(CheckpointError, match="the share is 2"):
        mix(before, run, 2, out)
    other = encoder.SentenceEncoder(BertConfig(**old.bert.config.to_dict() | {"num_hidden_layers": 1}), tokenizer)
    other.save(run / "export")
    with pytest.raises(CheckpointError, match="have other tensors"):
        mix(before, run, 0.5, out)


def test_a_slip_of_the_finger_is_small():
    rng = random.Random(1)
    for _ in range(200):
        said = misspell("replant the avulsed incisor quickly", rng)
        assert abs(len(said) - len("replant the avulsed incisor quickly")) <= 2
        assert len(said.split(" ")) == 5


def test_the_share_of_the_tuned_encoder_finds_as_much_as_on_validation():
    from mambaformer_training.retriever.commands import tuned_share

    asked = [Asked(f"q{i}", "", split, "", 0, [0], [0], 0, False) for i, split in enumerate(["train"] * 10 + ["validation"] * 10)]
    # The tuned encoder finds all training questions and half of validation's; the other one none. Each training question turns right at another share.
    tuned = np.array([[1.0, 0.0]] * 10 + [[1.0, 0.0]] * 5 + [[0.0, 1.0]] * 5)
    untuned = np.array([[0.0, (i + 0.5) / (10 - i - 0.5 + 1e-9)] for i in range(10)])
    share, found, goal = tuned_share(tuned[:10], untuned, asked[:10], tuned, asked)
    assert goal == 0.5 and 0.4 <= found <= 0.6 and 0.3 <= share <= 0.7


def test_a_warm_start_begins_with_the_encoders_words(tmp_path):
    words = ["tooth", "gum", "floss", "rinse", "splint"]
    encoder = small(wordpiece(words))
    encoder.save(tmp_path)
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<pad>", *words, "."])}, unk_token="<pad>"))
    config = preset("nano", 7)
    config.d_model = config.emamba.d_model = 32
    model, counts = MambaFormer(config), [0, 900, 1, 1, 1, 1, 50]
    marks = model.shared.weight[[0, 6]].clone()
    assert warm(model, tokenizer, counts, tmp_path) == len(words)
    table = model.shared.weight[1:6].detach().numpy()
    assert torch.equal(model.shared.weight[[0, 6]], marks) and np.square(table).mean() == pytest.approx(TABLE_STD**2, rel=1e-4)
    vectors = encoder.encode(words)
    vectors -= vectors.mean(0)
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(unit(table) @ unit(table).T, unit(vectors) @ unit(vectors).T, atol=1e-4)
    assert np.linalg.norm(table[0]) / np.linalg.norm(vectors[0]) < 0.5 * np.linalg.norm(table[1]) / np.linalg.norm(vectors[1]), "the frequent word is shorter"
    attention = model.et5.encoder.block[0].layer[0].SelfAttention
    matched = max(1, attention.heads // 4) * attention.width
    assert torch.equal(attention.q.weight[:matched], attention.k.weight[:matched]) and not torch.equal(attention.q.weight, attention.k.weight)
    with pytest.raises(DataError, match="wider encoder"):
        warm(MambaFormer(preset("nano", 7)), tokenizer, counts, tmp_path)
