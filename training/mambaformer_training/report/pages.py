"""The report's text: tables and examples in Markdown."""

import random
from dataclasses import dataclass

from ..text import collapse
from .figures import Figures
from .inputs import Variant, facts
from ..bootstrap import Figure
from .routing import Routed

TABLES = (
    ("Answers", (("recall", "key-fact recall, %"), ("right", "all key facts, nothing forbidden, %"), ("forbidden", "a forbidden fact, %"), ("selection", "right passage first, %"), ("shown", "right passage among the evidence, %"))),
    ("Against the authored reference answer (answered questions)", (("token f1", "token-F1"), ("rouge l", "ROUGE-L"), ("bert precision", "BERTScore precision"), ("bert recall", "recall"), ("bert f1", "F1"))),
    ("Sources (answered questions)", (("strange", "content words in no cited source, %"), ("strange shown", "in no source that was shown, %"), ("cited gold", "citation precision, %"), ("gold cited", "citation recall, %"), ("declined", "declined in scope, %"))),
)
PLAIN = {"token f1", "rouge l", "bert precision", "bert recall", "bert f1"}


@dataclass
class Scope:
    """Questions out of scope: how many were declined."""

    declined: Figure
    answered: list[tuple[str, str]]  # question's class and id


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    line = lambda cells: "| " + " | ".join(cells) + " |"
    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def _cell(name: str, figure: Figure | None) -> str:
    return "–" if figure is None else figure.plain() if name in PLAIN else figure.percent()


def short(lines: list[Figures], routed: Routed) -> list[str]:
    """What the figures come to, each with its n; the reader finds the tables below."""
    first, out = lines[0], []
    recall = first.shares["recall"]
    out.append(f"- `{first.name}` tells {recall.percent()} % of the key facts (n = {recall.n} questions) and {first.strange_words[0]:,} of its {first.strange_words[1]:,} content words stand in no cited source.")
    for f in lines[1:]:
        gain = f.against["recall"]
        verdict = "no measurable difference" if gain.low <= 0 <= gain.high else "more" if gain.low > 0 else "less"
        out.append(f"- `{f.name}` against it: {gain.points()} points of key-fact recall (n = {gain.n}): {verdict}.")
    groups, lengths = {bar.name: bar for _, bars in routed.groups for bar in bars}, routed.groups[0][1]
    if {"numbers", "other words"} <= groups.keys():
        out.append(f"- The gate sends {100 * groups['other words'].share:.0f} % of ordinary words and {100 * groups['numbers'].share:.0f} % of numbers to EMamba (n = {groups['other words'].n:,} and {groups['numbers'].n:,} tokens); "
                   f"the piece alone tells {100 * routed.by_piece:.0f} % of its choices. From the shortest to the longest quarter of prompts the share of EMamba goes from {100 * lengths[0].share:.1f} to {100 * lengths[-1].share:.1f} %.")
    return out


def variants(lines: list[Figures], commands: dict[str, str]) -> list[str]:
    """What was run, and every measure of every variant."""
    out = [table(["variant", "made by `cargo xtask eval answers --split test --output R --dump D` and", "questions", "answered", "sentences an answer"],
                 [[f.name, commands.get(f.name, "–"), str(f.n), str(f.answered), f"{f.sentences:.2f}"] for f in lines]), ""]
    for title, measures in TABLES:
        counted = lambda f: str(next((f.shares[name].n for name, _ in measures if f.shares[name] is not None), 0))
        out += [f"**{title}**", "", table(["variant", "n", *(label for _, label in measures)], [[f.name, counted(f), *(_cell(name, f.shares[name]) for name, _ in measures)] for f in lines]), ""]
    timed = lambda f: f"{f.relative_time.plain(2)} (n = {f.relative_time.n})" if f.relative_time else "–"
    against = lambda f: [str(f.against["recall"].n), f.against["recall"].points(), f.against["right"].points(), timed(f)] if f.against else [str(f.n), "", "", ""]
    rows = [[f.name, *against(f), f"{f.p50_ms:.0f} / {f.p95_ms:.0f}"] for f in lines]
    return out + [f"**Against `{lines[0].name}` on the same questions, and time**", "", table(["variant", "n", "key-fact recall, points", "all key facts, points", "time, taken in turns, by that of the first", "total ms p50 / p95 of the whole run"], rows)]


def calibration(line: Figures) -> list[str]:
    """The shipped assistant's confidence."""
    if line.calibration is None:
        return ["No answer has the features that the confidence is made of."]
    c = line.calibration
    bands = ", ".join(f"{name} {right} of {of} ({100 * right / of:.0f} %)" for name, (right, of) in c.bands.items() if of)
    return [f"Over {c.right.n} answers of `{line.name}`, of which {c.right.percent()} % hold all key facts and nothing forbidden: ECE (ten bins of equal size) {c.ece.plain()}, AUROC {c.auroc.plain()}. "
            f"Right by band: {bands}. The confidence was fitted on validation; this is test. ECE of a resample is biased upwards, so its interval leans to the right of what was found."]


def routing(r: Routed) -> list[str]:
    """What the gate learnt."""
    rows = [[name if i == 0 else "", bar.name, f"{bar.n:,}", f"{100 * (1 - bar.share):.1f}", f"{100 * bar.share:.1f}"] for name, bars in r.groups for i, bar in enumerate(bars)]
    usual = max(r.emamba, r.tokens - r.emamba) / r.tokens
    return [f"n = {r.tokens:,} tokens of {r.prompts:,} prompts ({r.without_prompt} questions were declined before the model read anything). Of all tokens {100 * r.emamba / r.tokens:.1f} % go to EMamba.", "",
            table(["", "", "tokens", "ET5, %", "EMamba, %"], rows), "",
            f"A table that knows nothing but the piece itself (its majority in every other prompt) routes {100 * r.by_piece:.1f} % of the tokens of the remaining prompts as the gate does; \"always the commoner expert\" {100 * usual:.1f} %.", "",
            f"How it was counted: records hold sums by expert only. The prompts were built again and the gate's bf16 original decided; {r.left_out} prompts whose token count is not that of the record are left out "
            f"(the product leaves sentences out of a note that are no facts about the patient). On the rest the records (int8) have {r.recorded:,} tokens on EMamba, the original {r.emamba:,}. "
            "Kinds are told by lists: function words as in `evaluate.py`, drugs by `data/drugs.jsonl` (names that are everyday words, too, count as drugs), a number is a word that begins with a digit."]


def _shares(record: dict) -> str:
    routed = record["routing"]
    return f"{100 * routed['emamba'] / routed['tokens']:.0f} % of {routed['tokens']} prompt tokens on EMamba, the rest on ET5" if routed["tokens"] else "the model read nothing"


def example(number: int, record: dict, question: dict) -> list[str]:
    """One answer, told plainly."""
    found, missed, told = facts(record, question)
    listed = lambda values: "; ".join(f"\"{value}\"" for value in values) or "none"
    titles = list(dict.fromkeys(piece["title"] for piece in record["evidence"]))
    told_line = f" Forbidden and told: {listed(told)}." if told else ""
    note = f", with the fictional note {question['note']}" if question.get("note") else ""
    return [f"{number}. **{collapse(question['question'])}** ({record['id']}{note})", f"    - Answer ({record['state'].replace('_', ' ')}): {collapse(record['answer']) or '–'}", f"    - Sources shown: {'; '.join(titles) or 'none'}. Routing: {_shares(record)}.",
            f"    - Facts found: {listed(found)}. Missed: {listed(missed)}.{told_line}"]


def random_ones(variant: Variant, questions: dict[str, dict], count: int, seed: int) -> list[str]:
    """Answers drawn by a fixed seed."""
    drawn = random.Random(seed).sample(sorted(variant.records), min(count, len(variant.records)))
    return [line for number, name in enumerate(drawn, 1) for line in example(number, variant.records[name], questions[name])]


def worst_ones(variant: Variant, questions: dict[str, dict], count: int) -> list[str]:
    """The worst of those that were answered, one a cluster: half for forbidden facts told, the rest for key facts missed."""
    judged = [(name, *facts(record, questions[name])) for name, record in sorted(variant.records.items()) if variant.outcomes[name]["answered"]]
    chosen: dict[str, str] = {}
    for order, limit in ((sorted((row for row in judged if row[3]), key=lambda row: (-len(row[3]), -len(row[2]), row[0])), count // 2), (sorted(judged, key=lambda row: (-len(row[2]), len(row[1]), row[0])), count)):
        for name, *_ in order:
            if len(chosen) < limit:
                chosen.setdefault(questions[name]["cluster"], name)
    return [line for number, name in enumerate(chosen.values(), 1) for line in example(number, variant.records[name], questions[name])]
