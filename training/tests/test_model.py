"""The model: compaction, independence from padding, the mixture, gradients of both experts."""

import pytest
import torch

from mambaformer_training.batches import IGNORED, Order, collate
from mambaformer_training.config import Config, preset
from mambaformer_training.model import EMAMBA, ET5, MambaFormer
from mambaformer_training.tokens import Choices, pointer_targets
from mambaformer_training.distil import mean_over_lines
from mambaformer_training.objective import Utility, Weights, answer_log_probability, pointer_loss, router_terms, selection_logits, task_terms
from mambaformer_training.packing import Packing

import numpy as np


def build(two_way=False, seed=1):
    torch.manual_seed(seed)
    config = preset("nano", 200)
    config.emamba.bidirectional = two_way
    model = MambaFormer(config).eval()
    with torch.no_grad():
        model.gate.fc2.weight.mul_(4)
    return model


def items(lengths, seed=2):
    rng = np.random.default_rng(seed)
    rows = [{"question": rng.integers(7, 200, n % 4), "source": rng.integers(7, 200, n), "labels": rng.integers(7, 200, 1 + n % 5), "gold": (0, 0), "answerable": 1, "decision": n % 4 - 1} for n in lengths]
    for row in rows:
        row["pointer"], row["pointer_weight"] = pointer_targets(row["source"].tolist(), row["labels"].tolist(), [row["gold"]], {7})
        row["choices"] = choices([2, 5, len(row["source"]) - 1], [0.0, -1.0, 0.0], [0, len(row["labels"]) - 1], [1, 2])
    return rows


def choices(positions, prior, steps, targets):
    ends = positions[1:] + [positions[-1] + 1]
    return Choices(np.array(positions, np.int32), np.array(ends, np.int32), np.array(prior, np.float32), np.array(steps, np.int32), np.array(targets, np.int32))


def test_pointer_targets_follow_the_source():
    #          0  1  2   3   4  5   6   7   8   9  10  11
    source = [3, 9, 4, 20, 21, 7, 22, 23, 24, 7, 25, 1]
    # An opening (30), then "22 23 24 ." copied, the rest of its run "25", then back to "20 21 .", then </s>.
    labels = [30, 22, 23, 24, 7, 25, 20, 21, 7, 1]
    positions, weights = pointer_targets(source, labels, [(3, 11)], {7})
    assert positions.tolist() == [-1, 6, 7, 8, 9, 10, 3, 4, 5, -1]
    assert [round(float(w), 2) for w in weights] == [0, 1, 0.02, 0.02, 0.02, 0.5, 1, 0.02, 0.02, 0]


@torch.no_grad()
def test_pointer_loss_is_the_weighted_cross_entropy():
    attention = torch.log_softmax(torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(1)), dim=-1)
    pointer, weight = torch.tensor([[4, -1, 2], [0, 1, -1]]), torch.tensor([[1.0, 0, 0.5], [0.02, 0, 0]])
    want = -(attention[0, 0, 4] + 0.5 * attention[0, 2, 2] + 0.02 * attention[1, 0, 0]) / 1.52
    torch.testing.assert_close(pointer_loss(attention, pointer, weight), want)


@torch.no_grad()
def test_what_was_taken_is_no_choice_again_and_nothing_ends_before_it_begins():
    rows = items([12, 12])
    rows[0]["choices"] = choices([2, 5, 8, 11], [0.0, -1.0, -2.0, 0.0], [0, 2, 3], [1, 0, 3])
    rows[1]["choices"] = choices([4, 11], [0.0, 0.0], [1, 2], [0, 1])
    for row in rows:
        row["labels"], row["pointer"], row["pointer_weight"] = row["source"][:4], np.full(4, -1, np.int32), np.zeros(4, np.float32)
    batch = collate(rows, 0)
    attention = torch.log_softmax(torch.randn(2, 4, 12, generator=torch.Generator().manual_seed(1)), dim=-1)
    logits = selection_logits(attention, batch["choices"])
    want = torch.full((5, 4), -1e9)
    line = lambda row, step, start, end: attention[row, step, start:end].mean()
    want[0, :3] = torch.stack([line(0, 0, 2, 5), line(0, 0, 5, 8), line(0, 0, 8, 11)]) + torch.tensor([0.0, -1.0, -2.0])
    want[1, 0], want[1, 2], want[1, 3] = line(0, 2, 2, 5), line(0, 2, 8, 11) - 2, attention[0, 2, 11]
    want[2, 2], want[2, 3] = line(0, 3, 8, 11) - 2, attention[0, 3, 11]
    want[3, 0] = line(1, 1, 4, 11)
    want[4, 1] = attention[1, 2, 11]
    torch.testing.assert_close(logits.clamp(min=-1e8), want.clamp(min=-1e8))
    assert batch["choices"]["targets"].tolist() == [1, 0, 3, 0, 1]


def test_means_over_lines_are_those_of_the_lines():
    values = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(1))
    starts, ends = torch.tensor([[0, 4, 8], [2, 3, 0]]), torch.tensor([[4, 8, 9], [3, 9, 9]])
    want = torch.stack([torch.stack([values[row, a:b].mean(0) for a, b in zip(starts[row], ends[row])]) for row in range(2)])
    torch.testing.assert_close(mean_over_lines(values, starts, ends), want)


def test_compaction_keeps_order():
    mask = torch.tensor([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 1]]).bool()
    packing, rows = Packing.of_mask(mask)
    assert rows.tolist() == [0, 2, 3, 11, 14] and packing.offsets.tolist() == [0, 3, 3, 5]
    x = torch.arange(5.0)[:, None]
    assert packing.pad(x)[..., 0].tolist() == [[0, 1, 2], [0, 0, 0], [3, 4, 0]]
    assert packing.pack(packing.pad(x)).equal(x)


@pytest.mark.parametrize("two_way", [False, True])
@torch.no_grad()
def test_padding_changes_nothing(two_way):
    model = build(two_way)
    batch = collate(items([3, 40, 17, 1]), 0)
    whole = model.encode(batch["ids"], batch["lengths"])
    z, packing = model.decode(whole, batch["decoder_ids"], batch["decoder_lengths"])
    both = set(whole.expert[whole.valid].tolist())
    assert both == {ET5, EMAMBA}
    for row, n in enumerate(batch["lengths"].tolist()):
        alone = model.encode(batch["ids"][row : row + 1, :n], torch.tensor([n]))
        torch.testing.assert_close(alone.features[0], whole.features[row, :n], rtol=1e-4, atol=1e-5)
        assert alone.expert[0].equal(whole.expert[row, :n])
        torch.testing.assert_close(alone.memory[0], whole.memory[row, :n], rtol=1e-4, atol=1e-4)
        t = int(batch["decoder_lengths"][row])
        one, _ = model.decode(alone, batch["decoder_ids"][row : row + 1, :t], torch.tensor([t]))
        torch.testing.assert_close(one, z[packing.offsets[row] : packing.offsets[row + 1]], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_features_follow_the_formula():
    model = build()
    ids = torch.tensor([[9, 50, 9, 120, 33]])
    encoded = model.encode(ids, torch.tensor([5]))
    e, window = encoded.e[0], model.config.gate.window
    for t in range(5):
        part = e[max(0, t - window) : t + window + 1]
        mean = part.mean(0)
        dispersion = (part - mean).square().sum(-1).mean() / model.gate.table_mean_sq_norm[0]
        affinity = torch.nn.functional.cosine_similarity(mean[None], model.gate.prototypes).max()
        want = torch.stack([dispersion, model.gate.surprisal[ids[0, t]], torch.log(torch.tensor(6.0)) / torch.log(torch.tensor(513.0)), affinity])
        torch.testing.assert_close(encoded.features[0, t, -4:], want, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_mixture_sums_to_one_and_gives_the_loss():
    model = build()
    batch = collate(items([12, 30]), 0)
    encoded = model.encode(batch["ids"], batch["lengths"])
    z, packing = model.decode(encoded, batch["decoder_ids"], batch["decoder_lengths"])
    mixture = model.mixture(encoded, z, packing)
    torch.testing.assert_close(mixture.sum(-1), torch.ones(len(mixture)))
    target = packing.pack(batch["labels"][..., None])[:, 0]
    log_p = answer_log_probability(model, encoded, z, packing, batch["labels"], model.copy_attention(encoded, z, packing))
    torch.testing.assert_close(log_p, mixture.gather(1, target[:, None])[:, 0].log(), rtol=1e-4, atol=1e-4)


def test_every_parameter_learns():
    model = build(True).train()
    batch = collate(items([20, 33, 9]), 0)
    noise = 5 * torch.randn(*batch["ids"].shape, 2, generator=torch.Generator().manual_seed(1))
    encoded = model.encode(batch["ids"], batch["lengths"], noise=noise)
    encoded.mixed.retain_grad()
    task = task_terms(model, encoded, batch)
    router = router_terms(encoded, batch["lengths"], 512, [0.5, 0.5])
    (task["nll"] + task["decision"] + task["answerable"] + router["cost"] + router["router_z"]).backward()
    utility = Utility().loss(model, encoded, batch["lengths"], Weights())
    assert utility is not None and torch.isfinite(utility)
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == ["heads.embedding.weight"]


def test_unlabelled_items_have_no_answer_loss():
    rows = items([10, 12])
    for row in rows:
        row["labels"] = row["pointer"] = np.array([], dtype=np.int64)
        row["pointer_weight"] = np.array([], dtype=np.float32)
        row["choices"] = choices([len(row["source"]) - 1], [0.0], [], [])
    batch = collate(rows, 0)
    assert (batch["labels"] == IGNORED).all()
    model = build()
    encoded = model.encode(batch["ids"], batch["lengths"])
    assert task_terms(model, encoded, batch)["nll"].item() == 0.0


def test_order_resumes():
    a = Order(list(range(5, 400)), 900, 3)
    seen = [a.next() for _ in range(len(a.batches) + 7)]
    b = Order(list(range(5, 400)), 900, 3)
    for _ in range(len(b.batches) + 3):
        b.next()
    state = b.state()
    c = Order(list(range(5, 400)), 900, 3)
    c.restore(state)
    assert [c.next() for _ in range(4)] == seen[-4:]
    assert sorted(i for batch in Order(list(range(5, 400)), 900, 3).batches for i in batch) == list(range(395))


def test_config_round_trip():
    config = preset("chairside")
    assert Config.from_dict(config.to_dict()) == config
    config.emamba = None
    assert Config.from_dict(config.to_dict()).emamba is None
