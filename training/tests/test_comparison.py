"""The comparison of routers: items, resumption, tables and plot."""

import json
import xml.etree.ElementTree as xml

import pytest

from test_run import trainer

from mambaformer_training.comparison.items import cut
from mambaformer_training.comparison.plot import Point, front, pareto
from mambaformer_training.comparison.report import mean_and_spread, read, report, table
from mambaformer_training.comparison.run import measure, run_all
from mambaformer_training.comparison.settings import ABLATION, EXPERIMENTS, OURS, ROUTERS, SWEEP, Setting, settings_of
from mambaformer_training.errors import DataError
from mambaformer_training.objective import Weights
from mambaformer_training.routers import ROUTERS as KINDS


def item(identifier, sources, passages):
    return {"id": identifier, "gold": sources[0], "sentences": [{"spans": [{"source": s}]} for s in sources], "passages": [{"id": p} for p in passages]}


def test_a_cut_item_keeps_its_sources_and_the_order_of_its_passages():
    counts = set()
    for number in range(40):
        kept = [p["id"] for p in cut(item(f"q{number}", ["c", "note"], "abcd"), 4)["passages"]]
        assert "c" in kept and kept == sorted(kept) and kept == [p["id"] for p in cut(item(f"q{number}", ["c", "note"], "abcd"), 4)["passages"]]
        # The best-ranked others come first.
        assert set(kept) - {"c"} == set("abd"[: len(kept) - 1])
        counts.add(len(kept))
    assert counts == {1, 2, 3, 4}
    assert [p["id"] for p in cut(item("q", ["d", "b", "a"], "abcd"), 1)["passages"]] == ["a", "b", "d"]


def test_settings_are_known_and_differ_from_ours_in_what_their_name_says():
    for settings in EXPERIMENTS.values():
        assert len({s.name for s in settings}) == len(settings) == len({json.dumps(s.content()) for s in settings})
        for setting in settings:
            assert setting.router in KINDS and set(setting.weights) <= set(vars(Weights()))
    assert len(SWEEP) >= 5 and sorted(s.weights["cost_of_utility"] for s in SWEEP) == [s.weights["cost_of_utility"] for s in SWEEP]
    assert {s.name for s in ABLATION} >= {f"without_{t}" for t in ("utility", "cost", "balance", "entropy", "router_z", "noise", "annealing")}
    assert settings_of("routers", ["bip"]) == [s for s in ROUTERS if s.name == "bip"]
    with pytest.raises(DataError, match="has no setting nonsense"):
        settings_of("sweep", ["nonsense"])


class Counted:
    """A comparison whose runs only count themselves."""

    def __init__(self, plan):
        self.plan_sha, self.runs = plan, []

    def run(self, setting, seed):
        if len(self.runs) == 3:
            raise KeyboardInterrupt
        self.runs.append((setting.name, seed))
        share = {"et5": 0.7, "emamba": 0.3, "both": 0.0, "none": 0.0}
        validation = {"nll": 2.0 + seed / 100 + len(setting.name) / 1000, "selection": 1.0, "first_sentence": 0.5, "first_sentence_without_prior": 0.25, "token_accuracy": 0.125, "cost": 0.4, "encoder_us_a_token": 20.0, "encoder_relative": 0.8, "share": share, "share_shortest_third": share, "share_longest_third": share}
        return {"setting": setting.name, **setting.content(), "seed": seed, "plan": self.plan_sha, "seconds": 1.0, "validation": validation}


def test_a_stopped_comparison_goes_on_where_it_stopped(tmp_path):
    out, settings = tmp_path / "results" / "r.jsonl", [OURS, Setting("bip", "bip")]
    first, second, other = Counted("a"), Counted("a"), Counted("b")
    with pytest.raises(KeyboardInterrupt):
        run_all(first, settings, [1, 2], out)
    assert run_all(second, settings, [1, 2], out) == 1 and second.runs == [("bip", 2)]
    assert run_all(Counted("a"), settings, [1, 2], out) == 0
    # Another name of the same setting is the same run; another plan is another.
    assert run_all(Counted("a"), [Setting("alias")], [1], out) == 0
    assert run_all(other, settings, [1], out) == 2
    assert set(read(out)) == {"top1_utility", "bip"} and set(read(out)["bip"]) == {1}
    with pytest.raises(DataError, match="compare-routers"):
        read(tmp_path / "nowhere.jsonl")


def test_tables_give_mean_and_spread_and_differences_seed_by_seed(tmp_path, capsys):
    assert mean_and_spread([1.0, 2.0, 3.0]) == (2.0, 1.0) and mean_and_spread([4.0]) == (4.0, 0.0)
    out = tmp_path / "r.jsonl"
    for seed in (1, 2, 3):
        run_all(Counted("a"), [OURS, Setting("bip", "bip")], [seed], out)
    rows = table(read(out), "routers", {"bip": 0.5}).splitlines()
    assert len(rows) == 4 and "| `bip` | 2.023 ± 0.010 | -0.009 ± 0.000 |" in rows[3] and rows[3].endswith("| 0.500 |") and "25.0 ± 0.0" in rows[2]
    report(out, tmp_path / "none.jsonl", tmp_path / "plot.svg")
    assert "`top1_utility`" in capsys.readouterr().out
    xml.fromstring((tmp_path / "plot.svg").read_text())


def test_the_front_is_what_nothing_beats():
    points = [Point(n, x, 0, y, 0) for n, x, y in (("a", 1, 5), ("b", 2, 3), ("c", 3, 4), ("d", 4, 1), ("e", 1, 6))]
    assert [p.name for p in front(points)] == ["a", "b", "d"]
    drawing = xml.fromstring(pareto([("x", "y < z", points[:2], points[2:]), ("x", "y", [], [])]))
    assert len(drawing.findall("{http://www.w3.org/2000/svg}circle")) == 5


def test_what_is_measured_adds_up(tmp_path):
    t = trainer(tmp_path, 2)
    t.train_step()
    got = measure(t)
    share = got["share"]
    assert share["et5"] + share["emamba"] == pytest.approx(1.0) and share["both"] == share["none"] == 0 and 0 <= got["token_accuracy"] <= 1
    # The simple model: ET5 0.25 and more, EMamba 0.30.
    assert 0.25 < got["cost"] < 0.31 and got["encoder_us_a_token"] > 0 and got["encoder_relative"] > 0
