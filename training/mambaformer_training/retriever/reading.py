"""What the encoder reads when it reads a question together with a passage, and what it says of each line of it.

`[CLS] question note [SEP] title. line line ... [SEP]`: attention runs between the question and the passage, which the vectors of the search, made apart,
cannot have. The mean of the states over a line's pieces is the line, that over the question's is what is asked. Two scores, that the answer begins with a line and that
it uses it, are each a direction of the line and its cosine with what is asked: an encoder that was tuned for the search chooses by the cosine before it was taught to read.
"""

from dataclasses import asdict, dataclass

import torch
from tokenizers import Tokenizer

SCORES = ("first", "used")


@dataclass(frozen=True)
class Limits:
    """The sizes of a reading (model/src/sentence_encoder/config.rs, ReadingConfig)."""

    layers: int = 6        # that read
    max_asked: int = 64    # pieces of the question and what of the note still fits behind it
    max_tokens: int = 256  # pieces of a whole reading, marks included

    def fields(self) -> dict[str, int]:
        """As config.json holds them."""
        return asdict(self)


@dataclass
class Reading:
    """The pieces of one question with one passage, and where its lines stand in them."""

    ids: list[int]
    asked: int                    # pieces of question and note: the places 1 to `asked`
    spans: list[tuple[int, int]]  # [lines]; what did not fit has no span and stands at the end of the passage


class Reader:
    """Lays out readings; pieces of texts are kept, for passages come again and again."""

    def __init__(self, tokenizer: Tokenizer, limits: Limits = Limits()):
        # A mark written out in a text is text.
        tokenizer.encode_special_tokens = True
        self.tokenizer, self.limits, self.known = tokenizer, limits, {}
        self.start, self.end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")

    def pieces(self, text: str) -> list[int]:
        if text not in self.known:
            self.known[text] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return self.known[text]

    def lay(self, question: str, note: str | None, title: str, lines: list[str]) -> Reading:
        """A reading; lines that do not fit whole are left out from the first one on."""
        asked = (self.pieces(question) + (self.pieces(note) if note else []))[: self.limits.max_asked]
        ids = [self.start, *asked, self.end, *self.pieces(f"{title}.")]
        spans = []
        for line in lines:
            own = self.pieces(line)
            if len(ids) + len(own) + 1 > self.limits.max_tokens:
                break
            spans.append((len(ids), len(ids) + len(own)))
            ids += own
        return Reading([*ids, self.end], len(asked), spans)


def _means(hidden: torch.Tensor, rows: list[int], spans: list[tuple[int, int]]) -> torch.Tensor:
    """`[spans, d_model]`: the mean of the states of each span of its row."""
    sums = torch.nn.functional.pad(hidden.float().cumsum(1), (0, 0, 1, 0))
    at, starts, ends = (torch.tensor(values, dtype=torch.long) for values in (rows, [s for s, _ in spans], [e for _, e in spans]))
    return (sums[at, ends] - sums[at, starts]) / (ends - starts).unsqueeze(1)


def line_states(hidden: torch.Tensor, readings: list[Reading]) -> torch.Tensor:
    """`[lines of all readings, d_model]`: the mean of each line's states, from `[readings, tokens, d_model]`."""
    return _means(hidden, [n for n, r in enumerate(readings) for _ in r.spans], [span for r in readings for span in r.spans])


def similarities(hidden: torch.Tensor, lines: torch.Tensor, readings: list[Reading]) -> torch.Tensor:
    """`[lines of all readings]`: the cosine of each line with the mean of the states of what was asked; 0 where nothing was."""
    asked = _means(hidden, list(range(len(readings))), [(1, 1 + max(1, r.asked)) for r in readings])
    of = torch.tensor([n for n, r in enumerate(readings) for _ in r.spans], dtype=torch.long)
    said = torch.tensor([float(r.asked > 0) for r in readings])
    return torch.nn.functional.cosine_similarity(lines, asked[of], dim=1) * said[of]
