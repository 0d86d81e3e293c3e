"""Checkpoints, export and their errors, on the nano preset."""

import argparse
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mambaformer_training import checkpoint
from mambaformer_training.__main__ import _name_and_weight
from mambaformer_training.config import preset
from mambaformer_training.distil import Teacher
from mambaformer_training.errors import CheckpointError, DataError, SpaceError
from mambaformer_training.export import export
from mambaformer_training.model import MambaFormer
from mambaformer_training.start import WrongTensors, load_export, parent_of
from mambaformer_training.tokens import Choices, pointer_targets
from mambaformer_training.train import Settings, Trainer


def trainer(run, steps):
    rng = np.random.default_rng(4)
    items = [{"question": rng.integers(7, 200, i % 3), "source": rng.integers(7, 200, 10 + i % 9), "labels": rng.integers(7, 200, 4), "gold": (2, 5), "answerable": 1, "decision": -1} for i in range(40)]
    for item in items:
        item["pointer"], item["pointer_weight"] = pointer_targets(item["source"].tolist(), item["labels"].tolist(), [item["gold"]], {7})
        end = len(item["source"]) - 1
        item["choices"] = Choices(np.array([2, 4, end]), np.array([4, end, end + 1]), np.array([0, -0.5, 0], np.float32), np.array([0, 3]), np.array([len(item["source"]) % 2, 2]))
    settings = Settings(minutes=5, tokens_per_batch=60, max_steps=steps, warmup_steps=2, validation_items=8, log_every=1, dtype="f32", threads=1)
    return Trainer(preset("nano", 200), settings, items, items, np.ones(200), run)


def losses(run):
    return {r["step"]: r["loss"] for r in map(json.loads, (run / "log.jsonl").open()) if "loss" in r}


def test_resumed_run_gives_the_same_losses(tmp_path):
    whole = trainer(tmp_path / "whole", 8)
    whole.fit()
    part = trainer(tmp_path / "part", 8)
    part.run.mkdir()
    for _ in range(4):
        part.train_step()
    part.save()
    again = trainer(tmp_path / "part", 8)
    again.restore(checkpoint.load(tmp_path / "part" / "checkpoint.pt"))
    again.fit()
    want, got = losses(tmp_path / "whole"), losses(tmp_path / "part")
    assert set(got) == {5, 6, 7, 8}
    for step, loss in got.items():
        assert loss == pytest.approx(want[step], rel=1e-4)


def test_validation_tells_the_model_from_the_prior():
    attention = torch.log(torch.tensor([[[0.5, 0.3, 0.2]], [[0.1, 0.7, 0.2]]]))
    choices = {"rows": torch.tensor([0, 1]), "steps": torch.tensor([0, 0]), "targets": torch.tensor([1, 0]), "positions": torch.tensor([[0, 1, 2], [0, 1, 2]]), "ends": torch.tensor([[1, 2, 3], [1, 2, 3]]),
               "prior": torch.tensor([[-2.0, 0.0, -1e9], [0.0, -1.0, -1e9]])}
    sums = dict.fromkeys(("selection", "chosen", "chosen_right", "chosen_alone", "ranked_right", "then", "then_right"), 0.0)
    Trainer.count_choices(attention, choices, sums)
    # The prior is right both times; it puts the first question right, and cannot outweigh the model at the second.
    assert (sums["chosen"], sums["ranked_right"], sums["chosen_alone"], sums["chosen_right"], sums["then"]) == (2, 2, 0, 1, 0)


def test_weights_of_the_loss_are_given_by_name(tmp_path):
    assert _name_and_weight("nll=0.1") == ("nll", 0.1)
    for text in ("nll", "nll=x", "nll=-1", "words=1", "=1"):
        with pytest.raises(argparse.ArgumentTypeError, match="NAME=NUMBER"):
            _name_and_weight(text)
    plain = trainer(tmp_path / "plain", 1)
    first = plain.train_step()
    # Made after the first has drawn its numbers: each begins with the seed.
    light = Trainer(plain.config, Settings(**(vars(plain.settings) | {"weights": {"nll": 0.0}})), plain.items, plain.items, np.ones(200), tmp_path / "light")
    second = light.train_step()
    assert second["loss"] == pytest.approx(first["loss"] - first["nll"], rel=1e-4)


def test_export_has_the_model_and_its_provenance(tmp_path):
    t = trainer(tmp_path / "run", 2)
    t.fit()
    (tmp_path / "tokenizer").mkdir()
    with pytest.raises(DataError, match="tokenizer.json"):
        export(tmp_path / "run", tmp_path / "tokenizer", tmp_path, tmp_path / "out", "f32")
    (tmp_path / "tokenizer" / "tokenizer.json").write_text("{}")
    export(tmp_path / "run", tmp_path / "tokenizer", tmp_path, tmp_path / "out", "f32")
    tensors = load_file(tmp_path / "out" / "model.safetensors")
    assert set(tensors) == set(t.model.state_dict()) and all(v.dtype == torch.float32 for v in tensors.values())
    torch.testing.assert_close(tensors["gate.table_mean_sq_norm"][0], tensors["shared.weight"].square().sum(1).mean())
    provenance = json.loads((tmp_path / "out" / "training.json").read_text())
    assert provenance["steps"] == 2 and provenance["seed"] == 17 and provenance["licences"]


def test_damaged_and_foreign_checkpoints_are_refused(tmp_path):
    t = trainer(tmp_path / "run", 1)
    t.fit()
    path = tmp_path / "run" / "checkpoint.pt"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(path)
    with pytest.raises(CheckpointError, match="does not exist"):
        checkpoint.load(tmp_path / "nowhere.pt")
    state = t.state()
    state["config"]["d_model"] = 128
    with pytest.raises(CheckpointError, match="another config"):
        t.restore(state)


def test_no_space_is_said_before_writing(tmp_path):
    with pytest.raises(SpaceError, match="MiB"):
        checkpoint.need_space(tmp_path, 1 << 60)


@pytest.fixture
def exported(tmp_path):
    """The bf16 export of a short run, with its trainer."""
    t = trainer(tmp_path / "run", 2)
    t.fit()
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "tokenizer.json").write_text("{}")
    export(tmp_path / "run", tmp_path / "tokenizer", tmp_path, tmp_path / "out", "bf16")
    return t, tmp_path / "out"


@torch.no_grad()
def answer_of(model):
    model.eval()
    ids, lengths = torch.randint(7, 200, (2, 12), generator=torch.Generator().manual_seed(3)), torch.tensor([12, 9])
    encoded = model.encode(ids, lengths)
    z, packing = model.decode(encoded, ids[:, :4], torch.tensor([4, 3]))
    return encoded.logits, model.mixture(encoded, z, packing)


def test_a_run_starts_from_an_export(exported, tmp_path):
    old, out = exported
    new = trainer(tmp_path / "second", 3)
    load_export(new.model, out)
    # The export as it stands, by torch's own loader.
    plain = MambaFormer(preset("nano", 200))
    plain.load_state_dict({k: v.float() for k, v in load_file(out / "model.safetensors").items()})
    for a, b in zip(answer_of(new.model), answer_of(plain)):
        assert torch.equal(a, b)
    for a, b in zip(answer_of(new.model), answer_of(old.model)):
        torch.testing.assert_close(a, b, atol=0.05, rtol=0.05)  # bf16
    new.settings.parent = parent_of(out, out / "tokenizer.json")
    new.fit()
    start = json.loads((tmp_path / "second" / "log.jsonl").open().readline())
    export(tmp_path / "second", tmp_path / "tokenizer", tmp_path, tmp_path / "next", "f32")
    told = json.loads((tmp_path / "next" / "training.json").read_text())["parent"]
    assert start["parent"] == told and len(told["sha256"]) == 64 and told["steps"] == 2 and told["name"] == "out"
    first, second = [r["lr"] for r in map(json.loads, (tmp_path / "second" / "log.jsonl").open()) if "lr" in r][:2]
    assert first == pytest.approx(new.settings.learning_rate / new.settings.warmup_steps) and second > first
    # f32: what was trained is what the next run begins with.
    third = MambaFormer(preset("nano", 200))
    load_export(third, tmp_path / "next")
    for a, b in zip(answer_of(third), answer_of(new.model)):
        assert torch.equal(a, b)


def test_a_wrong_export_is_refused(exported, tmp_path):
    _, out = exported
    tensors = load_file(out / "model.safetensors")
    model = MambaFormer(preset("nano", 200))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    wrong = dict(tensors) | {"stranger.weight": torch.zeros(2), "memory_norm.weight": torch.zeros(3)}
    del wrong["shared.weight"]
    save_file(wrong, str(out / "model.safetensors"))
    with pytest.raises(WrongTensors, match=r"missing: shared.weight; unexpected: stranger.weight; of another shape: memory_norm.weight \[3\] instead of \[64\]") as error:
        load_export(model, out)
    assert error.value.missing == ["shared.weight"] and error.value.unexpected == ["stranger.weight"] and error.value.misshapen == [("memory_norm.weight", [3], [64])]
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    save_file(tensors | {"memory_norm.weight": torch.full_like(tensors["memory_norm.weight"], float("nan"))}, str(out / "model.safetensors"))
    with pytest.raises(CheckpointError, match="not finite in memory_norm.weight"):
        load_export(model, out)
    (out / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(CheckpointError, match="damaged"):
        load_export(model, out)
    with pytest.raises(CheckpointError, match="does not exist"):
        parent_of(tmp_path / "nowhere", out / "tokenizer.json")
    (tmp_path / "tokenizer" / "tokenizer.json").write_text('{"other": 1}')
    with pytest.raises(CheckpointError, match="is not the tokenizer of"):
        parent_of(out, tmp_path / "tokenizer" / "tokenizer.json")


def test_the_teacher_learns_with_the_model_and_is_resumed(tmp_path):
    lines, questions = np.eye(6, 4, dtype=np.float16), np.eye(3, 4, k=1, dtype=np.float16)
    np.savez(tmp_path / "v.npz", entries=["a", "b"], starts=[0, 2], lines=lines, ids=["q1", "q2", "q3"], questions=questions)
    teacher = Teacher(tmp_path / "v.npz", preset("nano", 200).d_model)
    item = {"id": "q2", "passages": [{"id": "b", "lines": [1, 0]}, {"id": "a", "lines": [1]}]}
    assert teacher.rows(item)[0] == 1 and teacher.rows(item)[1].tolist() == [3, 2, 1]
    assert teacher.rows(item | {"id": "q9"})[0] == -1 and teacher.rows(item | {"passages": [{"id": "b"}]})[0] == -1
    plain = trainer(tmp_path / "plain", 1)
    taught = [i | {"taught": (n % 3, np.array([n % 6, 5])) if n % 4 else None} for n, i in enumerate(plain.items)]
    make = lambda name: Trainer(plain.config, plain.settings, taught, taught, np.ones(200), tmp_path / name, Teacher(tmp_path / "v.npz", plain.config.d_model))
    first, second = make("first"), make("second")
    before = first.teacher.line.weight.detach().clone()
    records = [first.train_step() for _ in range(12)]
    assert records[0]["vectors"] > 0 and records[0]["taught_choice"] >= 0 and not torch.equal(before, first.teacher.line.weight)
    assert sum(r["vectors"] for r in records[-3:]) < sum(r["vectors"] for r in records[:3])
    first.run.mkdir()
    first.save()
    second.restore(checkpoint.load(first.run / "checkpoint.pt"))
    assert torch.equal(first.teacher.line.weight, second.teacher.line.weight)
    with pytest.raises(CheckpointError, match="with --teacher"):
        plain.restore(checkpoint.load(first.run / "checkpoint.pt"))
    with pytest.raises(DataError, match="retriever rank"):
        Teacher(tmp_path / "nowhere.npz", 64)
