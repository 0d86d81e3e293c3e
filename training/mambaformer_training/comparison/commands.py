"""`python -m mambaformer_training {compare-routers,ablate,sweep-lambda,sweep-unbalanced,time-routers,routers-report,sweep-gate,compare-gates,costs}`."""

import json
from pathlib import Path

import torch

from .. import costs
from ..config import Config, preset
from ..model import MambaFormer
from ..train import flush_denormals, keep_memory
from .settings import EXPERIMENTS, settings_of


def _prepared(args):
    from .run import Comparison, Paths

    torch.set_num_threads(args.threads)
    keep_memory()
    flush_denormals()
    return Comparison(Paths(args.config, args.costs, args.items, args.tokenizer, args.work))


def _run(args) -> None:
    from .run import run_all

    settings = settings_of(args.experiment, args.only)
    comparison = _prepared(args)
    print(json.dumps({"event": "items", **comparison.sizes}), flush=True)
    count = run_all(comparison, settings, args.seeds or comparison.plan["seeds"], args.out)
    print(json.dumps({"event": "end", "runs": count}), flush=True)


def _seconds(args) -> None:
    from .seconds import seconds

    settings = settings_of("routers", args.only)
    seconds(_prepared(args), settings, args.out)


def _report(args) -> None:
    from .report import report

    report(args.results, args.seconds, args.plot)


def _gate(args) -> None:
    from .gate import GateSweep, every, named
    from .gate_report import gate_report
    from .run import read_plan, run_all

    plan = read_plan(args.config)
    # An unknown name is told before the items are read.
    chosen = named(every(plan), args.only)
    if not args.report_only:
        torch.set_num_threads(args.threads)
        keep_memory()
        flush_denormals()
        sweep = GateSweep(plan, args.config.resolve().parent, args.costs, args.items, args.work)
        # What is not trained has no seed.
        count = run_all(sweep, [s for s in chosen if not s.weights], [0], args.out)
        count += run_all(sweep, [s for s in chosen if s.weights], args.seeds or plan["seeds"], args.out)
        print(json.dumps({"event": "end", "runs": count}), flush=True)
    gate_report(plan, args.out, args.plot)


def _compare_gates(args) -> None:
    from .paired import compare_gates
    from .run import rounded

    torch.set_num_threads(args.threads)
    keep_memory()
    flush_denormals()
    for line in compare_gates(args.exports, args.items, costs.Costs.read(Path(args.costs[0]), str(args.costs[1]))):
        print(json.dumps(rounded(line)), flush=True)


def _costs(args) -> None:
    if args.bench:
        table, how = costs.of_bench(args.bench, args.engine), f"cargo xtask bench, engine {args.engine}, {args.note + ', ' if args.note else ''}whole prompts with all tokens on one expert, best of {len(args.bench)} report(s)"
    else:
        torch.set_num_threads(args.threads)
        keep_memory()
        flush_denormals()
        config = Config.from_dict(json.loads(args.config.read_text())["model"]) if args.config else preset(args.preset)
        table, how = costs.measure(MambaFormer(config), rounds=args.rounds), f"PyTorch {torch.__version__.partition('+')[0]}, f32, {args.threads} thread(s), forward pass of each expert over all tokens of one prompt, best of {args.rounds}"
    costs.write(args.out, args.name, table, how)
    print(json.dumps({"name": args.name, "how": how, **table.to_dict()}))


def add(commands, root: Path, runs: Path) -> None:
    """Adds the commands to the command line."""
    def command(name, function, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        return sub

    def readers(sub, config=root / "comparison.json", told="model, steps, seeds and items of every run", work=runs / "comparison", kept="where the cut items are written"):
        sub.add_argument("--config", type=Path, default=config, help=told)
        sub.add_argument("--costs", type=Path, default=root / "costs.json")
        sub.add_argument("--items", type=Path, default=runs / "dentalqa")
        sub.add_argument("--work", type=Path, default=work, help=kept)
        sub.add_argument("--threads", type=int, default=1)
        sub.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these settings alone")

    for name, experiment, text in (("compare-routers", "routers", "train each router for the same steps and measure it"), ("ablate", "ablation", "the same without each term of the loss"),
                                   ("sweep-lambda", "sweep", "the same for several prices of cost in utility"),
                                   ("sweep-unbalanced", "unbalanced", "the same without the balance loss")):
        sub = command(name, _run, f"{text}; goes on where it stopped ({len(EXPERIMENTS[experiment])} settings)")
        readers(sub)
        sub.add_argument("--tokenizer", type=Path, default=runs / "tokenizer")
        sub.set_defaults(experiment=experiment)
        sub.add_argument("--seeds", type=int, nargs="+", help="instead of the config's")
        sub.add_argument("--out", type=Path, default=root / "results" / "routers.jsonl")

    sub = command("time-routers", _seconds, "measure a training step of each router on the same batches")
    readers(sub)
    sub.add_argument("--tokenizer", type=Path, default=runs / "tokenizer")
    sub.add_argument("--out", type=Path, default=root / "results" / "seconds.jsonl")

    sub = command("routers-report", _report, "tables in Markdown and the Pareto plot of what was measured")
    sub.add_argument("--results", type=Path, default=root / "results" / "routers.jsonl")
    sub.add_argument("--seconds", type=Path, default=root / "results" / "seconds.jsonl")
    sub.add_argument("--plot", type=Path, default=root / "results" / "pareto.svg")

    sub = command("sweep-gate", _gate, "train the gate of a finished model alone for several prices of cost, measure it beside the model as it is; goes on where it stopped, then prints the table and draws the plot")
    readers(sub, root / "chairside_gate.json", "export, loss, prices, seeds and items of the sweep", runs / "gate", "where each run keeps its checkpoint and log")
    sub.add_argument("--seeds", type=int, nargs="+", help="instead of the config's")
    sub.add_argument("--out", type=Path, default=root / "results" / "gate.jsonl")
    sub.add_argument("--plot", type=Path, default=root / "results" / "gate.svg")
    sub.add_argument("--report-only", action="store_true", help="table and plot of what is there")

    sub = command("compare-gates", _compare_gates, "measure exports on the same held-out items, differences to the first with bootstrap intervals over clusters of paraphrases")
    sub.add_argument("exports", type=Path, nargs="+", metavar="EXPORT")
    sub.add_argument("--items", type=Path, default=runs / "dentalqa" / "validation.jsonl")
    sub.add_argument("--costs", type=Path, nargs=2, metavar=("FILE", "NAME"), default=(root / "costs.json", "chairside-engine-cpu"))
    sub.add_argument("--threads", type=int, default=1)

    sub = command("costs", _costs, "measure what a token costs on each expert by prompt length, and write the table")
    sub.add_argument("--name", required=True, help="of the table in the file")
    sub.add_argument("--preset", default="chairside")
    sub.add_argument("--config", type=Path, help="the model of a comparison instead of a preset")
    sub.add_argument("--bench", type=Path, nargs="+", metavar="FILE", help="take the best figures of what `cargo xtask bench --output FILE` wrote instead of measuring here")
    sub.add_argument("--note", help="how the bench was run, for the table's description")
    sub.add_argument("--engine", default="processor", help="whose figures of the bench: processor or GPU")
    sub.add_argument("--rounds", type=int, default=30)
    sub.add_argument("--threads", type=int, default=1)
    sub.add_argument("--out", type=Path, default=root / "costs.json")
