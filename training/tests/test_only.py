"""Training a part of the model: the rest keeps its bits, has no gradient and no state."""

import argparse

import numpy as np
import pytest
import torch

from test_run import trainer

from mambaformer_training import checkpoint
from mambaformer_training.__main__ import _prefixes
from mambaformer_training.distil import Teacher
from mambaformer_training.errors import CheckpointError
from mambaformer_training.only import UnknownParameters, train_only
from mambaformer_training.train import Settings, Trainer


def part(run, only, steps=4, **more):
    plain = trainer(run, steps)
    return Trainer(plain.config, Settings(**(vars(plain.settings) | {"only": only} | more)), plain.items, plain.items, [1] * 200, run)


@pytest.mark.parametrize("only", [["gate."], ["gate.fc2.", "heads.copy."], ["emamba."], ["et5.decoder"], ["heads.decision"]])
def test_what_is_not_named_keeps_its_bits(tmp_path, only):
    t = part(tmp_path, only)
    before = {name: value.clone() for name, value in t.model.state_dict().items()}
    for _ in range(4):
        t.train_step()
    moved = {name for name, value in t.model.state_dict().items() if not value.equal(before[name])}
    # Follows the table, which training rounds anew.
    moved -= {"gate.table_mean_sq_norm"}
    assert all(name.startswith(tuple(only)) for name in moved)
    # No item of the test asks for a decision.
    assert bool(moved) == (only != ["heads.decision"])
    assert all(any(name.startswith(prefix) for name in moved) for prefix in only) or not moved
    known = {id(p) for group in t.optimiser.param_groups for p in group["params"]}
    for name, parameter in t.model.named_parameters():
        assert (id(parameter) in known) == name.startswith(tuple(only))
        assert name.startswith(tuple(only)) or parameter.grad is None and parameter not in t.optimiser.state


def test_the_gate_alone_gets_the_gradient_that_it_gets_among_all(tmp_path):
    whole, alone = part(tmp_path / "whole", None, clip=1e9), part(tmp_path / "alone", ["gate."], clip=1e9)
    for t in (whole, alone):
        t.train_step()
    gate = [name for name, _ in whole.model.gate.named_parameters()]
    for name in gate:
        torch.testing.assert_close(alone.model.gate.get_parameter(name).grad, whole.model.gate.get_parameter(name).grad, atol=1e-6, rtol=1e-4)
    assert any(alone.model.gate.get_parameter(name).grad.abs().max() > 0 for name in gate)


def test_a_resumed_part_stays_that_part(tmp_path):
    first, second = part(tmp_path, ["gate."]), part(tmp_path, ["gate."])
    first.train_step()
    first.save()
    state = checkpoint.load(tmp_path / "checkpoint.pt")
    assert state["settings"]["only"] == ["gate."] and len(state["optimiser"]["state"]) == len(list(first.model.gate.parameters()))
    second.restore(state)
    for t in (first, second):
        t.train_step()
    for (name, a), b in zip(first.model.named_parameters(), second.model.parameters()):
        assert a.equal(b), name


def test_prefixes_that_name_nothing_are_refused(tmp_path):
    model = trainer(tmp_path, 1).model
    with pytest.raises(UnknownParameters, match="begins with `gates.`; the model's parts are shared, stem, gate, et5") as error:
        train_only(model, ["gate.", "gates."])
    assert error.value.prefixes == ["gates."]
    # Nothing was frozen on the way to the error.
    assert all(p.requires_grad for p in model.parameters())
    assert set(train_only(model, ["gate.fc1.", "memory_norm"])) == {"gate.fc1.weight", "gate.fc1.bias", "memory_norm.weight"}
    assert _prefixes("gate.,heads.copy.") == ["gate.", "heads.copy."]
    for text in ("", "gate.,", ",gate."):
        with pytest.raises(argparse.ArgumentTypeError, match="PREFIX"):
            _prefixes(text)


def test_a_teacher_does_not_go_with_a_part(tmp_path):
    np.savez(tmp_path / "v.npz", entries=["a"], starts=[0], lines=np.eye(2, 4, dtype=np.float16), ids=["q"], questions=np.eye(1, 4, dtype=np.float16))
    t = part(tmp_path, ["gate."])
    with pytest.raises(CheckpointError, match="--teacher"):
        Trainer(t.config, t.settings, t.items, t.items, [1] * 200, tmp_path, Teacher(tmp_path / "v.npz", t.config.d_model))
