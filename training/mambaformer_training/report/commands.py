"""Sub-commands `report` and `pubmedqa`."""

import argparse
import json
from pathlib import Path

from ..data import read_jsonl
from ..errors import DataError
from .inputs import Spec, read_questions, read_variant, spec

COMMANDS = {"gate": "nothing else: what ships", "et5": "`--force et5`", "emamba": "`--force emamba`", "random": "`--random-routing 0.32` (each token by lot, as many to EMamba as the gate sends)",
            "prior": "`--model-weight 0` (the search's prior alone)", "free": "`--free` (the model words for itself)", "closed": "`--closed-book` (the model words for itself, from question and note alone)"}


def read_scope(path: Path, foreign: Path):
    """Declined questions out of scope, from records of `cargo xtask eval --input`."""
    from ..bootstrap import share
    from .pages import Scope

    wanted = {row["id"]: row for row in read_jsonl(foreign, ("id", "question", "class", "split")) if row["split"] == "test"}
    rows = {row["id"]: row for row in read_jsonl(path, ("id", "sentences"))}
    if rows.keys() != wanted.keys():
        raise DataError(f"{path} answers {len(rows)} questions, the test part of {foreign} has {len(wanted)}, or others; write it by `cargo xtask eval --input ITEMS --output {path}` of those questions")
    declined = share({name: (float(not row["sentences"]), 1) for name, row in rows.items()}, {name: name for name in rows})
    return Scope(declined, sorted((wanted[name]["class"], name) for name, row in rows.items() if row["sentences"]))


def read_pubmedqa(path: Path) -> dict:
    """What `pubmedqa` wrote."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        [(report[name]["accuracy_interval"], report[name]["against_yes_interval"]) for name in ("always_yes", "product", "decision_head", "classifier")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} holds no figures of PubMedQA ({error}); write it by `python -m mambaformer_training pubmedqa --records R --out {path}`") from error
    return report


def pubmedqa_lines(report: dict) -> list[str]:
    """The table of PubMedQA, and what the classifier is."""
    from .pages import table

    names = {"always_yes": "always \"yes\"", "product": "the assistant: the word its answer opens with", "decision_head": f"the model's decision head ({report['decision_head']['checkpoint']}, bf16 original in PyTorch)",
             "classifier": "classifier beside the product"}
    interval = lambda row, what: f"{100 * row[what]:.1f} [{100 * row[what + '_interval'][0]:.1f}, {100 * row[what + '_interval'][1]:.1f}]"
    rows = [[name, str(report[key]["n"]), interval(report[key], "accuracy"), interval(report[key], "macro_f1"), " / ".join(str(v) for v in report[key]["said"].values())] for key, name in names.items()]
    c, yes = report["classifier"], report["always_yes"]["accuracy"]
    clear = "clear of" if c["accuracy_interval"][0] > yes else "not clear of"
    low, high = (100 * v for v in c["against_yes_interval"])
    return [table(["", "n", "accuracy, %", "macro-F1, %", "yes / no / maybe / none said"], rows), "",
            "Records do not hold the decision head's verdict, and the assistant answers by sentences of the abstract, seldom with \"yes\" or \"no\" before them; an answer without either counts as wrong.", "",
            f"The classifier is **not part of the product**: a multinomial logistic regression trained on the {c['trained_on']} published training rows only. It was offered vectors of {c['encoder']} and counted cues (wordings such as \"no significant difference\", the question's first word, lengths); "
            f"cross-validation over the training rows chose \"{c['features']}\" with penalty {c['penalty']} ({100 * c['cross_validated']:.1f} % there, the best of all that were tried and so flattering). The test rows were measured once. "
            f"Its interval is {clear} {100 * yes:.1f} %; paired with always \"yes\" on the same questions it is {100 * c['against_yes']:+.1f} [{low:+.1f}, {high:+.1f}] points (n = {c['n']})."]


def make(variants: list[Spec], dentalqa: Path, encoder: Path, checkpoint: Path, confidence: Path, scope: Path | None, pubmedqa: Path | None, times: list[tuple[str, Path]], out: Path) -> dict:
    """Reads, measures, draws and writes; returns the main figures."""
    from . import pages
    from .figures import figures
    from .goals import goals
    from ..bootstrap import DRAWS, SEED
    from .routing import drug_names, routing
    from .similarity import Similarity, strangers
    from .svg import bars, reliability

    # Everything is read before anything slow is begun.
    questions = read_questions(dentalqa)
    read = [read_variant(wanted, questions) for wanted in variants]
    foreign = read_scope(scope, dentalqa / "safety" / "built" / "out_of_scope.jsonl") if scope else None
    medical = read_pubmedqa(pubmedqa) if pubmedqa else None
    similarity, drugs = Similarity(encoder), drug_names(dentalqa / "drugs.jsonl")
    lines = figures(read, questions, similarity, drugs, confidence, times)
    routed = routing(read[0], questions, checkpoint, dentalqa / "drugs.jsonl")
    answered = [name for name in sorted(read[0].records) if read[0].outcomes[name]["answered"]]
    strange = strangers(questions, answered, SEED)
    similarity.add(list(strange.values()))
    floor = [similarity.score(" ".join(read[0].records[name]["answer"].split()), text)[2] for name, text in strange.items()]
    pictures = out.parent / "report"
    pictures.mkdir(parents=True, exist_ok=True)
    (pictures / "routing.svg").write_text(bars("Prompt tokens on EMamba", "share of tokens on EMamba, % (the rest goes to ET5)", routed.groups), encoding="utf-8")
    if c := lines[0].calibration:
        (pictures / "reliability.svg").write_text(reliability("Confidence and what is right", "mean confidence of the bin", "share of answers that are right", c.points), encoding="utf-8")
    text = [
        "# Report on the answers", "",
        f"Made by `python -m mambaformer_training report` (seed {SEED}; the commands stand at the end) from {len(read)} variants of the assistant on the test split of DentalQA. Brackets are 95 % intervals of {DRAWS:,} bootstrap draws over clusters of "
        "paraphrases (500 for ECE and AUROC); every figure stands with its n. No clinician has reviewed questions or answers, and key facts are looked for letter by letter in accepted wordings. Results are written as they are.", "",
        *pages.short(lines, routed), "", "## Goals", "", goals(lines, foreign, medical), "",
        "## Variants", "", *pages.variants(lines, COMMANDS), "",
        f"- *Right passage first*: the first passage cited is the first that the authored answer is made of. *Content words*: what `evaluate.py` calls so; a cited source is the whole text and title of a cited passage. *Citation precision*: of the passages an answer cites, those that the authored answer is made of; *recall*: the other way round. Declined questions count in the first table only.",
        f"- *BERTScore*: token vectors of `{similarity.name}` (last layer), matched greedily by cosine, neither weighted nor rescaled, cut at 256 pieces. What has nothing in common scores, too: an answer of `{read[0].name}` against the reference of a question from another cluster has F1 {sum(floor) / max(1, len(floor)):.3f} (n = {len(floor)}).",
        "- *Times* are those in the records: native, on two shared cores, with other work of changing weight beside. So p50 and p95 of whole runs compare with nothing; the column before them comes from short runs of all variants in turns (the quickest of a question's rounds, added up). `prior` does the same work as `gate`, so how far it is from 1 is noise that the interval does not hold.", "",
        "## Abstention", "",
        *([f"Out of scope: {foreign.declined.percent()} % of {foreign.declined.n} test questions were declined. Answered: {', '.join(f'{name} ({kind})' for kind, name in foreign.answered) or 'none'}.", ""] if foreign else ["Out of scope: no records were given (`--scope`).", ""]),
        f"In scope, wrongly declined: {lines[0].shares['declined'].percent()} % of {lines[0].n}.", "",
        "## Calibration", "", *pages.calibration(lines[0]), "", *(["![Reliability of the confidence](report/reliability.svg)", ""] if lines[0].calibration else []),
        "## What the gate learnt", "", *pages.routing(routed), "", "![Share of prompt tokens on EMamba](report/routing.svg)", "",
        "## PubMedQA, 500 official test questions", "", *(pubmedqa_lines(medical) if medical else ["No figures were given (`--pubmedqa`)."]), "",
        "## Ten answers at random", "", f"Of `{read[0].name}`, drawn with seed {SEED}.", "", *pages.random_ones(read[0], questions, 10, SEED), "",
        "## The ten worst", "", f"Of the answered questions of `{read[0].name}`, one a cluster: first five that tell a forbidden fact (of {sum(row['forbidden'] > 0 for row in read[0].outcomes.values())}), then those that miss most key facts.", "",
        *pages.worst_ones(read[0], questions, 10), "",
        "## How it was made", "", "```",
        *(f"cargo xtask eval answers --split test --output {v.name}.jsonl --dump {v.name}.dump.jsonl{_options(v.name)}{_every(len(v.records), questions)}   # {len(v.records)} questions, SHA-256 of both files {v.sha256[:12]}" for v in read),
        *([f"cargo xtask eval answers --split test --every 56 --dump ROUND.jsonl …   # {len(times)} dumps: each variant once a round, in turns"] if times else []),
        *(["cargo xtask eval --input OUT_OF_SCOPE --output scope.jsonl   # id and question of the test rows of data/safety/built/out_of_scope.jsonl"] if foreign else []),
        *(["python -m mambaformer_training pubmedqa --items pubmedqa_items.jsonl", "cargo xtask eval --input pubmedqa_items.jsonl --output pubmedqa.jsonl", "python -m mambaformer_training pubmedqa --records pubmedqa.jsonl --out pubmedqa.json"] if medical else []),
        "python -m mambaformer_training report " + " ".join(f"{v.name}={v.name}.jsonl:{v.name}.dump.jsonl" for v in read) + (" --times NAME=ROUND.jsonl …" if times else "") + (" --scope scope.jsonl" if foreign else "") + (" --pubmedqa pubmedqa.json" if medical else ""), "```"]
    out.write_text("\n".join(text) + "\n", encoding="utf-8")
    return {"variants": len(read), "lines": sum(part.count("\n") + 1 for part in text), "path": str(out)}


def named_file(text: str) -> tuple[str, Path]:
    """`NAME=FILE`."""
    name, _, file = text.partition("=")
    if not (name and file):
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME=FILE, such as gate=round-1.jsonl")
    return name, Path(file)


def _options(name: str) -> str:
    option = COMMANDS.get(name, "").split("`")
    return " " + option[1] if len(option) > 1 else ""


def _every(answers: int, questions: dict[str, dict]) -> str:
    """The option by which a run took a part of the test questions."""
    every = round(sum(row["split"].startswith("test") for row in questions.values()) / answers)
    return f" --every {every}" if every > 1 else ""


def add(commands, root: Path, data: Path) -> None:
    """Adds the sub-commands; `root` is training/, `data` the folder of the public data sets."""
    encoder, checkpoint = root / "checkpoints" / "retriever-3", root / "checkpoints" / "chairside-2"

    def report(args) -> None:
        one = [name for name in {wanted.name for wanted in args.variants} if sum(other.name == name for other in args.variants) > 1]
        if one:
            raise DataError(f"two variants are called `{one[0]}`; give each a name of its own")
        print(json.dumps(make(args.variants, args.dentalqa, args.encoder, args.checkpoint, args.confidence, args.scope, args.pubmedqa, args.times, args.out)))

    def medical(args) -> None:
        from .. import pubmedqa

        if bool(args.items) == bool(args.records):
            raise DataError("give --items FILE to write the questions, or --records FILE and --out FILE to measure the answers")
        if args.records and not args.out:
            raise DataError("--records needs --out FILE for the figures")
        print(json.dumps(pubmedqa.write_items(args.data, args.items) if args.items else pubmedqa.pubmedqa(args.data, args.records, args.checkpoint, args.encoder, args.out), indent=1))

    text = "write docs/REPORT.md and its plots from what the evaluation commands wrote"
    sub = commands.add_parser("report", help=text, description=text)
    sub.set_defaults(function=report)
    sub.add_argument("variants", type=spec, nargs="+", metavar="NAME=RECORDS:DUMP", help="what `cargo xtask eval answers --output RECORDS --dump DUMP` wrote; the first is what ships, and is routed by the gate")
    sub.add_argument("--scope", type=Path, help="records of the test questions out of scope")
    sub.add_argument("--pubmedqa", type=Path, help="what `pubmedqa` wrote")
    sub.add_argument("--times", type=named_file, action="append", default=[], metavar="NAME=DUMP", help="a dump of a short run of a variant, taken in turns with the others; once a round")
    sub.add_argument("--dentalqa", type=Path, default=root.parent / "data", help="folder of the authored and built data")
    sub.add_argument("--encoder", type=Path, default=encoder, help="sentence encoder for BERTScore")
    sub.add_argument("--checkpoint", type=Path, default=checkpoint, help="original of the model that ships: its gate and tokenizer")
    sub.add_argument("--confidence", type=Path, default=root.parent / "assets" / "confidence.json")
    sub.add_argument("--out", type=Path, default=root.parent / "docs" / "REPORT.md", help="its plots go to the folder `report` beside it")

    text = "PubMedQA's official test questions: the assistant, the decision head, and a classifier that is no part of the product"
    sub = commands.add_parser("pubmedqa", help=text, description=text)
    sub.set_defaults(function=medical)
    sub.add_argument("--data", type=Path, default=data)
    sub.add_argument("--items", type=Path, help="write the test questions for `cargo xtask eval --input` and end")
    sub.add_argument("--records", type=Path, help="what `cargo xtask eval --input ITEMS --output RECORDS` wrote")
    sub.add_argument("--out", type=Path, help="where the figures go (JSON)")
    sub.add_argument("--encoder", type=Path, default=encoder)
    sub.add_argument("--checkpoint", type=Path, default=checkpoint)
