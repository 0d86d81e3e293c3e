"""Two processes against one."""

import json
import multiprocessing
import os
import socket
import sys
import traceback

import pytest
import torch

from mambaformer_training import checkpoint
from mambaformer_training.errors import CheckpointError, TrainingError
from mambaformer_training.parallel import Averaged, Parallel
from mambaformer_training.routers import ROUTERS
from mambaformer_training.train import Settings, Trainer

from test_run import losses, trainer

STEPS = 4


def made(run, parallel=None, router="top1_utility", steps=STEPS, **settings):
    plain = trainer(run, steps)
    settings = Settings(**(vars(plain.settings) | {"shards": 2} | settings))
    return Trainer(plain.config, settings, plain.items, plain.items, [1] * 200, run, None, ROUTERS[router](), parallel)


def process(rank, port, run, work):
    """One of two processes; its failure is told by its exit status."""
    os.environ.update({"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "RANK": str(rank)})
    torch.set_num_threads(1)
    try:
        parallel = Parallel.start()
        work(parallel, run)
        parallel.end()
    except BaseException:
        traceback.print_exc()
        sys.exit(1)


def two(run, work):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=process, args=(rank, port, run, work)) for rank in (0, 1)]
    for one in both:
        one.start()
    for one in both:
        one.join(300)
    assert [one.exitcode for one in both] == [0, 0]


def fit(parallel, run):
    made(run, parallel).fit()


def fit_loss_free(parallel, run):
    made(run, parallel, "utility_bias").fit()


def fit_sharded(parallel, run):
    """Half, and from the checkpoint on in new objects."""
    half = made(run, parallel, sharded_optimiser=True)
    half.run.mkdir(exist_ok=True)
    for _ in range(2):
        half.train_step()
    half.save()
    rest = made(run, parallel, sharded_optimiser=True)
    rest.restore(checkpoint.load(run / "checkpoint.pt"))
    rest.fit()


def end_of(run):
    state = checkpoint.load(run / "checkpoint.pt")
    return state["model"], state["usual"], state["utility"], state["router"]


@pytest.mark.parametrize("work, router, steps", [(fit, "top1_utility", [1, 2, 3, 4]), (fit_loss_free, "utility_bias", [1, 2, 3, 4]), (fit_sharded, "top1_utility", [3, 4])])
def test_two_processes_train_like_one(tmp_path, work, router, steps):
    one = made(tmp_path / "one", router=router)
    one.fit()
    two(tmp_path / "two", work)
    want, got = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert sorted(got) == steps
    for step in steps:
        assert got[step] == pytest.approx(want[step], rel=1e-4), step
    (model, usual, utility, bias), (model_2, usual_2, utility_2, bias_2) = end_of(tmp_path / "one"), end_of(tmp_path / "two")
    for name, value in model.items():
        torch.testing.assert_close(model_2[name], value, atol=2e-4, rtol=1e-3, msg=name)
    assert usual_2 == pytest.approx(usual, rel=1e-5) and utility_2["scale"] == pytest.approx(utility["scale"], rel=1e-3)
    for name, value in bias.items():
        torch.testing.assert_close(bias_2[name], value)


def test_a_step_of_two_batches_is_their_mean(tmp_path):
    both = made(tmp_path / "both")
    plain = made(tmp_path / "plain", shards=1)
    start = {name: p.detach().clone() for name, p in plain.model.named_parameters()}
    indices = [both.order.next(), both.order.next()]
    both.order.restore({"epoch": 0, "position": 0})
    gradients = []
    for shard, own in enumerate(indices):
        plain.optimiser.zero_grad(set_to_none=True)
        torch.manual_seed(plain.settings.seed * 1_000_003 * 4096 + shard)
        plain.usual, plain.utility.mean, plain.utility.scale = [0.5, 0.5], [0.0, 0.0], 0.0
        plain.batch_step(own, plain.settings.noise_start)
        gradients.append({name: p.grad.clone() for name, p in plain.model.named_parameters() if p.grad is not None})
    both.settings.clip = 1e9
    both.train_step()
    for name, p in both.model.named_parameters():
        parts = [g[name] for g in gradients if name in g]
        if parts and p.grad is not None:
            torch.testing.assert_close(p.grad, sum(parts) / 2, atol=1e-6, rtol=1e-3, msg=name)
    assert any(not torch.equal(p, start[name]) for name, p in both.model.named_parameters())


def test_batches_are_shared_evenly_or_not_at_all():
    assert [list(Parallel(rank, 3).shards(6)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(TrainingError, match="multiple of 3"):
        Parallel(0, 3).shards(4)


def test_a_part_of_the_optimiser_needs_several_processes(tmp_path):
    with pytest.raises(CheckpointError, match="torchrun"):
        made(tmp_path, sharded_optimiser=True)


def test_running_numbers_begin_alike_and_end_as_their_mean():
    state = [1.0, 2.0]
    numbers = Averaged(lambda: list(state), lambda n: state.__setitem__(slice(None), n))
    for moved in (0.5, 1.5):
        numbers.begin()
        assert state == [1.0, 2.0]
        state[0] += moved
        numbers.end()
    numbers.settle(Parallel(), 2)
    assert state == [2.0, 2.0]
