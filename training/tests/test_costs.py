"""The table of measured costs: interpolation, files, the bench's report, and what the loss reads."""

import json

import pytest
import torch

from test_model import build, items

from mambaformer_training.batches import collate
from mambaformer_training.costs import Costs, measure, of_bench, write
from mambaformer_training.errors import DataError
from mambaformer_training.objective import Utility, Weights, router_terms, token_cost

TABLE = Costs([64, 256, 1024], [10.0, 20.0, 80.0], [16.0, 12.0, 12.0])


def test_costs_are_interpolated_and_in_units_of_the_longest_prompt_on_et5():
    got = TABLE.at(torch.tensor([10, 64, 160, 256, 640, 1024, 5000]))
    want = [[10, 16], [10, 16], [15, 14], [20, 12], [50, 12], [80, 12], [80, 12]]
    torch.testing.assert_close(got, torch.tensor(want) / 80.0)
    torch.testing.assert_close(Costs([256], [20.0], [12.0]).at(torch.tensor([7, 900])), torch.tensor([[1.0, 0.6], [1.0, 0.6]]))


def test_without_a_table_the_shipped_formula_stays():
    torch.testing.assert_close(token_cost(torch.tensor([0, 512, 1024]), 1024), torch.tensor([[0.25, 0.3], [0.625, 0.3], [1.0, 0.3]]))


def test_wrong_tables_are_refused(tmp_path):
    for lengths, et5, emamba in (([], [], []), ([64, 64], [1, 1], [1, 1]), ([64, 128], [1], [1, 1]), ([64], [0], [1])):
        with pytest.raises(DataError, match="costs"):
            Costs(lengths, et5, emamba)
    with pytest.raises(DataError, match="measure it"):
        Costs.read(tmp_path / "nowhere.json", "x")
    write(tmp_path / "costs.json", "one", TABLE, "by hand")
    write(tmp_path / "costs.json", "two", Costs([64], [1.0], [2.0]), "by hand")
    assert Costs.read(tmp_path / "costs.json", "one") == TABLE and Costs.read(tmp_path / "costs.json", "two").et5_us == [1.0]
    with pytest.raises(DataError, match="no table `three`; it has one, two"):
        Costs.read(tmp_path / "costs.json", "three")


def test_the_report_of_the_bench_becomes_a_table(tmp_path):
    runs = [{"engine": engine, "tokens": tokens, "routing": routing, "prompt_ms": ms * scale} for engine, scale in (("processor", 1), ("GPU", 9))
            for tokens, routing, ms in ((128, "routed", 3.0), (128, "all on ET5", 2.56), (128, "all on EMamba", 1.28), (64, "all on ET5", 0.64), (64, "all on EMamba", 1.28))]
    (tmp_path / "bench.json").write_text(json.dumps({"models": [{"model": "chairside", "runs": runs}]}))
    assert of_bench([tmp_path / "bench.json"], "processor") == Costs([64, 128], [10.0, 20.0], [20.0, 10.0])
    quicker = [r | {"prompt_ms": r["prompt_ms"] / 2} if r["tokens"] == 64 else r | {"prompt_ms": 99.0} for r in runs]
    (tmp_path / "again.json").write_text(json.dumps({"models": [{"model": "chairside", "runs": quicker}]}))
    assert of_bench([tmp_path / "bench.json", tmp_path / "again.json"], "processor") == Costs([64, 128], [5.0, 20.0], [10.0, 10.0])
    for text, engine in ((json.dumps({"models": []}), "processor"), ("no json", "processor"), (json.dumps({"models": [{"runs": runs}]}), "abacus")):
        (tmp_path / "bench.json").write_text(text)
        with pytest.raises(DataError):
            of_bench([tmp_path / "bench.json"], engine)


def test_measured_costs_are_of_both_experts():
    table = measure(build(), (16, 64), 2)
    assert table.lengths == [16, 64] and min(*table.et5_us, *table.emamba_us) > 0


def test_the_loss_reads_the_table():
    model, batch = build(), collate(items([20, 33]), 0)
    encoded = model.encode(batch["ids"], batch["lengths"])
    dear = Costs([64], [1.0], [50.0])
    plain, with_table = (router_terms(encoded, batch["lengths"], 512, [0.5, 0.5], 0.3, costs) for costs in (None, dear))
    p = encoded.p[encoded.valid].detach()
    torch.testing.assert_close(with_table["cost"].detach(), (p[:, 0] + 50 * p[:, 1]).mean())
    assert plain["cost"] < 1 and plain["balance"] == with_table["balance"]
    # Dear EMamba: utility's target leaves it, and its gradient with it.
    encoded = model.encode(batch["ids"], batch["lengths"])
    encoded.mixed.retain_grad()
    encoded.mixed.square().sum().backward()
    model.zero_grad()
    Utility().loss(model, encoded, batch["lengths"], Weights(), dear).backward()
    assert model.gate.fc2.bias.grad[1] > 0 > model.gate.fc2.bias.grad[0]
