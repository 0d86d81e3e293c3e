"""Table and plot of the sweep over a finished model's gate."""

from pathlib import Path

from .gate import as_it_stands, every, further, trained
from .plot import Point, pareto
from .report import cell, mean_and_spread, read, relative
from .settings import Setting

# Beyond this much more sentence loss than the shipped gate's a setting is left out of the second panel, so that the rest can be told apart.
NEAR = 0.25


def _of(rows: dict[int, dict], name: str) -> list[float]:
    return [row[name] for row in rows.values()]


def table(records: dict, settings: list[Setting]) -> str:
    """One row a setting, mean and standard deviation over the seeds; costs relative to all tokens on ET5, differences to the shipped gate."""
    head = ["setting", "EMamba, % of tokens", "cost k", "of all ET5's, %", "sentence loss", "less shipped", "first sentence with prior, %", "alone, %", "word loss", "encoder's time of all on ET5's, %"]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    single = lambda name, measure: next((row[measure] for row in records.get(name, {}).values()), None)
    dearest, shipped = single("all_et5", "cost"), single("shipped", "selection")
    for setting in settings:
        if not (rows := records.get(setting.name)):
            continue
        share = [row["share"]["emamba"] for row in rows.values()]
        part = "–" if dearest is None else cell([k / dearest for k in _of(rows, "cost")], True)
        less = "–" if shipped is None or setting.name == "shipped" else f"{mean_and_spread(_of(rows, 'selection'))[0] - shipped:+.3f}"
        name = f"`{setting.name}`" + (f" ({len(rows)} seed{'s' if len(rows) > 1 else ''})" if setting.weights else "")
        cells = [name, cell(share, True), cell(_of(rows, "cost"), False), part, cell(_of(rows, "selection"), False), less,
                 cell(_of(rows, "first_sentence"), True), cell(_of(rows, "first_sentence_without_prior"), True), cell(_of(rows, "nll"), False), relative(rows)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def points(records: dict, settings: list[Setting], most: float | None = None) -> list[Point]:
    """Cost and sentence loss of each setting that has run, those with a loss above `most` left out."""
    found = [(s.name.replace("lambda_", "λ ").replace("_", " "), records[s.name]) for s in settings if s.name in records]
    drawn = [Point(name, *mean_and_spread(_of(rows, "cost")), *mean_and_spread(_of(rows, "selection"))) for name, rows in found]
    return [p for p in drawn if most is None or p.y <= most]


def gate_report(plan: dict, results: Path, plot: Path) -> None:
    """Prints the table in Markdown and writes the plot: all settings, and those near the shipped gate."""
    records, dots, runs = read(results), as_it_stands(plan) + further(plan), trained(plan)
    print(table(records, every(plan)))
    panels = [("mean cost k of a token", "sentence loss", points(records, runs), points(records, dots))]
    if "shipped" in records:
        most = next(iter(records["shipped"].values()))["selection"] + NEAR
        panels.append((f"mean cost k of a token (loss at most {most:.2f})", "sentence loss", points(records, runs, most), points(records, dots, most)))
    plot.parent.mkdir(parents=True, exist_ok=True)
    plot.write_text(pareto(panels), encoding="utf-8")
