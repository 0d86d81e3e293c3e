"""What is searched, and which of it each question of DentalQA is answered from.

The unit is a *line*: a sentence of a passage, or a line of a record, read together with its title. A passage is as near to a question
as its nearest line.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..dentalqa import NOTE_SOURCE, SPLITS, Corpus, held_out, practice_rows, read_folder, sentences_of
from ..retrieval import Bm25
from ..text import collapse, sentence_places


@dataclass
class Entries:
    """All entries in the order of their ids, and their lines."""

    ids: list[str]
    titles: list[str]
    texts: list[str]
    lines: list[str] = field(default_factory=list)          # [lines]
    spans: list[tuple[int, int]] = field(default_factory=list)  # [lines] characters in the entry's text
    owner: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # [lines] index of the entry

    def line_text(self, line: int) -> str:
        """What the encoder reads for a line."""
        return f"{self.titles[self.owner[line]]}. {self.lines[line]}"

    def held_out(self) -> np.ndarray:
        """[lines] whether the line belongs to a passage that is kept out of training."""
        return np.array([held_out(self.ids[o]) for o in self.owner])


@dataclass
class Asked:
    """A question and what it is answered from."""

    id: str
    text: str
    split: str
    style: str
    first: int                 # entry of the first sentence's source, -1 if that is the note
    entries: list[int]         # all entries the answer rests on
    lines: list[int]           # lines the answer was copied from
    first_line: int            # the line its first sentence was copied from, or -1
    heldout_passage: bool
    note_id: str = ""
    note: str = ""             # its text

    @property
    def asked(self) -> str:
        """Question and note as the encoder reads them together (clinical/src/retrieval/together.rs)."""
        return f"{self.text} {self.note}" if self.note else self.text


def load(data: Path) -> tuple[Entries, list[Asked], Bm25]:
    """Entries and questions of every split."""
    rows = read_folder(data / "dentalqa", ("id", "question", "answer", "sentences", "cluster", "split", "style")) + practice_rows(data)
    corpus = Corpus(data, rows, SPLITS)
    entries = Entries(corpus.order, [corpus.passages[i]["title"] for i in corpus.order], [corpus.passages[i]["text"] for i in corpus.order])
    owners, at = [], {}
    for e, text in enumerate(entries.texts):
        for sentence, start, end in sentence_places(text):
            at.setdefault(entries.ids[e], []).append((start, end, len(entries.lines)))
            entries.lines.append(sentence)
            entries.spans.append((start, end))
            owners.append(e)
    entries.owner = np.array(owners)
    place = {identifier: i for i, identifier in enumerate(entries.ids)}
    asked = []
    for row in rows:
        sentences = sentences_of(row, corpus)
        if sentences is None:
            continue
        spans = [s for sentence in sentences for s in sentence["spans"] if s["source"] != NOTE_SOURCE]
        line_of = lambda s: next((line for start, end, line in at.get(s["source"], []) if start <= s["start"] < end), -1)
        first = sentences[0]["spans"][0]
        note = first["source"] == NOTE_SOURCE
        asked.append(Asked(row["id"], collapse(row["question"]), row["split"], row["style"], -1 if note else place[first["source"]],
                           sorted({place[s["source"]] for s in spans}), sorted({line_of(s) for s in spans} - {-1}), -1 if note else line_of(first), row["heldout_passage"], row.get("note") or "", corpus.notes.get(row.get("note"), "")))
    return entries, asked, corpus.index
