"""The sweep over a finished model's gate: what its settings do to the export, resumption, table and plot."""

import json
import shutil
import xml.etree.ElementTree as xml

import pytest
import torch
from safetensors.torch import load_file, save_file

from test_dentalqa import folder, made, ranked  # noqa: F401 (fixtures)

from mambaformer_training.comparison.gate import GateSweep, Stopped, as_it_stands, every, further, named, trained
from mambaformer_training.comparison.gate_report import gate_report, points, table
from mambaformer_training.comparison.paired import compare_gates
from mambaformer_training.comparison.report import read
from mambaformer_training.comparison.run import read_plan, run_all
from mambaformer_training.config import preset
from mambaformer_training.errors import DataError
from mambaformer_training.model import MambaFormer
from mambaformer_training.train import Trainer

COSTS = {"table": {"lengths": [64, 512], "et5_us": [1.0, 4.0], "emamba_us": [1.0, 1.0]}}
PLAN = {"start": "export", "only": ["gate."], "costs": "table", "lambdas": [0, 4], "seeds": [1, 2], "biases": [-2, 2], "weights": {"utility": 0.5, "balance": 0.1, "cost": 0.0}, "steps": 3, "tokens_per_batch": 400,
        "learning_rate": 0.01, "warmup_steps": 1, "without_prior": 0.6, "noise_start": 0.05, "noise_end": 0.02, "items": {"train": 12, "validation": 6}}


@pytest.fixture
def place(tmp_path, ranked):  # noqa: F811
    """A nano model's export, costs and items in a folder."""
    out, tokenizer, *_ = ranked
    torch.manual_seed(4)
    model = MambaFormer(preset("nano", tokenizer.get_vocab_size()))
    model.refresh_table_norm()
    export = tmp_path / "export"
    export.mkdir()
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, str(export / "model.safetensors"))
    (export / "config.json").write_text(json.dumps(model.config.to_dict()))
    tokenizer.save(str(export / "tokenizer.json"))
    (tmp_path / "costs.json").write_text(json.dumps(COSTS))
    return tmp_path, out


def sweep_of(place, **changed):
    root, items = place
    return GateSweep(PLAN | changed, root, root / "costs.json", items, root / "work")


def test_settings_leave_the_export_as_their_name_says(place):
    sweep, exported = sweep_of(place), load_file(place[0] / "export" / "model.safetensors")
    records = {}
    for setting in as_it_stands(PLAN):
        model = sweep.trainer(setting, 0).model.state_dict()
        changed = {name for name, value in model.items() if not value.equal(exported[name])}
        assert changed == ({"gate.fc2.bias"} if setting.name.startswith("bias") else set())
        records[setting.name] = sweep.run(setting, 0)["validation"]
    assert records["all_et5"]["share"]["emamba"] == 0 and records["all_emamba"]["share"]["emamba"] == 1
    share = [records[name]["share"]["emamba"] for name in ("bias_-2", "shipped", "bias_+2")]
    assert share == sorted(share) and share[0] < share[2]
    # ET5 is the dearer one of the table.
    assert records["all_emamba"]["cost"] == pytest.approx(0.25)
    assert records["all_emamba"]["cost"] < records["shipped"]["cost"] < records["all_et5"]["cost"]


def test_runs_train_the_gate_alone_and_are_not_run_twice(place, monkeypatch):
    sweep, out, exported = sweep_of(place), place[0] / "gate.jsonl", load_file(place[0] / "export" / "model.safetensors")
    assert run_all(sweep, trained(PLAN), [1, 2], out) == 4 and run_all(sweep, trained(PLAN), [1, 2], out) == 0
    # Further prices and seeds may come later; another length of the runs is another sweep.
    assert sweep_of(place, lambdas=[0, 2, 4], seeds=[3]).plan_sha == sweep.plan_sha != sweep_of(place, steps=4).plan_sha
    state = torch.load(sweep.folder(trained(PLAN)[0], 1) / "checkpoint.pt", weights_only=True)
    moved = {name for name, value in state["model"].items() if not value.equal(exported[name])}
    assert moved and all(name.startswith("gate.") for name in moved) and state["settings"]["parent"]["name"] == "export" and state["step"] == 3
    assert {s: set(r) for s, r in read(out).items()} == {"lambda_0": {1, 2}, "lambda_4": {1, 2}}
    # Stopped in the middle: no record, and the next call goes on to what an unbroken run has.
    whole = read(out)["lambda_4"][2]["selection"]
    (sweep.folder(trained(PLAN)[1], 2) / "checkpoint.pt").unlink()
    step = Trainer.train_step

    def broken(self):
        self.told_to_stop = self.step == 1
        return step(self)

    again = place[0] / "again.jsonl"
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", broken)
        with pytest.raises(Stopped, match="stopped at step 2"):
            run_all(sweep, trained(PLAN)[1:], [2], again)
    assert not again.exists() and run_all(sweep, trained(PLAN)[1:], [2], again) == 1
    assert read(again)["lambda_4"][2]["selection"] == pytest.approx(whole, rel=1e-4)


def test_table_and_plot_tell_seeds_and_what_is_left_out(tmp_path, capsys):
    row = lambda cost, loss, share: {"cost": cost, "selection": loss, "nll": 1.0, "first_sentence": 0.5, "first_sentence_without_prior": 0.25, "encoder_relative": 0.9, "share": {"emamba": share}}
    values = {"shipped": {0: row(0.5, 1.7, 0.3)}, "all_et5": {0: row(0.625, 1.6, 0.0)}, "all_emamba": {0: row(0.25, 3.0, 1.0)}, "lambda_4": {1: row(0.4, 1.8, 0.6), 2: row(0.3, 2.0, 0.8)}, "lambda_0": {1: row(0.45, 1.7, 0.4)}}
    rows = table(values, as_it_stands(PLAN) + trained(PLAN)).splitlines()
    assert rows[-1].startswith("| `lambda_4` (2 seeds) | 70.0 ± 14.1 | 0.350 ± 0.071 | 56.0 ± 11.3 | 1.900 ± 0.141 | +0.200 |") and "| `lambda_0` (1 seed) | 40.0 |" in rows[-2]
    assert len(rows) == 2 + 5 and "| `shipped` | 30.0 | 0.500 | 80.0 | 1.700 | – |" in rows[2]
    assert [p.name for p in points(values, trained(PLAN))] == ["λ 0", "λ 4"] and [p.name for p in points(values, trained(PLAN), 1.8)] == ["λ 0"]
    results = tmp_path / "gate.jsonl"
    results.write_text("".join(json.dumps({"setting": name, "plan": "a", "seed": seed, "validation": v}) + "\n" for name, seeds in values.items() for seed, v in seeds.items()))
    gate_report(PLAN, results, tmp_path / "gate.svg")
    assert "`lambda_4`" in capsys.readouterr().out
    # All five, and those within NEAR of the shipped gate's loss: all tokens on EMamba are not.
    assert len(xml.parse(tmp_path / "gate.svg").getroot().findall("{http://www.w3.org/2000/svg}circle")) == 5 + 4


def test_exports_are_compared_on_the_same_items(place, tmp_path):
    sweep, (root, items) = sweep_of(place, items={"train": 1, "validation": None}), place
    other = tmp_path / "other"
    shutil.copytree(root / "export", other)
    tensors = load_file(other / "model.safetensors")
    tensors["gate.fc2.bias"] = tensors["gate.fc2.bias"] + torch.tensor([0.0, 50.0])
    save_file(tensors, str(other / "model.safetensors"))
    first, same, second = compare_gates([root / "export", root / "export", other], items / "validation.jsonl", sweep.costs)
    whole = sweep.run(as_it_stands(PLAN)[0], 0)["validation"]
    for ours, theirs in (("sentence_loss", "selection"), ("word_loss", "nll"), ("first_with_prior", "first_sentence"), ("first_alone", "first_sentence_without_prior"), ("cost", "cost"), ("share_emamba", "share_emamba")):
        assert first[ours] == pytest.approx(whole[theirs], rel=1e-4), ours
    assert same["sentence_loss_less_first"] == "0.000 [0.000, 0.000]" and second["sentence_loss"] != first["sentence_loss"]
    assert second["share_emamba"] == 1 and second["cost"] == pytest.approx(0.25) and second["cost_less_first"].startswith("-")
    (other / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match="different tokenizers"):
        compare_gates([root / "export", other], items / "validation.jsonl", sweep.costs)


def test_names_and_files_that_are_not_there_are_told(tmp_path):
    settings = every(PLAN)
    sharp = further(PLAN | {"further": [{"name": "sharp", "weights": {"utility_temperature": 0.25}, "lambdas": [1, 2]}]})
    assert [s.name for s in sharp] == ["sharp_lambda_1", "sharp_lambda_2"] and sharp[1].weights == PLAN["weights"] | {"utility_temperature": 0.25, "cost_of_utility": 2.0} and not further(PLAN)
    assert [s.name for s in named(settings, ["lambda_4", "shipped"])] == ["shipped", "lambda_4"] and named(settings, []) == settings
    with pytest.raises(DataError, match="no setting lambda_3; it has shipped, all_et5"):
        named(settings, ["lambda_3"])
    with pytest.raises(DataError, match="--config"):
        read_plan(tmp_path / "nowhere.json")
