"""That everything in a step lies where the model lies, without a GPU.

Two ways: a tensor made without a device becomes a meta tensor, which nothing mixes with; and a pretended GPU (`pretend_gpu`) sees what was not moved.
"""

import sys

import numpy as np
import pytest
import torch

from mambaformer_training import parallel, scan
from mambaformer_training.__main__ import main
from mambaformer_training.batches import to_device
from mambaformer_training.costs import Costs
from mambaformer_training.distil import Teacher
from mambaformer_training.errors import TrainingError
from mambaformer_training.model import EMAMBA, ET5
from mambaformer_training.parallel import Parallel, own_device
from mambaformer_training.routers import ROUTERS
from mambaformer_training.train import Settings, Trainer

from pretend_gpu import GPU, Elsewhere, PretendGpu
from test_run import trainer


def of_everything(run, router="top1_utility", combine="residual", two_way=True, shards=2, device="cpu"):
    """A trainer whose step reaches every term: teacher, measured costs, decisions, note of both directions."""
    np.savez(run / "v.npz", entries=["a"], starts=[0], lines=np.eye(6, 4, dtype=np.float16), ids=["q"], questions=np.eye(3, 4, k=1, dtype=np.float16))
    plain = trainer(run, 4)
    items = [i | {"taught": (n % 3, np.array([n % 6, 5])) if n % 4 else None, "decision": n % 3} for n, i in enumerate(plain.items)]
    config = plain.config
    config.emamba.bidirectional, config.combine = two_way, combine
    settings = Settings(**(vars(plain.settings) | {"shards": shards, "costs": Costs([8, 64], [1.0, 2.0], [1.0, 1.0]).to_dict()}))
    made = ROUTERS[router](features=config.d_model + 4) if router == "null" else ROUTERS[router]()
    return Trainer(config, settings, items, items, np.ones(200), run, Teacher(run / "v.npz", config.d_model), made, Parallel(device=torch.device(device)))


@pytest.fixture(params=["operator", "plain"])
def way(request, monkeypatch):
    if request.param == "plain":
        monkeypatch.setattr(scan, "by_operator", lambda x: False)
    return request.param


@pytest.mark.parametrize("router", ROUTERS)
def test_a_step_and_a_validation_make_nothing_elsewhere(tmp_path, router, way):
    there, here = of_everything(tmp_path, router), of_everything(tmp_path, router)
    want = here.train_step(), here.train_step(), here.validate()
    with torch.device("meta"):
        assert torch.empty(1).is_meta
        got = there.train_step(), there.train_step(), there.validate()
    for a, b in zip(got, want):
        assert a == pytest.approx(b, rel=1e-5)
    for name, value in there.model.state_dict().items():
        assert value.device.type == "cpu", name


@pytest.mark.parametrize("forced", [ET5, EMAMBA])
def test_forced_and_shifted_routing_make_nothing_elsewhere(tmp_path, forced):
    made = of_everything(tmp_path, combine="expert", two_way=False)
    ids, lengths = torch.full((2, 9), 7), torch.tensor([9, 4])
    with torch.device("meta"), torch.no_grad():
        assert (made.model.encode(ids, lengths, force=forced).expert == forced).all()
        encoded = made.model.encode(ids, lengths, bias=0.5)
        z, packing = made.model.decode(encoded, ids[:, :4], lengths.clamp(max=4))
        assert torch.isfinite(made.model.mixture(encoded, z, packing)).all()


def test_a_tensor_made_elsewhere_is_seen(tmp_path, monkeypatch):
    made = of_everything(tmp_path)
    monkeypatch.setattr("mambaformer_training.objective.token_cost", lambda lengths, *_: torch.ones(len(lengths), 2))
    with torch.device("meta"), pytest.raises(RuntimeError, match="meta"):
        made.train_step()


@pytest.mark.parametrize("router", ROUTERS)
def test_a_step_and_a_validation_move_what_they_need(tmp_path, router):
    here = of_everything(tmp_path, router)
    want = here.train_step(), here.train_step(), here.validate()
    with PretendGpu() as gpu:
        there = of_everything(tmp_path, router, device=GPU)
        got = there.train_step(), there.train_step(), there.validate()
        assert all(gpu.marks.on(p) and (p.grad is None or gpu.marks.on(p.grad)) for p in (*there.model.parameters(), *there.teacher.parameters(), *there.router.parameters()))
    for a, b in zip(got, want):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("left", ["batch", "noise", "router"])
def test_what_was_not_moved_is_seen(tmp_path, monkeypatch, left):
    with PretendGpu():
        there = of_everything(tmp_path, "utility_bias", device=GPU)
        if left == "batch":
            monkeypatch.setattr("mambaformer_training.train.to_device", lambda batch, device: batch)
        elif left == "noise":
            encode = there.model.encode
            there.model.encode = lambda ids, lengths, noise, router: encode(ids, lengths, noise=noise.cpu(), router=ROUTERS["top1_utility"]())
        else:
            there.router.to("cpu")
        with pytest.raises(Elsewhere, match="cuda:0"):
            there.train_step()


def test_the_plain_operations_train_like_the_operator(tmp_path, monkeypatch):
    operator, plain = of_everything(tmp_path), of_everything(tmp_path)
    want = [operator.train_step()["loss"] for _ in range(4)]
    monkeypatch.setattr(scan, "by_operator", lambda x: False)
    assert [plain.train_step()["loss"] for _ in range(4)] == pytest.approx(want, rel=1e-4)


def test_a_batch_moves_whole():
    batch = {"ids": torch.ones(2), "choices": {"rows": torch.ones(1)}}
    moved = to_device(batch, torch.device("meta"))
    assert moved["ids"].is_meta and moved["choices"]["rows"].is_meta and moved.keys() == batch.keys()


def test_each_process_takes_its_own_gpu(monkeypatch):
    taken = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert own_device("cuda") == torch.device("cuda", 1) and taken == [1]
    assert own_device("cpu") == torch.device("cpu") and taken == [1]
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(TrainingError, match="--nproc-per-node 2"):
        own_device("cuda")
    with pytest.raises(TrainingError, match="cpu or cuda"):
        own_device("tpu")


@pytest.mark.parametrize("kind, backend", [("cpu", "gloo"), ("cuda", "nccl")])
def test_gpus_speak_by_nccl(monkeypatch, kind, backend):
    asked = []
    monkeypatch.setattr(parallel, "own_device", torch.device)
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name, answer in (("is_initialized", lambda: False), ("init_process_group", asked.append), ("get_rank", lambda: 1), ("get_world_size", lambda: 2)):
        monkeypatch.setattr(parallel.dist, name, answer)
    assert Parallel.start(kind) == Parallel(1, 2, torch.device(kind)) and asked == [backend]


def test_sums_of_the_processor_go_by_the_device(monkeypatch):
    seen = []
    monkeypatch.setattr(parallel.dist, "all_reduce", lambda t: seen.append(t.device.type))
    Parallel(0, 2, torch.device("meta")).sum(torch.ones(2, device="meta"))
    numbers = torch.ones(2)
    monkeypatch.setattr(parallel.dist, "all_reduce", lambda t: seen.append(t.device.type) or t.mul_(2))
    assert Parallel(0, 2).sum(numbers) is numbers and numbers.tolist() == [2, 2] and seen == ["meta", "cpu"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_said(tmp_path, capsys, monkeypatch):
    with pytest.raises(TrainingError, match="nvidia-smi"):
        Trainer(trainer(tmp_path, 1).config, Settings(device="cuda"), [], [], np.ones(200), tmp_path)
    monkeypatch.setattr(sys, "argv", ["mambaformer_training", "train", "--run", str(tmp_path), "--device", "cuda"])
    assert main() == 2
    assert "--device cuda was asked for" in capsys.readouterr().err
