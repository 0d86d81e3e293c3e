"""The tokenizer (BPE, cased, digits single, byte fallback) and the prompt form.

Prompt: `<q> question [<n> note] (<p> title <t> text)* </s>`; each segment is tokenised by itself, so that special names
typed by a user stay plain text.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from .errors import DataError
from .text import collapse, split_sentences

# The pieces that structure a prompt; other tokenizers than ours hold them at other places (`marks_of`).
MARKS = ["<q>", "<p>", "<t>", "<n>"]
SPECIALS = ["<pad>", "</s>", "<unk>", *MARKS]
PAD, EOS, UNK, QUESTION, PASSAGE, TEXT, NOTE = range(7)
BYTES = [f"<0x{b:02X}>" for b in range(256)]


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """A BPE tokenizer of exactly `vocab_size` pieces: specials, 256 bytes, characters, merges."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
        pre_tokenizers.Punctuation("isolated"),
        pre_tokenizers.Digits(individual_digits=True),
    ])
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(replacement="▁", prepend_scheme="always")])
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=SPECIALS + BYTES, limit_alphabet=120, min_frequency=2, show_progress=False, max_token_length=16)
    tokenizer.train_from_iterator(texts, trainer)
    # The byte pieces stay in the vocabulary but are no added tokens: the letters "<0x41>" in a note must not become a byte.
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [t for t in state["added_tokens"] if t["id"] < len(SPECIALS)]
    tokenizer = Tokenizer.from_str(json.dumps(state, ensure_ascii=False))
    if tokenizer.get_vocab_size() != vocab_size:
        raise DataError(f"the text yields {tokenizer.get_vocab_size()} pieces, {vocab_size} were asked for; give more text or a smaller vocabulary")
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Reads tokenizer.json; special names inside a text are tokenised as plain text."""
    if not path.is_file():
        raise DataError(f"{path} does not exist; run `python -m mambaformer_training tokenizer` first")
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    # Sizes are the model's to know: a tokenizer saved after training may cut or fill up every text to one length.
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@dataclass(frozen=True)
class Marks:
    """Ids of the marks, and of the piece that ends a prompt and an answer."""

    question: int = QUESTION
    passage: int = PASSAGE
    text: int = TEXT
    note: int = NOTE
    eos: int = EOS


def marks_of(tokenizer: Tokenizer) -> Marks:
    """By name, as the engine finds them."""
    ids = [tokenizer.token_to_id(piece) for piece in (*MARKS, SPECIALS[EOS])]
    if missing := [piece for piece, i in zip((*MARKS, SPECIALS[EOS]), ids) if i is None]:
        raise DataError(f"the tokenizer lacks {', '.join(missing)}, which structure a prompt; add them with `python -m mambaformer_training add-marks`")
    return Marks(*ids)


def add_marks(path: Path, out: Path, rows: int) -> dict[str, int]:
    """Writes the tokenizer with the marks behind its last piece, for a table of `rows` rows; T5's has rows to spare."""
    tokenizer = load_tokenizer(path)
    tokenizer.add_special_tokens([piece for piece in MARKS if tokenizer.token_to_id(piece) is None])
    if (size := tokenizer.get_vocab_size()) > rows:
        raise DataError(f"{path} with the marks has {size} pieces, the model's table {rows} rows; use a checkpoint with a larger table")
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out / "tokenizer.json"))
    return {piece: tokenizer.token_to_id(piece) for piece in MARKS}


def segment(tokenizer: Tokenizer, text: str) -> list[int]:
    """Piece ids of one segment, without specials."""
    text = collapse(text)
    return tokenizer.encode(text, add_special_tokens=False).ids if text else []


NOTE_SOURCE = "note"  # what names the note as a source, where passages have their id


def layout(question: list[int], note: list[int] | None, passages: Iterable[tuple[list[int], list[int]]], max_tokens: int, marks: Marks = Marks()) -> tuple[list[int], tuple[int, int], list[tuple[int, int]]]:
    """Prompt ids, the (start, end) of the note's pieces, and of each kept passage's text. `passages` are (title, text); they are dropped from the end to fit."""
    ids = [marks.question] + question
    noted = (0, 0)
    if note:
        noted = (len(ids) + 1, min(len(ids) + 1 + len(note), max_tokens - 1))
        ids = ids + [marks.note] + note
    ids = ids[: max_tokens - 1]
    spans = []
    for title, body in passages:
        head = [marks.passage] + title + [marks.text]
        if len(ids) + len(head) + len(body) + 1 > max_tokens:
            break
        spans.append((len(ids) + len(head), len(ids) + len(head) + len(body)))
        ids += head + body
    return ids + [marks.eos], noted, spans


def prompt(tokenizer: Tokenizer, question: str, passages: list[dict], max_tokens: int, note: str | None = None) -> tuple[list[int], list[tuple[int, int]]]:
    """Prompt ids, and for each kept passage the (start, end) of its text's pieces."""
    parts = [(segment(tokenizer, p["title"]), segment(tokenizer, p["text"])) for p in passages]
    ids, _, spans = layout(segment(tokenizer, question), segment(tokenizer, note) if note else None, parts, max_tokens, marks_of(tokenizer))
    return ids, spans


def count_pieces(tokenizer: Tokenizer, texts: Iterable[str]) -> np.ndarray:
    """How often each piece occurs in `texts`, [V]; the gate's surprisal comes from this."""
    tokenizer.encode_special_tokens = True
    counts = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
    for encoding in tokenizer.encode_batch([collapse(t) for t in texts], add_special_tokens=False):
        np.add.at(counts, encoding.ids, 1)
    return counts


def piece_counts(folder: Path) -> list[int]:
    """What `build` counted."""
    path = folder / "piece_counts.json"
    if not path.is_file():
        raise DataError(f"{path} does not exist; `python -m mambaformer_training tokenizer` writes it beside the tokenizer")
    return json.loads(path.read_text())


def training_texts(path: Path) -> list[str]:
    """Every distinct question, title and passage text of an items file."""
    texts: dict[str, None] = {}
    if not path.is_file():
        raise DataError(f"{path} does not exist; run `python -m mambaformer_training prepare` first")
    with path.open(encoding="utf-8") as handle:
        for line in handle:
            item = json.loads(line)
            texts[item["question"]] = None
            for p in item["passages"]:
                texts[p["title"]] = None
                texts[p["text"]] = None
    return list(texts)


def build(items: Path, out: Path, vocab_size: int) -> dict:
    """Trains the tokenizer on the training items; writes tokenizer.json and piece_counts.json beside it."""
    texts = training_texts(items)
    tokenizer = train_tokenizer(texts, vocab_size)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    counts = count_pieces(tokenizer, texts)
    (out / "piece_counts.json").write_text(json.dumps(counts.tolist()))
    return {"vocab_size": tokenizer.get_vocab_size(), "pieces": int(counts.sum()), "words": sum(len(t.split()) for t in texts)}


def pointer_targets(source: list[int], labels: list[int], golds: list[tuple[int, int]], stops: set[int]) -> tuple[np.ndarray, np.ndarray]:
    """Where each answer token stands in the spans `golds` of the prompt (its position, -1 where it does not), and its weight in the pointer loss.

    A grounded answer follows its source by itself once a sentence is chosen, so the weight lies on the first token of each
    copied run (1) and of each further sentence in it (0.5); the other tokens keep a little (0.02) so that the pointer moves on.
    """
    positions = np.full(len(labels), -1, dtype=np.int32)
    weights = np.zeros(len(labels), dtype=np.float32)
    bodies, end = [(a, source[a:b]) for a, b in golds], len(labels) - 1  # the last label is </s>
    i = 0
    while i < end:
        # The longest match of at most 8 tokens, of 3 at least: shorter ones are chance.
        widths = range(min(8, end - i), 2, -1)
        found = next(((first, body, p) for width in widths for first, body in bodies for p in range(len(body) - width + 1) if body[p : p + width] == labels[i : i + width]), None)
        if found is None:
            i += 1
            continue
        first, body, start = found
        run = 0
        while i + run < end and start + run < len(body) and body[start + run] == labels[i + run]:
            positions[i + run] = first + start + run
            weights[i + run] = 1.0 if run == 0 else 0.5 if labels[i + run - 1] in stops else 0.02
            run += 1
        i += run
    return positions, weights


@dataclass
class Choices:
    """Which sentences of a prompt an answer may be made of, and which it is made of."""

    positions: np.ndarray   # [C] first position of each sentence of passages and note; the last entry is the place of </s>, which ends an answer
    ends: np.ndarray        # [C] the position behind its last piece
    prior: np.ndarray       # [C] log of what retrieval says of it: LINE_SCALE times its cosine less the best one; 0 for the note's and the end
    steps: np.ndarray       # [S] label index at which a sentence begins, or the answer ends
    targets: np.ndarray     # [S] index into `positions`; each was not taken before, and nothing ends before its first sentence


LINE_SCALE = 12.0  # about what `lines` fits for the cosine alone; in the product words, length and rank count, too (clinical/src/retrieval/lines.rs)


def _sentence_starts(text: str) -> list[int]:
    """Where the sentences of a text begin, in characters."""
    starts, at = [], 0
    for sentence in split_sentences(text):
        at = text.index(sentence, at)
        starts.append(at)
        at += len(sentence)
    return starts


def _pieces_of(offsets: list[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """The pieces that stand for the characters start..end of their text."""
    inside = [i for i, (a, b) in enumerate(offsets) if b > start and a < end]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def encode_items(tokenizer: Tokenizer, path: Path, max_tokens: int, limit: int | None = None, teacher=None) -> list[dict]:
    """Items as ids: source, labels (answer + </s>, empty without an answer), gold span, decision (-1 = none), answerable.

    `gold` names the passage the answer comes from. An item whose `sentences` give their own spans (see `dentalqa`) points at those,
    in several passages and the note; the gold span is then that of the first sentence's source.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist; make the items first (`prepare` or `dentalqa`, see training/README.md)")
    lines, marks = [json.loads(line) for line in path.open(encoding="utf-8")][:limit], marks_of(tokenizer)
    cache: dict[str, tuple[list[int], list[tuple[int, int]]]] = {"": ([], [])}
    wanted: dict[str, None] = {}
    for item in lines:
        for text in [item["question"], item["answer"], item.get("note") or ""] + [x for p in item["passages"] for x in (p["title"], p["text"])] + [s["text"] for s in item.get("sentences") or []]:
            wanted[collapse(text)] = None
    wanted.pop("", None)
    texts = list(wanted)
    for start in range(0, len(texts), 4096):
        part = texts[start : start + 4096]
        for text, encoding in zip(part, tokenizer.encode_batch(part, add_special_tokens=False)):
            cache[text] = (encoding.ids, encoding.offsets)
    out = []
    places_in: dict[str, list[tuple[int, int]]] = {}

    def lines_of(text: str) -> list[tuple[int, int]]:
        """Where its sentences begin and end, in pieces."""
        text = collapse(text)
        if text not in places_in:
            offsets = cache[text][1]
            starts = [next(i for i, (_, end) in enumerate(offsets) if end > start) for start in _sentence_starts(text)]
            places_in[text] = list(zip(starts, starts[1:] + [len(offsets)]))
        return places_in[text]

    stops = {tokenizer.token_to_id(piece) for piece in ".?!"} - {None}
    for item in lines:
        pieces = lambda text: cache[collapse(text)][0]
        note = item.get("note")
        ids, noted, spans = layout(pieces(item["question"]), pieces(note) if note else None, [(pieces(p["title"]), pieces(p["text"])) for p in item["passages"]], max_tokens, marks)
        # Source -> its place in the prompt and the text it was cut from.
        places = {p["id"]: (span, p["text"]) for p, span in zip(item["passages"], spans)}
        if note:
            places[NOTE_SOURCE] = (noted, note)
        needed = {item["gold"]} | {s["source"] for sentence in item.get("sentences") or [] for s in sentence["spans"]} - {None}
        answerable = item["answerable"] if item["gold"] is None or needed <= places.keys() else 0
        span = places[item["gold"]][0] if item["gold"] in places else (0, 0)
        labels, pointer, weight = [], np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        begins: list[tuple[int, int]] = []  # label index and position of each sentence's copied part
        if answerable and item["answer"] and item.get("sentences"):
            for sentence in item["sentences"]:
                copied = []
                for source in sentence["spans"]:
                    (begin, end), text = places[source["source"]]
                    a, b = _pieces_of(cache[collapse(text)][1], source["start"], source["end"])
                    copied.append((min(begin + a, end), min(begin + b, end)))
                part = pieces(sentence["text"])
                at, w = pointer_targets(ids, part + [marks.eos], copied, stops)
                begins += [(len(labels) + int(i), int(at[i])) for i in np.flatnonzero(w[:-1] == 1)[:1]]
                labels, pointer, weight = labels + part, np.append(pointer, at[:-1]), np.append(weight, w[:-1])
            labels, pointer, weight = labels + [marks.eos], np.append(pointer, np.int32(-1)), np.append(weight, np.float32(0))
        elif answerable and item["answer"]:
            labels = pieces(item["answer"]) + [marks.eos]
            pointer, weight = pointer_targets(ids, labels, [span], stops)
        cosines = [(start + a, start + b, cosine) for p, (start, _) in zip(item["passages"], spans) for (a, b), cosine in zip(lines_of(p["text"]), p.get("cosines", []), strict="cosines" in p)]
        best = max((c for *_, c in cosines), default=0.0)
        noted_at = [(noted[0] + a, min(noted[0] + b, noted[1])) for a, b in lines_of(note) if noted[0] + a < noted[1]] if note and cosines else []
        places_of_lines = [(a, b) for a, b, _ in cosines] + noted_at + [(len(ids) - 1, len(ids))]
        positions, ends = [a for a, _ in places_of_lines], [b for _, b in places_of_lines]
        prior = [LINE_SCALE * (c - best) for *_, c in cosines] + [0.0] * (len(noted_at) + 1)
        wanted_at = [(label, positions.index(at)) for label, at in begins if at in positions]
        # A sentence that is put together from clauses, or said twice, is no choice among whole sentences.
        whole = cosines and begins and len(wanted_at) == len(begins) and len({t for _, t in wanted_at}) == len(begins)
        wanted_at = wanted_at + [(len(labels) - 1, len(positions) - 1)] if whole else []
        choices = Choices(np.array(positions, dtype=np.int32), np.array(ends, dtype=np.int32), np.array(prior, dtype=np.float32), np.array([s for s, _ in wanted_at], dtype=np.int32), np.array([t for _, t in wanted_at], dtype=np.int32))
        # A prompt that lost passages to its limit is not taught: the lines would not be those of the vectors.
        rows = teacher.rows(item) if teacher is not None and len(spans) == len(item["passages"]) else None
        out.append({"question": np.array(pieces(item["question"]), dtype=np.int32), "choices": choices, "taught": rows, "pointer": pointer, "pointer_weight": weight, "source": np.array(ids, dtype=np.int32), "labels": np.array(labels, dtype=np.int32), "gold": span, "answerable": answerable,
                    "decision": -1 if item["decision"] is None else item["decision"]})
    return out
