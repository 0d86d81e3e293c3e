"""Checkpoints, export and their errors, on the nano preset."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mambaformer_training import checkpoint
from mambaformer_training.config import preset
from mambaformer_training.errors import CheckpointError, DataError, SpaceError
from mambaformer_training.export import export
from mambaformer_training.tokens import pointer_targets
from mambaformer_training.train import Settings, Trainer


def trainer(run, steps):
    rng = np.random.default_rng(4)
    items = [{"source": rng.integers(7, 200, 10 + i % 9), "labels": rng.integers(7, 200, 4), "gold": (2, 5), "answerable": 1, "decision": -1} for i in range(40)]
    for item in items:
        item["pointer"], item["pointer_weight"] = pointer_targets(item["source"].tolist(), item["labels"].tolist(), [item["gold"]], {7})
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
