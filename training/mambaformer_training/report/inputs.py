"""What a report is made of: the questions, and the records and judgements of each variant."""

import argparse
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ..data import read_jsonl
from ..errors import DataError

RECORD_FIELDS = ("id", "state", "answer", "sentences", "evidence", "features", "routing", "timings_ms")
OUTCOME_FIELDS = ("id", "cluster", "answered", "right", "key_facts", "forbidden", "sentences", "total_ms", "features")
NOTE = "note"  # the passage of a citation that points into the note


@dataclass
class Spec:
    """A variant as the command line names it."""

    name: str
    records: Path
    dump: Path


@dataclass
class Variant:
    """Answers of one variant, by question."""

    name: str
    records: dict[str, dict]
    outcomes: dict[str, dict]
    sha256: str


def spec(text: str) -> Spec:
    """`NAME=RECORDS:DUMP`."""
    name, _, files = text.partition("=")
    records, _, dump = files.rpartition(":")
    if not (name and records and dump):
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME=RECORDS:DUMP, such as gate=gate.jsonl:gate.dump.jsonl")
    return Spec(name, Path(records), Path(dump))


def read_questions(data: Path) -> dict[str, dict]:
    """The questions of the built set, each with its `note_text`."""
    notes = {row["id"]: row["text"] for file in sorted((data / "notes").glob("*.jsonl")) for row in read_jsonl(file, ("id", "text"))}
    files = sorted((data / "dentalqa").glob("*.jsonl"))
    if not files:
        raise DataError(f"{data / 'dentalqa'} holds no questions; run `cargo xtask data build` or give the folder by --dentalqa")
    rows = {row["id"]: row for file in files for row in read_jsonl(file, ("id", "question", "answer", "sentences", "key_facts", "forbidden", "cluster", "split"))}
    return {name: row | {"note_text": notes.get(row.get("note"))} for name, row in rows.items()}


def read_variant(wanted: Spec, questions: dict[str, dict]) -> Variant:
    """Both files of a variant; DataError where they do not belong together or to the questions."""
    if absent := next((path for path in (wanted.records, wanted.dump) if not path.is_file()), None):
        raise DataError(f"{absent} of the variant `{wanted.name}` does not exist; write it by `cargo xtask eval answers --output RECORDS --dump DUMP`")
    records = {row["id"]: row for row in read_jsonl(wanted.records, RECORD_FIELDS)}
    outcomes = {row["id"]: row for row in read_jsonl(wanted.dump, OUTCOME_FIELDS)}
    if records.keys() != outcomes.keys():
        raise DataError(f"{wanted.records} has {len(records)} answers and {wanted.dump} {len(outcomes)}, or of other questions; "
                        "write both by one run of `cargo xtask eval answers --output RECORDS --dump DUMP`")
    if unknown := sorted(records.keys() - questions.keys()):
        raise DataError(f"{wanted.records} answers {unknown[0]} and {len(unknown) - 1} more that are no questions of the built set; run `cargo xtask data build`, then answer them again")
    digest = hashlib.sha256(wanted.records.read_bytes() + wanted.dump.read_bytes()).hexdigest()
    return Variant(wanted.name, records, outcomes, digest)


def cited(record: dict) -> list[str]:
    """The passages that the answer cites, in order, without the note."""
    return [citation["passage"] for sentence in record["sentences"] for citation in sentence["citations"] if citation["passage"] != NOTE]


def gold(question: dict) -> list[str]:
    """The passages that the authored answer is made of, in order."""
    return [passage for sentence in question["sentences"] for passage in sentence["passages"]]


def holds(text: str, phrase: str) -> bool:
    """Whether a key fact's wording stands in a text: as the product's judge looks for it (clinical/src/text/phrases.rs)."""
    text, phrase = text.lower(), phrase.lower()
    if not phrase:
        return False
    # A word begins there ("non-vital" does not hold "vital"), and a number ends there (5 does not stand in 5.5 or 50).
    begins = r"(?<![^\W_])(?<![0-9][.,])(?<![^\W_]-)"
    ends = r"(?![0-9])(?![.,][0-9])" if phrase[-1].isdigit() else ""
    return re.search(begins + re.escape(phrase) + ends, text) is not None


def facts(record: dict, question: dict) -> tuple[list[str], list[str], list[str]]:
    """Key facts found and missed (in their first wording), and forbidden facts told."""
    found = [fact[0] for fact in question["key_facts"] if any(holds(record["answer"], wording) for wording in fact)]
    missed = [fact[0] for fact in question["key_facts"] if not any(holds(record["answer"], wording) for wording in fact)]
    return found, missed, [told for told in question["forbidden"] if holds(record["answer"], told)]
