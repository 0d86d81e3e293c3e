"""Command line: `python -m mambaformer_training {prepare,dentalqa,tokenizer,add-marks,stand-in,train,export,golden,evaluate,knowledge,items,retriever,scope,triage,lines,confidence,variants,peer,report,pubmedqa,costs,compare-routers,ablate,sweep-lambda,sweep-unbalanced,time-routers,routers-report,sweep-gate,compare-gates}`."""

import argparse
import json
import sys
from pathlib import Path

from .errors import TrainingError

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "runs"
DATA = ROOT.parents[1] / "shared" / "data"


def _prepare(args) -> None:
    from .data import prepare

    prepare(args.data, args.out, args.seed, args.variants)


def _dentalqa(args) -> None:
    from .dentalqa import dentalqa
    from .tokens import load_tokenizer

    dentalqa(args.data, args.out, load_tokenizer(args.tokenizer / "tokenizer.json"), args.max_tokens, args.seed, args.unanswerable, args.rankings, args.variants)


def _tokenizer(args) -> None:
    from .tokens import build

    print(json.dumps(build(args.items / "train.jsonl", args.out, args.vocab_size)))


def _add_marks(args) -> None:
    from .tokens import add_marks

    print(json.dumps(add_marks(args.tokenizer, args.out, args.rows)))


def _stand_in(args) -> None:
    from .stand_in import stand_in

    print(json.dumps(stand_in(args.out, args.tokenizer, args.tiny, args.seed)))


def _train(args) -> None:
    from . import checkpoint
    from .config import Config, preset
    from .costs import Costs
    from .distil import Teacher
    from .errors import CheckpointError
    from .parallel import Parallel
    from .start import add_heads, config_of, load_export, parent_of, sha256_of
    from .tokens import encode_items, load_tokenizer, piece_counts
    from .train import Settings, Trainer, flush_denormals, keep_memory
    from .warm import warm

    import torch

    keep_memory()
    flush_denormals()
    torch.set_num_threads(args.threads)
    if args.start and args.resume:
        raise CheckpointError("--start begins a run and --resume goes on with one; give one of them")
    if args.new_heads and not args.start:
        raise CheckpointError("--new-heads gives heads to a model that --start begins with; leave it out, or give --start")
    state = checkpoint.load(args.run / "checkpoint.pt") if args.resume else None
    device = args.device or (state["settings"].get("device", "cpu") if state else "cpu")
    parallel = Parallel.start(device)
    tokenizer = load_tokenizer(args.tokenizer / "tokenizer.json")
    config = preset(args.preset, tokenizer.get_vocab_size())
    config.emamba.bidirectional = args.two_way
    config.heads.copy.width = args.copy_width
    new_heads: tuple[str, ...] = ()
    settings = Settings(device=device, seed=args.seed, minutes=args.minutes, tokens_per_batch=args.tokens_per_batch, learning_rate=args.learning_rate, warmup_steps=args.warmup_steps,
                        dtype=args.dtype, threads=args.threads, without_prior=args.without_prior, weights=dict(args.weight) or None, max_steps=args.max_steps, log_every=args.log_every, added=dict(args.add) or None,
                        shards=args.shards or parallel.world, sharded_optimiser=args.shard_optimiser, only=args.only)
    if args.costs:
        settings.costs = Costs.read(*args.costs).to_dict()
    if args.warm and (args.start or args.resume):
        raise CheckpointError("--warm fills a new model; leave --start and --resume out")
    if args.warm:
        settings.warm = {"encoder": args.warm.resolve().name, "sha256": sha256_of(args.warm / "model.safetensors")}
    if args.start:
        config, settings.parent = config_of(args.start), parent_of(args.start, args.tokenizer / "tokenizer.json")
        if tokenizer.get_vocab_size() > config.vocab_size:
            raise CheckpointError(f"the tokenizer has {tokenizer.get_vocab_size()} pieces, the table of {args.start} {config.vocab_size} rows; give the tokenizer it was made for by --tokenizer")
        if args.new_heads:
            new_heads = add_heads(config, args.copy_width)
        if (args.run / "checkpoint.pt").exists():
            raise CheckpointError(f"{args.run} already holds a run; go on with it by --resume or give another folder by --run")
    if state is not None:
        config = Config.from_dict(state["config"])
        stored = dict(state["settings"])
        # The end of the run may be moved, and the run to another device; everything else stays as it began.
        stored.update({"minutes": args.minutes, "max_steps": args.max_steps, "threads": args.threads, "device": device, "log_every": args.log_every, "sharded_optimiser": args.shard_optimiser})
        if args.noise_start is not None:
            stored["noise_start"] = args.noise_start
        if args.weight:
            stored["weights"] = dict(args.weight)
        if args.costs:
            stored["costs"] = settings.costs
        settings = Settings(**stored)
        if settings.added != (dict(args.add) or None):
            raise CheckpointError(f"the run began with --add {settings.added}; give the same to resume it")
        if args.only and args.only != settings.only:
            raise CheckpointError(f"the run began with --only {','.join(settings.only or []) or 'left out'}; what it trains stays so when it is resumed")
    if args.noise_start is not None:
        settings.noise_start = args.noise_start
    teacher = Teacher(args.teacher, config.d_model) if args.teacher else None
    train = encode_items(tokenizer, args.items / "train.jsonl", config.max_tokens, args.limit, teacher)
    for folder, count in args.add:
        train += encode_items(tokenizer, Path(folder) / "train.jsonl", config.max_tokens, count)
    validation = encode_items(tokenizer, args.items / "validation.jsonl", config.max_tokens, teacher=teacher)
    # Of an export and a checkpoint the gate's surprisal is part.
    counts = [1] * config.vocab_size if args.start or args.resume else piece_counts(args.tokenizer)
    trainer = Trainer(config, settings, train, validation, counts, args.run, teacher, parallel=parallel)
    if args.start:
        load_export(trainer.model, args.start, new_heads)
    if args.warm:
        rows = warm(trainer.model, tokenizer, counts, args.warm)
        if parallel.first:
            print(json.dumps({"event": "warm", "encoder": args.warm.name, "rows": rows}), flush=True)
    if state is not None:
        trainer.restore(state)
    trainer.fit()
    parallel.end()
    if args.export and parallel.first:
        from .export import export

        export(args.run, args.tokenizer, args.items, args.run / "export", "f32")


def _export(args) -> None:
    from .export import export

    export(args.run, args.tokenizer, args.items, args.out, args.dtype)


def _golden(args) -> None:
    from .golden import make

    make(args.out)


def _evaluate(args) -> None:
    from .evaluate import evaluate

    print(json.dumps(evaluate(args.answers, args.items, args.samples, args.seed), indent=1))


def _items(args) -> None:
    from .evaluate import write_items

    print(write_items(args.items, args.out, args.limit))


def _knowledge(args) -> None:
    from .knowledge import write_knowledge

    print(json.dumps(write_knowledge(args.data, args.out, args.megabytes)))


def _confidence(args) -> None:
    from .confidence import confidence

    confidence(args.validation, args.test, args.out)


def _variants(args) -> None:
    from .variants import markdown, variants

    lines = variants(args.dumps)
    if args.out:
        args.out.write_text(json.dumps(lines, indent=1) + "\n")
    print(markdown(lines))


def _peer(args) -> None:
    from .peer import peer

    print(json.dumps(peer(args.data, args.records, args.out, args.closed_book, args.every, args.max_tokens, args.threads)))


def _scope(args) -> None:
    from .scope import SIGNALS, scope

    scope(args.dump, args.model, SIGNALS)


def _triage(args) -> None:
    from .train import flush_denormals
    from .triage import run

    import torch

    torch.set_num_threads(args.threads)
    flush_denormals()
    run(args.data, args.encoder, args.rules, args.manifest, args.out)


def _lines(args) -> None:
    from .lines import lines

    lines(args.dump, args.parameters, args.enough)


def _folder_and_count(text: str) -> tuple[str, int]:
    folder, _, count = text.rpartition(":")
    if not folder or not count.isdigit() or int(count) == 0:
        raise argparse.ArgumentTypeError(f"`{text}` is not FOLDER:N, such as training/runs/data:8000")
    return folder, int(count)


def _file_and_name(text: str) -> tuple[Path, str]:
    file, _, name = text.rpartition(":")
    if not file or not name:
        raise argparse.ArgumentTypeError(f"`{text}` is not FILE:NAME, such as training/costs.json:chairside-engine-cpu")
    return Path(file), name


def _name_and_file(text: str) -> tuple[str, Path]:
    name, _, file = text.partition("=")
    if not name or not file:
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME=FILE")
    return name, Path(file)


def _prefixes(text: str) -> list[str]:
    prefixes = text.split(",")
    if not all(prefixes):
        raise argparse.ArgumentTypeError(f"`{text}` is not PREFIX[,PREFIX], such as gate.,heads.copy.")
    return prefixes


def _name_and_weight(text: str) -> tuple[str, float]:
    from .objective import Weights

    name, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if name not in vars(Weights()) or number < 0:
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME=NUMBER with a name of {', '.join(vars(Weights()))}")
    return name, number


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m mambaformer_training", description=__doc__)
    commands = top.add_subparsers(required=True)

    def command(name, function, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        return sub

    sub = command("prepare", _prepare, "clean the data, split it by focus, write the items")
    sub.add_argument("--data", type=Path, default=DATA)
    sub.add_argument("--out", type=Path, default=RUNS / "data")
    sub.add_argument("--seed", type=int, default=17)
    sub.add_argument("--variants", type=int, default=3)

    sub = command("dentalqa", _dentalqa, "make items from the built DentalQA with the passages that retrieval finds")
    sub.add_argument("--data", type=Path, default=ROOT.parent / "data")
    sub.add_argument("--out", type=Path, default=RUNS / "dentalqa")
    sub.add_argument("--tokenizer", type=Path, default=RUNS / "tokenizer")
    sub.add_argument("--max-tokens", type=int, default=1024)
    sub.add_argument("--seed", type=int, default=17)
    sub.add_argument("--unanswerable", type=float, default=0.15, help="the most that unanswerable items may make of the training items (0.15)")
    sub.add_argument("--variants", type=int, default=1, help="how often each training question comes, each time with other passages beside its sources (1)")
    sub.add_argument("--rankings", type=Path, help="passages by rank from this file (`retriever rank`) instead of BM25's")

    sub = command("tokenizer", _tokenizer, "train the tokenizer on the training items")
    sub.add_argument("--items", type=Path, default=RUNS / "data")
    sub.add_argument("--out", type=Path, default=RUNS / "tokenizer")
    sub.add_argument("--vocab-size", type=int, default=8192)

    sub = command("add-marks", _add_marks, "give a public checkpoint's tokenizer the pieces that structure a prompt")
    sub.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of the checkpoint")
    sub.add_argument("--rows", type=int, default=32_128, help="rows of the checkpoint's table (32128, T5 v1.1's)")
    sub.add_argument("--out", type=Path, required=True)

    sub = command("stand-in", _stand_in, "write checkpoint folders of the public shapes (T5 v1.1 base, Mamba-130m) with random weights, for a dry run")
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--tokenizer", type=Path, default=ROOT / "checkpoints" / "chairside-1" / "tokenizer.json")
    sub.add_argument("--tiny", action="store_true", help="small shapes, for tests")
    sub.add_argument("--seed", type=int, default=17)

    sub = command("train", _train, "train; ends decayed after --minutes, or at SIGTERM with a checkpoint")
    sub.add_argument("--run", type=Path, required=True)
    sub.add_argument("--preset", default="chairside")
    sub.add_argument("--items", type=Path, default=RUNS / "data")
    sub.add_argument("--tokenizer", type=Path, default=RUNS / "tokenizer")
    sub.add_argument("--minutes", type=float, default=75.0)
    sub.add_argument("--max-steps", type=int)
    sub.add_argument("--log-every", type=int, default=20, help="steps between two lines of the log (20)")
    sub.add_argument("--seed", type=int, default=17)
    sub.add_argument("--tokens-per-batch", type=int, default=2400)
    sub.add_argument("--learning-rate", type=float, default=1e-3)
    sub.add_argument("--warmup-steps", type=int, default=100)
    sub.add_argument("--dtype", choices=["auto", "f32", "bf16"], default="auto")
    sub.add_argument("--device", choices=["cpu", "cuda"], help="what to train on (cpu, or what the resumed run is on); with cuda each process takes its own GPU")
    sub.add_argument("--threads", type=int, default=2)
    sub.add_argument("--noise-start", type=float, help="scale of the gate's exploration noise at the start (0.1); may be changed on resuming")
    sub.add_argument("--limit", type=int, help="use the first N training items only")
    sub.add_argument("--start", type=Path, help="begin with the weights of this export (model.safetensors, config.json, tokenizer.json), or of a model folder in f32 that `convert` wrote, and a new optimiser")
    sub.add_argument("--new-heads", action="store_true", help="heads that --start lacks begin at random (a converted checkpoint has none)")
    sub.add_argument("--warm", type=Path, help="begin with this sentence encoder's vectors of the pieces instead of noise")
    sub.add_argument("--two-way", action="store_true", help="EMamba reads in both directions")
    sub.add_argument("--copy-width", type=int, default=64, help="width of the pointer's queries and keys (64)")
    sub.add_argument("--teacher", type=Path, help="vectors of the sentence encoder to distil from (`retriever rank` writes them beside the rankings)")
    sub.add_argument("--without-prior", type=float, default=0.7, help="share of the items that are trained without retrieval's prior (0.7)")
    sub.add_argument("--add", type=_folder_and_count, action="append", default=[], metavar="FOLDER:N", help="train on the first N training items of another folder, too")
    sub.add_argument("--weight", type=_name_and_weight, action="append", default=[], metavar="NAME=NUMBER", help="weight of a term of the loss (`Weights` in objective.py); may be changed on resuming")
    sub.add_argument("--only", type=_prefixes, metavar="PREFIX[,PREFIX]", help="train the parameters whose names begin so, such as `gate.`; the others stay as they are")
    sub.add_argument("--costs", type=_file_and_name, metavar="FILE:NAME", help="measured cost of a token on each expert (see `costs`) instead of the simple model; may be given on resuming")
    sub.add_argument("--shards", type=int, help="batches a step is made of, shared by the processes of torchrun (as many as there are processes)")
    sub.add_argument("--shard-optimiser", action="store_true", help="each process of torchrun keeps a part of the optimiser's state only")
    sub.add_argument("--resume", action="store_true")
    sub.add_argument("--export", action="store_true", help="export after the end")

    sub = command("export", _export, "write model.safetensors, config.json, tokenizer.json, training.json of a run")
    sub.add_argument("--run", type=Path, required=True)
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--items", type=Path, default=RUNS / "data")
    sub.add_argument("--tokenizer", type=Path, default=RUNS / "tokenizer")
    sub.add_argument("--dtype", choices=["f32", "bf16"], default="f32")

    sub = command("golden", _golden, "write the golden vectors of the parity tests")
    sub.add_argument("--out", type=Path, default=ROOT.parent / "tests" / "golden")

    sub = command("evaluate", _evaluate, "selection, copying and overlap of an eval output against held-out items")
    sub.add_argument("--answers", type=Path, required=True)
    sub.add_argument("--items", type=Path, required=True)
    sub.add_argument("--samples", type=int, default=2000)
    sub.add_argument("--seed", type=int, default=17)

    sub = command("items", _items, "write held-out questions with passages and references for `cargo xtask eval`")
    sub.add_argument("--items", type=Path, default=RUNS / "data" / "test.jsonl")
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--limit", type=int)

    sub = command("knowledge", _knowledge, "write the passages of the shipped knowledge base")
    sub.add_argument("--data", type=Path, default=DATA)
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--megabytes", type=float, default=3.5)

    sub = command("variants", _variants, "compare variants of the assistant on the same questions, with paired bootstrap intervals")
    sub.add_argument("dumps", type=_name_and_file, nargs="+", metavar="NAME=FILE", help="what `cargo xtask eval answers --dump FILE` wrote")
    sub.add_argument("--out", type=Path, help="also write the figures as JSON")

    sub = command("peer", _peer, "let SmolLM2-135M-Instruct answer the questions of DentalQA, with the assistant's passages or from memory")
    sub.add_argument("--data", type=Path, default=ROOT.parent / "data")
    sub.add_argument("--records", type=Path, required=True, help="what `cargo xtask eval answers --output FILE` wrote")
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--closed-book", action="store_true", help="no passages")
    sub.add_argument("--every", type=int, default=1, help="only every so-manyth question (1)")
    sub.add_argument("--max-tokens", type=int, default=160)
    sub.add_argument("--threads", type=int, default=1)

    sub = command("confidence", _confidence, "fit how sure an answer is, and count how often each band is right")
    sub.add_argument("--validation", type=Path, required=True, help="what `cargo xtask eval answers --split validation --dump FILE` wrote")
    sub.add_argument("--test", type=Path, required=True, help="what `cargo xtask eval answers --split test --dump FILE` wrote")
    sub.add_argument("--out", type=Path, default=ROOT.parent / "assets" / "confidence.json")

    sub = command("scope", _scope, "fit the scope model to the signals of labelled questions and write it sealed")
    sub.add_argument("--dump", type=Path, required=True, help="what `cargo xtask eval clinical scope --dump FILE` wrote")
    sub.add_argument("--model", type=Path, default=ROOT.parent / "assets" / "scope.json")

    sub = command("triage", _triage, "fit the second net of triage to the vectors of labelled messages and write it sealed")
    newest = [ROOT / "checkpoints" / name for name in ("retriever-3", "retriever-2", "retriever-1")]
    sub.add_argument("--data", type=Path, default=ROOT.parent / "data")
    sub.add_argument("--encoder", type=Path, default=next((folder for folder in newest if folder.is_dir()), newest[-1]), help="folder of the sentence encoder")
    sub.add_argument("--manifest", type=Path, default=ROOT.parent / "assets" / "retriever" / "manifest.json", help="manifest of the same encoder as it is packed")
    sub.add_argument("--rules", type=Path, default=ROOT.parent / "assets" / "triage.json")
    sub.add_argument("--out", type=Path, default=ROOT.parent / "assets" / "triage_net.json")
    sub.add_argument("--threads", type=int, default=2)

    sub = command("lines", _lines, "fit the prior of a line to validation questions and write it sealed")
    sub.add_argument("--dump", type=Path, required=True, help="what `cargo xtask eval clinical lines --dump FILE` wrote")
    sub.add_argument("--enough", type=float, help="the probability of use below which a line does not belong to an answer any more (what the file has)")
    sub.add_argument("--parameters", type=Path, default=ROOT.parent / "assets" / "retrieval.json")

    from .retriever.commands import add as add_retriever

    add_retriever(commands, ROOT, RUNS, DATA)

    from .comparison.commands import add as add_comparison

    add_comparison(commands, ROOT, RUNS)

    from .report.commands import add as add_report

    add_report(commands, ROOT, DATA)
    return top


def main() -> int:
    args = parser().parse_args()
    try:
        args.function(args)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
