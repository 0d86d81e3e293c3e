"""Passages of the shipped knowledge base, cleaned and cut as the training passages were."""

import json
import re
from pathlib import Path

from .data import SECTIONS, fold, read_jsonl
from .errors import DataError
from .text import clean_sentences, collapse, passages, split_sentences

DENTAL = re.compile(
    r"\b(?:tooth|teeth|dent(?:al|in|ures?|istry|ition|atorubral)?|dentinogenesis|gingiv\w*|periodon\w*|gums?|oral|mouth|jaws?|saliva\w*|tongue|cleft|lips?|"
    r"amelo\w*|taste|sj[oö]gren\w*|tmj|temporomandibular|trigeminal|bruxism|halitosis|odonto\w*|hypodontia|anodontia|oligodontia|palate|"
    r"swallowing|dysphagia|throat|burning mouth|candidiasis|thrush|canker|herpes simplex|ectodermal dysplasia|cherubism|osteonecrosis)\b", re.I)
NOT_DENTAL = re.compile(r"charcot.marie.tooth|goltz", re.I)
# Entries of the ontology that serve data keeping, not a reader: questionnaire items, one entry per tooth number, roles.
BOOKKEEPING = re.compile(
    r"^(?:DFS|IDAF)|\banswer$|\brole$|missing tooth \d|tooth \d+\b|^prosthetic (?:left|right)|data ?(?:set|item|table)|datum|\bencounter\b|"
    r"fear of pain question|\b(?:left|right) (?:upper|lower)\b|^dentition missing|secondary dentition|information content|identifier|CDT code|questionnaire", re.I)
# Sentences that speak of the web page they come from, not of the subject.
PAGE_TALK = re.compile(
    r"\bvideos?\b|\bclick\b|\[?Esc\)?\]|\b(?:brackets in|lower right-hand corner)\b|\bwatch (?:an?|the|this)\b|@|\b1-8\d\d-|toll-free|"
    r"\b(?:see|visit|read|check|use) (?:also |the |our |these |this )*(?:following |above |below )?(?:links?|resources?|page|web ?site|section|list|information section)\b|"
    r"\bfor more (?:information|details)\b|\b(?:shown|listed) (?:here|below|above)\b|\bNIH Clinical Trials Research and You\b", re.I)
# Lead passages of these sets serve the questions about a patient's general health.
GENERAL = ("SeniorHealth", "NHLBI", "NIDDK", "CDC")
ORGANISATIONS = {
    "1_CancerGov": "National Cancer Institute (US)", "2_GARD": "Genetic and Rare Diseases Information Center, NIH (US)", "3_GHR": "Genetics Home Reference, NIH (US)",
    "4_MPlus": "MedlinePlus, National Library of Medicine (US)", "5_NIDDK": "National Institute of Diabetes and Digestive and Kidney Diseases (US)",
    "6_NINDS": "National Institute of Neurological Disorders and Stroke (US)", "7_SeniorHealth": "NIHSeniorHealth, National Institute on Aging (US)",
    "8_NHLBI": "National Heart, Lung, and Blood Institute (US)", "9_CDC": "Centers for Disease Control and Prevention (US)",
}
MEDQUAD = "CC BY 4.0 (MedQuAD; Ben Abacha & Demner-Fushman 2019)"


def _source(row: dict) -> dict:
    name = next((v for k, v in ORGANISATIONS.items() if k in row["source"]), row["source"])
    return {"organisation": name, "title": collapse(row["focus"]), "year": 2019, "licence": MEDQUAD, "url": row.get("url", "")}


def knowledge(data: Path) -> list[tuple[int, dict]]:
    """(priority, passage) pairs; dental topics come first. `fold` says on which side of the training split the topic lies."""
    out: list[tuple[int, dict]] = []
    seen: set[str] = set()

    def add(priority: int, identifier: str, title: str, text: str, source: dict, part: str) -> None:
        key = re.sub(r"\W+", " ", text.lower())
        if key in seen or len(text.split()) < 6:
            return
        seen.add(key)
        out.append((priority, {"id": identifier, "title": title, "text": text, "source": source, "fold": part}))

    for row in read_jsonl(data / "medquad.jsonl", ("id", "answer", "focus", "qtype", "source")):
        focus = collapse(row["focus"]).rstrip(" ?")
        dental = (bool(DENTAL.search(focus)) or bool(row.get("dental"))) and not NOT_DENTAL.search(focus)
        general = any(g in row["source"] for g in GENERAL)
        if not dental and not general:
            continue
        sentences = [s for s in clean_sentences(row["answer"]) if not PAGE_TALK.search(s)]
        groups = passages(sentences, 50, 130)
        for i, group in enumerate(groups if dental else groups[:1]):
            title = f"{focus}: {SECTIONS.get(row['qtype'], 'Overview')}"
            add(0 if dental else 2, f"{row['id']}-{i + 1}", title, " ".join(group), _source(row), fold(focus))
    for row in read_jsonl(data / "ohd_definitions.jsonl", ("id", "term", "answer")):
        text = collapse(row["answer"])
        if not text:
            continue
        text = " ".join(split_sentences(text if text[-1] in ".!?" else text + "."))
        term = collapse(row["term"])
        if BOOKKEEPING.search(term):
            continue
        text = text[0].upper() + text[1:]
        source = {"organisation": "Oral Health and Disease Ontology", "title": term, "year": 2023, "licence": "CC BY 4.0", "url": f"http://purl.obolibrary.org/obo/{row['id'].removeprefix('ohd-')}"}
        add(1, row["id"], term, text, source, fold(term))
    return sorted(out, key=lambda p: p[0])


def write_knowledge(data: Path, out: Path, megabytes: float) -> dict:
    """Writes the passages, most dental first, up to the size; returns counts."""
    limit, size, counts = int(megabytes * 1_000_000), 0, {"dental": 0, "definitions": 0, "general": 0, "left_out": 0}
    lines = []
    for priority, passage in knowledge(data):
        passage = {k: v for k, v in passage.items() if k != "fold"}
        line = json.dumps(passage, ensure_ascii=False) + "\n"
        if size + len(line.encode()) > limit:
            counts["left_out"] += 1
            continue
        size += len(line.encode())
        counts[("dental", "definitions", "general")[priority]] += 1
        lines.append(line)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{out} could not be written ({error}); choose another folder") from error
    return {"bytes": size, **counts}
