"""Tables and plot of a comparison's records."""

import json
from collections import defaultdict
from pathlib import Path
from statistics import fmean, stdev

from ..errors import DataError
from .plot import Point, pareto
from .settings import EXPERIMENTS, OURS

MEASURES = {"loss": "nll", "sentence": "selection", "alone": "first_sentence_without_prior", "with prior": "first_sentence", "tokens": "token_accuracy"}
PERCENT = {"alone", "with prior", "tokens"}


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; the latter is 0 of a single value."""
    return fmean(values), stdev(values) if len(values) > 1 else 0.0


def read(path: Path) -> dict[str, dict[int, dict]]:
    """Records by setting and seed; the last of the file's plans alone."""
    if not path.is_file():
        raise DataError(f"{path} does not exist; run `compare-routers`, `ablate`, `sweep-lambda` or `sweep-gate` first")
    records = [json.loads(line) for line in path.open(encoding="utf-8")]
    out: dict[str, dict[int, dict]] = defaultdict(dict)
    for record in records:
        if record["plan"] == records[-1]["plan"]:
            out[record["setting"]][record["seed"]] = record["validation"]
    return out


def cell(values: list[float], percent: bool) -> str:
    """`mean ± spread` in the digits that the noise leaves; a single value has no spread."""
    scale, digits = (100, 1) if percent else (1, 3)
    mean, spread = mean_and_spread(values)
    return f"{scale * mean:.{digits}f}" + (f" ± {scale * spread:.{digits}f}" if len(values) > 1 else "")


def table(records: dict, experiment: str, seconds: dict[str, float]) -> str:
    """One row a setting; `less than ours` is the difference in loss to what ships, seed by seed."""
    head = ["setting", "loss", "loss less ours", "sentence loss", "first sentence alone, %", "with prior, %", "tokens right, %", "ET5 / EMamba, % of tokens", "both / none, %", "EMamba, shortest / longest third, %", "cost k", "encoder's time of all on ET5's, %"]
    head += ["step, s"] if seconds else []
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    ours = records.get(OURS.name, {})
    for setting in EXPERIMENTS[experiment]:
        rows = records.get(setting.name)
        if not rows:
            continue
        of = lambda get: [get(r) for r in rows.values()]
        share = lambda name, where="share": 100 * mean_and_spread(of(lambda r: r[where][name]))[0]
        paired = [r["nll"] - ours[seed]["nll"] for seed, r in rows.items() if seed in ours]
        difference = "–" if setting.name == OURS.name or not paired else ("+" if mean_and_spread(paired)[0] > 0 else "") + cell(paired, False)
        cells = [f"`{setting.name}`" + (f" ({len(rows)} seed{'s' if len(rows) > 1 else ''})" if len(rows) < 3 else ""), cell(of(lambda r: r["nll"]), False), difference]
        cells += [cell(of(lambda r, m=m: r[m]), name in PERCENT) for name, m in list(MEASURES.items())[1:]]
        cells += [f"{share('et5'):.0f} / {cell(of(lambda r: r['share']['emamba']), True)}", f"{share('both'):.0f} / {share('none'):.0f}",
                  f"{share('emamba', 'share_shortest_third'):.0f} / {share('emamba', 'share_longest_third'):.0f}", cell(of(lambda r: r["cost"]), False), relative(rows)]
        cells += [f"{seconds[setting.name]:.3f}" if setting.name in seconds else ""] if seconds else []
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def relative(rows: dict[int, dict]) -> str:
    """The encoder's time as a share of all tokens on ET5, over the seeds that have it."""
    values = [r["encoder_relative"] for r in rows.values() if "encoder_relative" in r]
    return f"{cell(values, True)}" + (f" ({len(values)})" if len(values) != len(rows) else "") if values else "–"


def points(records: dict, experiment: str, x, y) -> list[Point]:
    """Mean and spread of two measures for each setting of an experiment that has run with all seeds: seeds differ more than settings do. A seed may lack x."""
    whole = max(map(len, records.values()))
    out = []
    for setting in EXPERIMENTS[experiment]:
        rows = list(records.get(setting.name, {}).values())
        known = [x(r) for r in rows if x(r) is not None]
        if len(rows) == whole and known:
            out.append(Point(setting.name.replace("lambda_", "λ "), *mean_and_spread(known), *mean_and_spread([y(r) for r in rows])))
    return out


def report(results: Path, seconds: Path, plot: Path) -> None:
    """Prints the tables in Markdown and writes the plot."""
    records = read(results)
    steps = {r["setting"]: r["seconds_a_step"] for r in map(json.loads, seconds.open(encoding="utf-8"))} if seconds.is_file() else {}
    for experiment in EXPERIMENTS:
        print(f"\n{experiment}\n\n{table(records, experiment, steps if experiment == 'routers' else {})}")
    panels = []
    for label, x in (("mean cost k of a token", lambda r: r["cost"]), ("encoder's time, share of all on ET5's", lambda r: r.get("encoder_relative"))):
        loss = lambda r: r["nll"]
        panels.append((label, "validation loss", points(records, "sweep", x, loss), points(records, "routers", x, loss)))
    plot.parent.mkdir(parents=True, exist_ok=True)
    plot.write_text(pareto(panels), encoding="utf-8")
